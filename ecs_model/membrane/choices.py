"""Which options of a model bring a quantity that it does not have without them."""

from itertools import product

from ecs_model.errors import ConfigError
from ecs_model.membrane.model import MembraneModel


def with_quantity(model: MembraneModel, kind: str, name: str) -> str:
    """The fewest options, as TOML, with which a model would have a quantity; empty if none do.

    Args:
        model: as it is chosen.
        kind: "Parameters" or "State".
        name: of the quantity.
    """
    for changes in _by_number(model):
        try:
            made = model.variant(**{**model.chosen, **changes})
        except ConfigError:
            continue  # options that do not go together
        if name in getattr(made, kind).quantities:
            return ", ".join(f"{option} = {_toml(choice)}" for option, choice in changes.items())
    return ""


def _by_number(model):
    """Other choices of options, those of few options first."""
    usual = {name: choices[0] for name, choices in model.options.items()} | {**model.chosen}
    sets = (dict(zip(usual, values, strict=True)) for values in product(*model.options.values()))
    changed = [{k: v for k, v in chosen.items() if v != usual[k]} for chosen in sets]
    return sorted(filter(None, changed), key=len)


def _toml(choice):
    return str(choice).lower() if isinstance(choice, bool) else f'"{choice}"'
