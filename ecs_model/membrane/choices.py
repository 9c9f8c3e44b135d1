"""Which options of a model bring a quantity that it does not have without them."""

from ecs_model.errors import ConfigError
from ecs_model.membrane.model import MembraneModel


def with_quantity(model: MembraneModel, kind: str, name: str) -> str:
    """The fewest options, as TOML, with which a model would have a quantity; empty if none do.

    Options that a model refuses alone are tried beside others; what consists of options that it
    takes brings nothing new. All sets would take seconds, as each finds a resting state.

    Args:
        model: as it is chosen.
        kind: "Parameters" or "State".
        name: of the quantity.
    """
    others = _others(model)
    tried, taken = {frozenset([one]) for one in others}, []
    while tried:
        made = {changes: _variant(model, dict(changes)) for changes in sorted(tried, key=sorted)}
        for changes, variant in made.items():
            if variant is not None and name in getattr(variant, kind).quantities:
                return ", ".join(f"{k} = {_toml(v)}" for k, v in others if (k, v) in changes)
        taken += [changes for changes, variant in made.items() if variant is not None]
        refused = [changes for changes, variant in made.items() if variant is None]
        more = {one | {other} for one in refused for other in others if other[0] not in dict(one)}
        tried = {changes for changes in more if not _consists(changes, taken)}
    return ""


def _consists(changes, taken):
    """Whether options are those of sets that a model takes."""
    return frozenset().union(*(one for one in taken if one <= changes)) == changes


def _others(model):
    """Pairs of an option and another choice."""
    usual = {name: choices[0] for name, choices in model.options.items()} | {**model.chosen}
    pairs = ((name, choice) for name in usual for choice in model.options[name])
    return [(name, choice) for name, choice in pairs if choice != usual[name]]


def _variant(model, changes):
    """The model with other choices; None if they do not go together."""
    try:
        return model.variant(**{**model.chosen, **changes})
    except ConfigError:
        return None


def _toml(choice):
    return str(choice).lower() if isinstance(choice, bool) else f'"{choice}"'
