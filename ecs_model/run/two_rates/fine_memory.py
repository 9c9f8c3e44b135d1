"""The memory of fine steps, by the names that the C text has for its arrays."""

from typing import Any

import numpy as np

from ecs_model.transport.increment_kernel import lanes
from ecs_model.transport.redistribution import STATE

PLACES = (  # in the order of the C text, after the function that advances membranes
    *("state", "kept", "input", "trial", "kept_trial", "blocks", "first", "column"),
    *("stiffness", "mass", "volume", "ratio", "value", "change", "edge", "rate", "transported"),
    *("tried", "gained", "moved", "border_mass", "border_stiffness", "packed", "right"),
    *("residual", "inverse", "direction", "image", "found", "last", "slope", "reacted"),
    *("course", "times", "fixed", "excuse", "suspects", "spread", "gain", "is_listed"),
    *("sticking", "queue", "counts", "stiffness_rest", "mass_rest", "volume_rest"),
    *("alpha_rest", "alpha", "alpha_edge", "alpha_rate", "weight", "given", "corrections"),
)
OF_IONS = ("change", "edge", "rate", "transported", "tried", "gained", "moved", "coarse")
_OF_NODES = ("volume", "border_mass", "border_stiffness", "last", "slope", "reacted", "gain")
_OF_SWELLING = ("volume_rest", "alpha_rest", "alpha_edge", "alpha_rate", "weight")
_SIDE_BY_SIDE = ("right", "residual", "inverse", "direction", "image", "found")
_LISTS = ("suspects", "sticking", "queue")
_OF_EDGES = ("stiffness", "mass", "stiffness_rest", "mass_rest")


def arrays(room: int, entries: int, ions: int) -> dict[str, Any]:
    """Name -> array for so many nodes, entries of their rows, and ions; all zero."""
    shapes: dict[str, Any] = dict.fromkeys(OF_IONS, (ions, room))
    shapes |= dict.fromkeys((*_OF_NODES, *_OF_SWELLING), room)
    shapes |= dict.fromkeys(_SIDE_BY_SIDE, (room, lanes(ions)))
    shapes |= dict.fromkeys(_OF_EDGES, entries)
    shapes |= {"packed": (room, 2 * lanes(ions + 1)), "spread": (room, STATE)}
    lists = dict.fromkeys(_LISTS, room) | {"first": room + 1, "column": entries}
    lists |= {"excuse": 2 * ions * room}
    made = {name: np.zeros(shape) for name, shape in shapes.items()}
    made |= {name: np.zeros(length, np.int32) for name, length in lists.items()}
    return made | {name: np.zeros(room, np.int8) for name in ("fixed", "is_listed")}
