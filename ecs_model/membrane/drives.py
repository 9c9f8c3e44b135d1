"""What reaches a membrane by synapses from other nodes.

Between two solves of the synaptic field a drive is a straight line in time at every node, given by
a value, its slope and the time that the value belongs to. A formula reads it by `received`, so that
the compiled step follows it exactly; where nothing comes, it reads what the model has instead.
"""

from typing import Any

from ecs_model.membrane.model import Surroundings
from ecs_model.record import joined, quantity, table

SINCE = "since"  # when the values are those of the drives


def slope_of(name: str) -> str:
    """What the change in time of a drive is called."""
    return f"{name}_slope"


def received(env: Any, name: str, own: Any) -> Any:
    """What arrives at the synapses of a membrane [Hz].

    Args:
        env: record of the surroundings.
        name: of the drive.
        own: what it is where no synapses bring it [Hz].
    """
    if name not in env._fields:
        return own
    here = env._asdict()
    return here[name] + here[slope_of(name)] * (here["time"] - here[SINCE])


def surroundings_with(names: tuple[str, ...]) -> type:
    """Record type of the surroundings where synapses bring some drives.

    Args:
        names: of the drives.
    """
    if not names:
        return Surroundings
    lines = {SINCE: quantity(0.0, "s", "time that the drives belong to")}
    for name in names:
        lines[name] = quantity(0.0, "Hz", "drive by synapses")
        lines[slope_of(name)] = quantity(0.0, "Hz", "its change in a second")
    return joined(Surroundings, table("Drives", lines))
