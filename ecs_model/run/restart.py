"""Checkpoints read back: which is the newest sound one, whether it fits, and the state it holds.

Nothing of a file is believed: names, kinds and sizes are compared with what this run would write.
"""

import h5py
import numpy as np

from ecs_model import __version__
from ecs_model.errors import ConfigError
from ecs_model.files import versions
from ecs_model.files.digests import digests
from ecs_model.memory import OfBlocks, OfCells, Share, nothing, total
from ecs_model.run import checkpoint_file
from ecs_model.run.checkpoint import Checkpoints, first_sound, has_sums, manifest_of, plain

WORDS = {
    "mesh": "mesh",
    "files": "content of a file",
    "model": "membrane model",
    "values": "value of the membrane model",
    "clock": "time.end or time.step",
    "settings": "tissue, membrane, source or boundary",
}
SAME = 1e-9  # relative difference of values that are the same
ARRAYS = np.ndarray | OfCells | OfBlocks  # what is not in the manifest
MAY_BE_NAN = ("tracker/", "neurons/", "frontresolution/")  # what has not been seen yet


def identity(parts, physics, base):
    """What a checkpoint must share with the run that continues it.

    Args:
        parts: of the run, from `build.build`.
        physics: what was asked for as far as it changes the numbers, nested dictionaries and lists.
        base: folder to which paths in them are relative.
    """
    clock = parts.simulation.clock
    return {
        "mesh": parts.mesh.fingerprint,
        "model": parts.identity,
        "files": digests(physics, base),
        "values": _values(parts.model),
        "clock": [clock.end, clock.ticks],
        "settings": physics,
    }


def _values(model):
    """Name -> value [SI] of the parameters and states that a model declares."""
    declared = model.Parameters()._asdict() | model.State()._asdict()  # which follow from those
    return {name: float(value) for name, value in declared.items()}


def refuse_foreign(path, manifest, expected, force=False, longer=False):
    """Raise ConfigError if a checkpoint is of another mesh, model, clock, or way to compute.

    Args:
        path: of the checkpoint.
        manifest: of it.
        expected: the identity of the run that is to go on.
        force: whether another way to compute does not matter.
        longer: whether the run may end at another time than it was planned to.
    """
    versions.refuse_physics(manifest["version"], path, force)
    end = expected["clock"][0]
    if longer and end < manifest["time"]:
        raise ConfigError(
            f"time.end is {end:.6g} s, but the run is at {manifest['time']:.6g} s already; give a "
            "later one"
        )
    for key, what in WORDS.items():
        if _differs(key, manifest, expected[key], longer):
            raise ConfigError(
                f"{path}: the checkpoint was written with another {what} "
                f"({_shown(key, manifest.get(key), expected[key])}); start a new run"
            )


def _differs(key, manifest, here, longer):
    found = manifest.get(key)
    if key in ("model", "values") and manifest["version"] != __version__:
        return False  # its C text may be written in another way; settings are compared
    if key == "values":
        return bool(_other_values(found, here))
    if key in ("settings", "files"):
        return bool(versions.differing(found, here))
    if key == "clock" and longer:
        return not np.isclose(found[0] / found[1], here[0] / here[1], rtol=1e-9)
    return found != here


def _other_values(found, here):
    """Names of the values that differ, beyond the rounding of a search for rest on machines."""
    if found is None:  # a checkpoint that does not tell them
        return []
    names = [*here, *(found.keys() - here.keys())]
    return [n for n in names if not _same(found.get(n), here.get(n))]


def _same(a, b):
    return None not in (a, b) and np.isclose(a, b, SAME, 0.0, equal_nan=True)


def _shown(key, found, here):
    if key == "values":
        return _changed(_other_values(found, here))
    if key in ("settings", "files"):
        return _changed(versions.differing(found, here))
    return f"{_short(found)}, here: {_short(here)}"


def _changed(names):
    return f"{', '.join(names[:3])} changed"


