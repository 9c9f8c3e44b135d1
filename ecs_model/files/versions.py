"""Which versions of the program understand each other's directories, and which compute the same.

A run or a scan goes on under every version that reads the format in which it was written, whatever
the number of that version is, as long as none between the two changed what is computed.
"""

import re
from typing import Any

from ecs_model import __version__
from ecs_model.errors import ConfigError

RUN, CHECKPOINT, SCAN = 1, 6, 1  # formats of run directories, checkpoints and scans
BEFORE = 3, 4, 5  # formats of checkpoints that are still read; sums of format 3 are those of HDF5
SINCE = {  # names of arrays of the transport -> format that brought them; before, they are zero
    **{f"{space}{name}": 5 for space in ("", "glia_") for name in ("psi_rate", "psi_late")},
    **{f"{space}charge_late": 5 for space in ("", "glia_")},
    "V_g_shift_late": 5,
}
SINCE_BY_START = {"exchange_": 6}  # likewise, where a part of the name begins so

CHANGES = (  # (version, what it computes in another way than the ones before), oldest first
    ("0.2.0", "no step takes a concentration out of the range of its neighbours"),
    ("0.2.0", "steps after abrupt changes, and steps that are long for the mesh, damp"),
    ("0.2.0", "membrane steps end where an event begins or ends"),
    ("0.2.0", "baths act by their mean over a step, and share the nodes where they meet"),
    ("0.2.0", "regions hold what was set in them where alpha jumps"),
    ("0.2.0", "seizures are those of firing neurons, and a level of K+ is a load"),
    ("0.2.0", "fields of mesh files lie at the nodes or cells that the file says"),
    ("0.2.0", "groups of gmsh keep what is listed with a minus sign"),
    ("0.2.0", "rates of membranes are computed in single precision"),
    ("0.2.0", "the potential of electrodiffusion is extrapolated and corrected for the next step"),
    ("0.2.0", "meshes of labels follow cells that are coarser than voxels"),
    ("0.2.0", "exchange that is faster than steps is in balance with membranes"),
)


def first_format(name: str) -> int:
    """The format of checkpoints that brought an array of the transport; 0 if it always was there.

    Args:
        name: of the array in a checkpoint.
    """
    parts = name.split("/")
    begun = [
        number
        for start, number in SINCE_BY_START.items()
        if any(part.startswith(start) for part in parts)
    ]
    return max(SINCE.get(parts[-1], 0), *begun, 0)


def refuse_format(found: Any, known: int, place: Any, what: str) -> None:
    """Raise ConfigError for a format that this version does not read.

    Args:
        found: the number in the file; None for files from before there were numbers.
        known: the number of this version.
        place: the file or directory.
        what: it is, in words.
    """
    number = 1 if found is None else found
    if number != known:
        raise ConfigError(
            f"{place}: {what} of format {number!r}; ecs-model {__version__} reads format {known}: "
            "use the version that wrote it"
        )


def refuse_physics(version: Any, place: Any, force: bool = False) -> None:
    """Raise ConfigError if this version computes in another way than the one that began.

    Args:
        version: of the program that began, as it is noted there.
        place: the file or directory.
        force: go on nevertheless.
    """
    changed = changes_between(str(version), __version__)
    if changed and not force:
        raise ConfigError(
            f"{place}: was computed by ecs-model {version}; since then, {'; '.join(changed)}: "
            f"continue it with {version}, start anew, or mix both with --force"
        )


def changes_between(one: str, other: str) -> list[str]:
    """What changed in what is computed between two versions, in words."""
    low, high = sorted((_numbers(one), _numbers(other)))
    return [what for version, what in CHANGES if low < _numbers(version) <= high]


def differing(found: Any, here: Any, place: str = "") -> list[str]:
    """Dotted names of the settings that differ; those that only one version knows are left out."""
    if isinstance(found, dict) and isinstance(here, dict):
        names = sorted(found.keys() & here.keys())
        return [x for n in names for x in differing(found[n], here[n], f"{place}{n}.")]
    return [] if found == here else [place.rstrip(".") or "settings"]


def _numbers(version):
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("+")[0]))
