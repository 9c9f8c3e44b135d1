"""Species of the whole tissue, and the states that they are."""

from ecs_model.errors import ConfigError, did_you_mean
from ecs_model.membrane.activity import field_names
from ecs_model.membrane.model import compartments

_IN_A_PART = ("_o", "_i", "_g")  # endings of what is dissolved in a part of the tissue alone


def passive_species(config, model):
    """Name -> concentration at the start [mM] of the species that no membrane knows.

    Args:
        config: a Config.
        model: the membrane model without them.

    Raises:
        ConfigError: for one that the model knows, or whose name is taken.
    """
    listed = enumerate(config.tissue.species)
    given = [(k, species) for k, species in listed if species.initial is not None]
    for k, species in given:
        _refuse_known(f"tissue.species[{k}]", species.name, config, model)
    return {species.name: species.initial for _, species in given}


def _refuse_known(place, name, config, model):
    """Raise ConfigError for a passive species that a model or an ion has the name of."""
    if name in model.State._fields:
        raise ConfigError(
            f"{place}.initial: has no effect, as the model '{model.name}' follows {name}; set "
            f"membrane.initial.{name} instead"
        )
    ions = [ion.name for ion in config.tissue.ions]
    if name in ions or name.endswith(_IN_A_PART):
        raise ConfigError(f"{place}.name: '{name}' is that of an ion; take another name")
    if name in model.observables or name in field_names(model):
        raise ConfigError(
            f"{place}.name: '{name}' is something else in the model '{model.name}'; take another "
            "name"
        )


def refuse_stateless(config, model):
    """Raise ConfigError for a species that is no state which could diffuse in the whole tissue."""
    dissolved = compartments(model.State).items()
    known = [name for name, ending in dissolved if ending not in _IN_A_PART]
    for name in (species.name for species in config.tissue.species):
        if name not in known:
            raise ConfigError(
                f"tissue.species '{name}': the membrane {model.name} has no such state that could "
                "diffuse in the whole tissue, a concentration [mM] there; it has "
                f"{', '.join(known) or 'none'}{did_you_mean(name, known)}; one that only diffuses "
                "needs `initial`"
            )
