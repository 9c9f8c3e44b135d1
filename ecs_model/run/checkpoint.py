"""The state of a run on disk, in input order: whole or not at all, for any number of processes.

A checkpoint holds the state as the loop left it, not a tidied-up one, so that writing it changes
nothing and a run that continues from it takes the very steps of one that was never stopped. What
the state is, says `living`; `restart` puts it back.
"""

import hashlib
import json
from pathlib import Path

import h5py
import numpy as np

from ecs_model import __version__
from ecs_model.errors import ConfigError, plainly
from ecs_model.files import atomic, foreign, versions
from ecs_model.memory import OfBlocks, OfCells, Share
from ecs_model.parallel import Team, on_root, root_does
from ecs_model.run import checkpoint_file
from ecs_model.run.checkpoint_file import Stored
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
        arrays: dict[str, Stored] = {}
        manifest = self._heading(simulation)
        for prefix, part in self.living(simulation):
            for name, value in part.state().items():
                self._note(f"{prefix}{name}", value, arrays, manifest)
        self._store(simulation.tick, manifest, arrays)
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
        mesh = self._mesh
        if isinstance(value, OfCells):
            arrays[key] = Stored(
                mesh.cell_slices, value.values.view, value.values.dtype, is_sparse=value.is_sparse
            )
        elif isinstance(value, OfBlocks):
            arrays[key] = Stored(mesh.node_slices, value.of_nodes, value.values.dtype)
        elif isinstance(value, Share):
            manifest[key] = mesh.comm.gather(plain(value.value))
        elif isinstance(value, np.ndarray):
            arrays[key] = _stored(mesh.node_slices, value)
        else:
            manifest[key] = plain(value)

    def _store(self, tick, manifest, arrays):
        comm = self._mesh.comm
        root_does(comm, self._make_folder)
        whole = manifest | {"digest": digest(manifest)} if comm.rank == 0 else None
        checkpoint_file.write(comm, self._folder / f"ck_{tick:010d}.h5", whole, arrays)
        root_does(comm, self._forget_old)

    def _make_folder(self):
        with atomic.explained(self._folder):
            self._folder.mkdir(exist_ok=True)
            for left in self._folder.glob(".ck_*.tmp"):  # by a run that was killed
                left.unlink()

    def _forget_old(self):
        for old in sorted(self._folder.glob("ck_*.h5"))[:-KEPT]:
            old.unlink()


def _stored(slices, values):
    return Stored(slices, values.view, values.dtype, values.shape[1:])


def digest(manifest):
    """A checksum of a manifest; the version of the program may differ."""
    checked = {k: v for k, v in manifest.items() if k not in ("version", "digest")}
    return hashlib.sha256(json.dumps(checked, sort_keys=True).encode()).hexdigest()[:32]


def newest(comm, folder):
    """Path and manifest of the newest checkpoint that is whole, on all processes; collective.

    Raises:
        ConfigError: if there is none.
    """

    def whole(path, manifest):
        checkpoint_file.read_all(comm, path, has_sums(manifest))

    return first_sound(comm, folder, manifest_of, whole)[:2]


def first_sound(comm, folder, look, read):
    """Path and manifest of the newest checkpoint that can be used, and why newer ones cannot.

    All processes get them, the latter as sentences.

    Args:
        comm: MPI communicator.
        folder: of the checkpoints.
        look: gives the manifest at a path; called on rank 0.
        read: reads this process's share, given a path and a manifest; called on all. Both raise one
            of foreign.UNREADABLE for what is broken.

    Raises:
        ConfigError: if none can be used; and what `look` and `read` raise of that kind.
    """
    passed: list[str] = []
    for path in on_root(comm, _newest_first, folder):
        manifest, reason = on_root(comm, _tried, look, path)
        if not reason:
            reason = Team(comm).first(_tried(read, path, manifest)[1])
        if not reason:
            return path, manifest, passed
        passed.append(f"{path.name} is broken ({reason})")
    found = "; ".join(passed) or "there is none"
    raise ConfigError(f"{folder}: no checkpoint can be used: {found}; start the run again")


def _newest_first(folder):
    return sorted(Path(folder).glob("ck_*.h5"), reverse=True)


def _tried(work, *arguments):
    """What some work gives, and why it could not, empty if it could."""
    try:
        return work(*arguments), ""
    except foreign.UNREADABLE as error:
        return None, plainly(error)[:80] or type(error).__name__


def has_sums(manifest):
    """Whether a checkpoint has sums of its own beside its arrays."""
    return manifest["format"] > 3


def manifest_of(path):
    """The manifest of a checkpoint; one of foreign.UNREADABLE if it is not what was written."""
    with h5py.File(path) as file:
        manifest = json.loads(file.attrs["manifest"])
    if not isinstance(manifest, dict) or not {"tick", "version"} <= manifest.keys():
        raise ValueError("its manifest is not that of a checkpoint")
    known = *versions.BEFORE, versions.CHECKPOINT
    if (number := manifest.get("format", 1)) not in known:
        raise ValueError(
            f"it has format {number!r}, ecs-model {__version__} reads {known[0]} to {known[-1]}"
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
