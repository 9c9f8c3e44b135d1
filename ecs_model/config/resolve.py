"""What a configuration means before there is a mesh: its model, its names, its intervals.

Needs neither MPI nor DOLFINx, so that whoever only checks a configuration starts quickly.
"""

from ecs_model.config.noise import current_of
from ecs_model.config.parameters import refuse_optional, settled
from ecs_model.config.species import passive_species, refuse_stateless
from ecs_model.errors import ConfigError
from ecs_model.membrane.activity import field_names
from ecs_model.membrane.kernel import depends_on
from ecs_model.membrane.model import compartments, with_passive
from ecs_model.membrane.user_models import membrane_of

SERIES_PER_FIELD = 8
FIELDS_PER_RUN = 20
MOST = {"output.every": 1_000_000, "output.series": 100_000_000, "time.step": 1_000_000_000_000}
MOST_POINTS = 1_000_000  # of all lines


def with_intervals(config):
    """The configuration with the intervals of output that follow from the others."""
    every = config.output.every or config.time.end / FIELDS_PER_RUN
    series = config.output.series or every / SERIES_PER_FIELD
    output = config.output.model_copy(update={"every": every, "series": series})
    return config.model_copy(update={"output": output})


def asked_interval(output):
    """Key and interval [s] of the setting that says how often series.csv has a row.

    Args:
        output: of a configuration with its intervals.
    """
    follows = output.series == output.every / SERIES_PER_FIELD
    return ("output.every", output.every) if follows else ("output.series", output.series)


def origin_of_steps(config):
    """What the length of steps follows from, in words.

    Args:
        config: a Config, see `with_intervals`.
    """
    output, wished = config.output, f"{config.time.step:.6g} s"
    key, every = asked_interval(output)
    usual = "" if key == "output.series" else f", by default 1/{SERIES_PER_FIELD} of output.every"
    if usual and every == config.time.end / FIELDS_PER_RUN:
        usual = f", by default 1/{FIELDS_PER_RUN * SERIES_PER_FIELD} of time.end"
    parts = "by halves " if config.time.adaptive else ""
    return (
        f"output.series, {output.series:.6g} s{usual}, is cut {parts}into steps no longer than "
        f"time.step, {wished}"
    )


def model_of(config, base="."):
    """The membrane model that a configuration means, with the ions that it adds.

    Raises:
        ConfigError: for a model that cannot be used, or does not fit the ions.
    """
    model = membrane_of(config.membrane, base)
    ions = {ion.name: ion.initial for ion in config.tissue.ions}
    for k, (name, initial) in enumerate(ions.items()):
        if initial and f"{name}_o" in model.State._fields:
            raise ConfigError(
                f"tissue.ions[{k}].initial: has no effect, as the model '{model.name}' follows "
                f"{name}; set membrane.initial.{name}_o instead"
            )
    if config.tissue.syncytium is not None:
        _refuse_without_glia(model)
    if config.tissue.transport == "electrodiffusion":
        _refuse_charge(model, ions)
    return with_passive(model, ions, passive_species(config, model))


def _refuse_without_glia(model):
    """Raise ConfigError for models whose glia, if any, gap junctions cannot join."""
    if model.syncytium is None:
        chosen = "".join(f", {name} = {value}" for name, value in model.chosen.items()).lower()
        raise ConfigError(
            f"tissue.syncytium: the model '{model.name}'{chosen} follows no ions in glia; "
            "kager_mori with glia does"
        )


def _refuse_charge(model, ions):
    """Raise ConfigError for membranes that bring charge, or ions that do not move."""
    place = "tissue.transport: electrodiffusion"
    at = compartments(model.State)
    still = [name for name in model.State._fields if at.get(name) == "_o" and name[:-2] not in ions]
    if still:
        raise ConfigError(f"{place} needs {', '.join(n[:-2] for n in still)} in tissue.ions too")
    if model.name != "none" and (model.outflow is None or not model.electroneutral):
        raise ConfigError(f"{place} needs membranes that bring no charge; {model.name} does")