class Restart:
    """The newest sound checkpoint of a run.

    Args:
        mesh: the mesh.
        checkpoints: the Checkpoints that the run would go on writing.
        simulation: with its observers.
        folder: of the checkpoints.
        fits: function of path and manifest that raises ConfigError for those of another run; see
            `refuse_foreign`.

    Attributes:
        path: of the checkpoint.
        manifest: what it says, on all processes.
        passed: sentences about newer ones that cannot be used.

    Raises:
        ConfigError: on all processes, if none can be used.
    """

    def __init__(self, mesh, checkpoints: Checkpoints, simulation, folder, fits):
        self._mesh, self._fits = mesh, fits
        self._living = list(checkpoints.living(simulation))
        self._arrays: dict[str, np.ndarray] = {}  # slices
        self.path, self.manifest, self.passed = first_sound(
            mesh.comm, folder, self._look, self._read
        )

    def _look(self, path):
        """The manifest at a path, if this run would write such a one."""
        manifest = manifest_of(path)
        self._fits(path, manifest)
        self._check(manifest)
        return manifest

    def _wanted(self):
        """Name -> value as this run has it, of all that a checkpoint holds."""
        return {
            f"{prefix}{name}": value
            for prefix, part in self._living
            for name, value in part.state().items()
        }

    def _check(self, manifest):
        """Raise ValueError for a manifest that this run would not write."""
        processes, tick = manifest["processes"], manifest["tick"]
        for name, value in self._wanted().items():
            if isinstance(value, ARRAYS):
                continue
            shared = isinstance(value, Share)
            like, found = plain(value.value if shared else value), manifest[name]
            parts = found if shared else [found]
            if shared and len(parts) != processes:
                raise ValueError(f"{name} is not of {processes} processes")
            sizes = {len(part) for part in (like, *parts)} if isinstance(like, list) else set()
            if not all(_alike(like, part) for part in parts) or (shared and len(sizes) > 1):
                raise ValueError(f"{name} is {str(found)[:40]}")
        if not 0 < tick <= manifest["clock"][1] or not 0 <= manifest["pending"] < np.inf:
            raise ValueError(f"tick is {tick}")

    def _read(self, path, manifest):
        """Note this process's slices of all arrays."""
        with h5py.File(path) as file:
            self._arrays = {
                name: self._array(file, name, self._slices(value), manifest)
                for name, value in self._wanted().items()
                if isinstance(value, ARRAYS)
            }

    def _slices(self, value):
        """The Slices of an array."""
        return self._mesh.cell_slices if isinstance(value, OfCells) else self._mesh.node_slices

    def _array(self, file, name, slices, manifest):
        if manifest["format"] < versions.first_format(name):
            return np.zeros(slices.high - slices.low)
        found = file[name]
        if found.shape[:1] != (slices.count,) or found.dtype.kind not in "fiu":
            raise ValueError(f"{name} has the shape {found.shape}, not ({slices.count},)")
        values = checkpoint_file.rows(file, name, slices.low, slices.high, has_sums(manifest))
        if not name.startswith(MAY_BE_NAN) and not np.isfinite(values).all():
            raise ValueError(f"{name} is not finite")
        return values

    def restore(self):
        """Put the simulation and all that observes it into the state of the checkpoint."""
        for prefix, part in self._living:
            state = part.state().items()
            part.load({name: self._mine(f"{prefix}{name}", value) for name, value in state})

    def _mine(self, name, value):
        """What this process gets of a value."""
        if isinstance(value, ARRAYS):
            mine = self._slices(value).to_owned(self._arrays[name])
            return value.lowest(mine) if isinstance(value, OfBlocks) else mine
        found = self.manifest[name]
        if isinstance(value, Share):
            mine = self._share(found)
            return np.array(mine, float) if isinstance(value.value, np.ndarray) else mine
        return found

    def _share(self, parts):
        """This process's share; on another number of processes, rank 0 has it all."""
        comm = self._mesh.comm
        if len(parts) == comm.size:
            return parts[comm.rank]
        whole = total(parts)
        return whole if comm.rank == 0 else nothing(whole)


def _alike(like, found):
    """Whether a value from a file is of the kind that belongs there."""
    if isinstance(like, dict):
        same = isinstance(found, dict) and (not like or like.keys() == found.keys())
        return same and all(_alike(like.get(name, 0.0), part) for name, part in found.items())
    if isinstance(like, list):
        return isinstance(found, list) and all(_alike(0.0, part) for part in found)
    if like is None or isinstance(like, str | bool):
        return like is None or type(found) is type(like)
    known = isinstance(found, int | float) and not isinstance(found, bool)
    return found is None or (known and (isinstance(like, float) or isinstance(found, int)))


def _short(value):
    text = str(value)
    return text if len(text) < 40 else text[:12] + "..."
