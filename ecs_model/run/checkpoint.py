"""The state of a run on disk, in input order: whole or not at all, for any number of processes.

A checkpoint holds the state as the loop left it, not a tidied-up one, so that writing it changes
nothing and a run that continues from it takes the very steps of one that was never stopped. What
the state is, says `living`; `restart` puts it back.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ecs_model import __version__
from ecs_model.errors import ConfigError, plainly
from ecs_model.files import atomic, foreign, versions
from ecs_model.memory import OfBlocks, OfCells, Share
from ecs_model.parallel import on_root, root_does
from ecs_model.run.living import living
from ecs_model.run.requests import Request
from ecs_model.run.soundness import refuse_unsound

KEPT = 2


class Checkpoints:
    """Writes checkpoints of a simulation.

    Args:
        mesh: the mesh, for its order of nodes.
        folder: where they go.
        every: ticks between checkpoints.
        identity: what a checkpoint must share with the run that continues it.
        others: what lives through the run and is no observer of the simulation, by name.
    """

    def __init__(self, mesh, folder, every, identity, others):
        self._mesh, self.every = mesh, every
        self._folder, self._identity, self._others = Path(folder), identity, others
        self._written = -1

    def observe(self, t, simulation):
        """Write one, but not of the start."""
        self.write(simulation)

    def write(self, simulation):
        """Write the state as it is; the two newest checkpoints are kept.

        Raises:
            SolutionError: on all processes, if the state is not finite; nothing is written then.
        """
        if simulation.tick in (0, self._written):
            return
        refuse_unsound(self._mesh.comm, simulation)
        arrays: dict[str, Any] = {}
        manifest = self._heading(simulation)
        for prefix, part in self.living(simulation):
            for name, value in part.state().items():
                self._note(f"{prefix}{name}", value, arrays, manifest)
        root_does(self._mesh.comm, self._store, simulation.tick, manifest, arrays)
        self._written = simulation.tick

    def living(self, simulation):
        """Pairs of a prefix and something that lives through the run; see `living.living`."""
        return living(simulation, self._others)

    def _heading(self, s):
        return self._identity | {
            "format": versions.CHECKPOINT,
            "version": __version__,
            "time": s.time,
            "processes": self._mesh.comm.size,
        }

    def _note(self, key, value, arrays, manifest):
        if isinstance(value, OfCells):
            arrays[key] = self._mesh.gather_cells(value.values)
        elif isinstance(value, OfBlocks):
            arrays[key] = self._mesh.gather(value.of_nodes())
        elif isinstance(value, Share):
            manifest[key] = self._mesh.comm.gather(plain(value.value))
        elif isinstance(value, np.ndarray):
            arrays[key] = self._mesh.gather(value)
        else:
            manifest[key] = plain(value)

    def _store(self, tick, manifest, arrays):
        with atomic.explained(self._folder):
            self._folder.mkdir(exist_ok=True)
        atomic.write_bytes(self._folder / f"ck_{tick:010d}.h5", _image(manifest, arrays))
        for old in sorted(self._folder.glob("ck_*.h5"))[:-KEPT]:
            old.unlink()


def _image(manifest, arrays):
    """The bytes of a checkpoint; made in memory, as HDF5 does not survive a full disk."""
    in_memory = {"driver": "core", "backing_store": False}
    with h5py.File("checkpoint", "w", **in_memory) as file:
        file.attrs["manifest"] = json.dumps(manifest | {"digest": digest(manifest)})
        for name, values in arrays.items():
            file.create_dataset(name, data=values, fletcher32=True, chunks=True)
        file.flush()
        return file.id.get_file_image()


def digest(manifest):
    """A checksum of a manifest; the version of the program may differ."""
    checked = {k: v for k, v in manifest.items() if k not in ("version", "digest")}
    return hashlib.sha256(json.dumps(checked, sort_keys=True).encode()).hexdigest()[:32]


def newest(comm, folder):
    """Path and manifest of the newest checkpoint that is whole, on all processes.

    Raises:
        ConfigError: if there is none.
    """
    return on_root(comm, first_sound, folder, _whole)[:2]


def _whole(path):
    """The manifest of a checkpoint whose arrays can all be read; an error if it is not whole."""
    with h5py.File(path) as file:
        file.visititems(_read)
    return manifest_of(path)


def _read(name, item):
    """Read an array, so that h5py raises OSError if it cannot be; groups are passed over."""
    if hasattr(item, "shape"):
        item[()]


def first_sound(folder, read):
    """Path, what `read` makes of it, and sentences about newer ones that cannot be used.

    Raises:
        ConfigError: if `read` fails for all of them.
    """
    passed: list[str] = []
    for path in sorted(Path(folder).glob("ck_*.h5"), reverse=True):
        try:
            return path, read(path), passed
        except foreign.UNREADABLE as error:
            passed.append(f"{path.name} is broken ({plainly(error)[:80]})")
    found = "; ".join(passed) or "there is none"
    raise ConfigError(f"{folder}: no checkpoint can be used: {found}; start the run again")


def manifest_of(path):
    """The manifest of a checkpoint; one of foreign.UNREADABLE if it is not what was written."""
    with h5py.File(path) as file:
        manifest = json.loads(file.attrs["manifest"])
    if not isinstance(manifest, dict) or not {"tick", "version"} <= manifest.keys():
        raise ValueError("its manifest is not that of a checkpoint")
    if (number := manifest.get("format", 1)) != versions.CHECKPOINT:
        raise ValueError(
            f"it has format {number!r}, ecs-model {__version__} reads {versions.CHECKPOINT}"
        )
    if manifest.get("digest") != digest(manifest):
        raise ValueError("its manifest was changed")
    return manifest


def plain(value):
    """A value in the types that JSON knows."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


class OnRequest:
    """Writes a checkpoint when a process asked for one: after a signal, or some elapsed time."""

    every = 0

    def __init__(self, checkpoints):
        self._checkpoints = checkpoints

    def observe(self, t, simulation):
        """Write one if all agreed to."""
        if simulation.request != Request.GO_ON:
            self._checkpoints.write(simulation)