def check(config, model):
    """What shows without a mesh: names, settings that the model makes void, sizes.

    Args:
        config: a Config, see `with_intervals`.
        model: that it means.

    Raises:
        ConfigError: for the first that cannot be.
    """
    _check_names(config, model)
    _check_effects(config, model)
    _check_sizes(config)


def _check_effects(config, model):
    """Raise ConfigError for settings of the tissue that do nothing in this model."""
    tissue, fields = config.tissue, type(config.tissue).model_fields
    idle = {}
    if model.volumes is None:
        idle["tortuosity_exponent"] = "whose cells do not swell"
    if not model.scaled and tissue.packing == "fixed":
        idle["packing"] = "which has neither volumes nor areas of cells"
    if not (depends_on(model, "temperature") or _moves_charge(tissue)):
        idle["temperature"] = "which does not depend on it"
    for name, why in idle.items():
        if getattr(tissue, name) != fields[name].default:
            raise ConfigError(
                f"tissue.{name}: has no effect in the model '{model.name}', {why}; leave it out"
            )


def _moves_charge(tissue):
    return tissue.transport == "electrodiffusion" or tissue.syncytium is not None


def _check_sizes(config):
    """Raise ConfigError for more times or points than could be written or held."""
    intervals = {
        "output.every": config.output.every,
        "output.series": config.output.series,
        "time.step": config.time.step,
    }
    for name, interval in intervals.items():
        if config.time.end / interval > MOST[name]:
            raise ConfigError(
                f"{name}: {interval:g} s is {config.time.end / interval:.2g} times in a run of "
                f"{config.time.end:g} s; at most {MOST[name]:.0e} are possible, make it longer"
            )
    if (points := sum(line.points for line in config.line)) > MOST_POINTS:
        raise ConfigError(f"line: {points} points in all; at most {MOST_POINTS} are possible")


def _check_names(config, model):
    """Raise ConfigError for parameters, states or fields that the model does not have."""
    for settings, table, place in _tables(config, model):
        refuse_optional(settings, model, "State" if table is model.State else "Parameters", place)
        settled(settings, table, place)
        if table is model.State and model.volumes is not None and "alpha" in settings:
            raise ConfigError(f"{place}: alpha at the start is that of the tissue: tissue.alpha")
    for entry in config.noise:
        current_of(entry, model)
    refuse_stateless(config, model)
    _check_fields(config, model)
    _check_regions(config)


def _check_fields(config, model):
    """Raise ConfigError for a field of the output that is none."""
    known = [*model.State._fields, *model.observables]
    known += ["Phi_e"] if config.tissue.transport == "electrodiffusion" else []
    settings = config.tissue.syncytium
    known += ["V_g_shift"] if settings is not None and settings.cable else []
    known += field_names(model)
    for name in config.output.fields or []:
        if named_field(name, config) not in known:
            raise ConfigError(
                f"output.fields: the model '{model.name}' has no '{name}'; it has "
                f"{', '.join(known)}"
            )


def named_field(name, config):
    """The field that a name of output.fields means: that of an ion is its concentration outside."""
    return f"{name}_o" if name in {ion.name for ion in config.tissue.ions} else name


def _check_regions(config):
    """Raise ConfigError for a source, vessels, an event or noise in a region that is not there."""
    names = [r.name for r in config.tissue.regions]
    kinds = ("source", "vessels", "event", "noise")
    acting = [(kind, entry) for kind in kinds for entry in getattr(config, kind)]
    for kind, it in acting:
        if it.region is not None and it.region not in names:
            raise ConfigError(
                f"{kind} '{it.name}': no tissue.regions entry is named '{it.region}'; "
                f"there are {', '.join(names) or 'none'}"
            )


def _tables(config, model):
    yield config.membrane.parameters, model.Parameters, "membrane.parameters"
    yield config.membrane.initial, model.State, "membrane.initial"
    for region in config.tissue.regions:
        place = f"tissue.regions '{region.name}'"
        yield region.parameters, model.Parameters, f"{place}: parameters"
        yield region.initial, model.State, f"{place}: initial"
    for event in config.event:
        yield event.parameters, model.Parameters, f"event '{event.name}': parameters"
