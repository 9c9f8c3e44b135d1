"""Membranes whose currents are noisy: what is added to a current comes with the surroundings."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ecs_model.membrane.model import MembraneModel
from ecs_model.record import joined, quantity, table


def noise_of(name: str) -> str:
    """What the noise in a current is called among the surroundings."""
    return f"{name}_noise"


def noisy(model: MembraneModel, names: Sequence[str]) -> MembraneModel:
    """The model with noise in some of its currents, wherever the surroundings have it.

    Args:
        model: the membrane model.
        names: of parameters that it declares as `noisy`.
    """
    if not names:
        return model

    def with_noise(function: Callable) -> Callable:
        return lambda y, p, env: function(y, _shaken(p, env, names), env)

    return replace(
        model,
        rhs=with_noise(model.rhs),
        fluxes=model.fluxes and with_noise(model.fluxes),
        stoichiometry=model.stoichiometry and with_noise(model.stoichiometry),
    )


def _shaken(p, env, names):
    """The parameters with the noise that the surroundings bring."""
    here = env._asdict()
    moved = {n: getattr(p, n) + here[noise_of(n)] for n in names if noise_of(n) in here}
    return p._replace(**moved) if moved else p


def surroundings_with_noise(record: type, model: MembraneModel, names: Sequence[str]) -> type:
    """Record type of surroundings that bring noise as well.

    Args:
        record: type of the surroundings without.
        model: the membrane model.
        names: of its noisy currents.
    """
    if not names:
        return record
    known: dict[str, Any] = model.Parameters.quantities  # type: ignore[attr-defined]
    lines = {noise_of(n): quantity(0.0, known[n].unit, f"noise in {n}") for n in names}
    return joined(record, table("Noise", lines))
