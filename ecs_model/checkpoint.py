"""The state of a run on disk, in input order: whole or not at all, for any number of processes.

A checkpoint holds the state as the loop left it, not a tidied-up one, so that writing it changes
nothing and a run that continues from it takes the very steps of one that was never stopped.
"""

import hashlib
import json
from pathlib import Path

import h5py
import numpy as np

from ecs_model import __version__, atomic
from ecs_model.errors import ConfigError
from ecs_model.kernel import BLOCK
from ecs_model.parallel import on_root, root_does

KEPT = 2


class Checkpoints:
    """Writes checkpoints of a simulation.

    Args:
        mesh: the mesh, for its order of nodes and its fingerprint.
        tracker: arrival times and maxima, which are part of the state.
        folder: where they go.
        every: ticks between checkpoints.
        identity: what a checkpoint must share with the run that continues it.
    """

    def __init__(self, mesh, tracker, folder, every, identity):
        self._mesh, self._tracker, self.every = mesh, tracker, every
        self._folder, self._constant = Path(folder), dict(identity)
        self._written = 0

    def add(self, name, value):
        """Put a value into every checkpoint: a constant, or a dict that its owner keeps current."""
        self._constant[name] = value

    def observe(self, t, simulation):
        """Write one, but not of the start."""
        self.write(simulation)

    def write(self, simulation):
        """Write the state as it is; the two newest checkpoints are kept."""
        if self._written == simulation.tick:
            return
        arrays = {k: self._mesh.gather(v) for k, v in self._arrays(simulation).items()}
        manifest = self._manifest(simulation)
        root_does(self._mesh.comm, lambda: self._store(simulation.tick, manifest, arrays))
        self._written = simulation.tick

    def _arrays(self, s):
        state = {f"state/{n}": v for n, v in s.reaction.state._asdict().items()}
        tracked = {f"tracker/{n}": v for n, v in self._tracker.state().items()}
        return state | tracked | {
            "trial": np.repeat(s.reaction.trial, BLOCK)[: s.reaction.nodes],
            "last": s.pace.last, "slope": s.pace.slope,
        } | {f"transport/{n}": v for n, v in s.diffusion.memory.items()}  # fmt: skip

    def _manifest(self, s):
        given = self._mesh.comm.gather((s.reaction.given.tolist(), s.diffusion.ledger.given))
        return self._constant | {
            "tick": s.tick, "ticks": s.clock.ticks, "time": s.time, "owed": s.owed,
            "steps": s.steps, "rejected": s.rejected,
            "iterations": s.diffusion.total_iterations,
            "level": s.pace.level, "known": s.pace.known, "last_step": s.diffusion.last_step,
            "processes": self._mesh.comm.size, "given": given,
        }  # fmt: skip

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
        file.attrs["manifest"] = json.dumps(manifest)
        for name, values in arrays.items():
            file.create_dataset(name, data=values, fletcher32=True, chunks=True)
        file.flush()
        return file.id.get_file_image()


class OnRequest:
    """Writes a checkpoint when a process asked for one: after a signal, or some elapsed time."""

    every = 0

    def __init__(self, checkpoints):
        self._checkpoints = checkpoints

    def observe(self, t, simulation):
        """Write one if all agreed to."""
        if simulation.request:
            self._checkpoints.write(simulation)


def identity(parts):
    """What a checkpoint must share with the run that continues it.

    Args:
        parts: of the run, from `assemble.build`.
    """
    clock = parts.simulation.clock
    rest = parts.config.model_dump_json(exclude={"title", "mesh", "time", "output", "checkpoint"})
    return {
        "version": __version__, "mesh": parts.mesh.fingerprint, "model": parts.identity,
        "clock": [clock.end, clock.ticks], "settings": hashlib.sha256(rest.encode()).hexdigest(),
    }  # fmt: skip


def newest(comm, folder):
    """Path and manifest of the newest whole checkpoint, on all processes.

    Raises:
        ConfigError: if there is none.
    """
    return on_root(comm, lambda: _newest(Path(folder)))


def _newest(folder):
    broken = []
    for path in sorted(folder.glob("ck_*.h5"), reverse=True):
        try:
            with h5py.File(path) as file:
                for name in _names(file):
                    file[name][()]  # checks the sums
                return path, json.loads(file.attrs["manifest"])
        except (OSError, KeyError, ValueError) as error:
            broken.append(f"{path.name} is broken ({str(error).splitlines()[0][:80]})")
    found = "; ".join(broken) or "there is none"
    raise ConfigError(f"{folder}: no checkpoint can be used: {found}; start the run again")


def _names(file):
    names = []
    file.visititems(lambda name, item: names.append(name) if hasattr(item, "shape") else None)
    return names


def refuse_foreign(path, manifest, expected):
    """Raise ConfigError if a checkpoint belongs to another mesh, model, version or clock."""
    words = {
        "version": "version of ecs-model", "mesh": "mesh", "model": "membrane model",
        "clock": "time.end or time.step", "settings": "tissue, membrane, source or boundary",
    }  # fmt: skip
    for key, what in words.items():
        if manifest.get(key) != expected[key]:
            raise ConfigError(
                f"{path}: the checkpoint was written with another {what} "
                f"({_short(manifest.get(key))}, here: {_short(expected[key])}); start a new run"
            )


def _short(value):
    text = str(value)
    return text if len(text) < 40 else text[:12] + "..."


def restore(mesh, path, manifest, simulation, tracker):
    """Put a simulation into the state of a checkpoint."""
    arrays = _read(path) if mesh.comm.rank == 0 else None

    def field(name):
        return mesh.from_root(arrays[name] if arrays else None)

    s = simulation
    for name, column in zip(s.reaction.state._fields, s.reaction.state, strict=True):
        column[:] = field(f"state/{name}")
    s.reaction.trial[:] = np.minimum.reduceat(
        field("trial"), np.arange(0, s.reaction.nodes, BLOCK)
    ) if s.reaction.nodes else 0.0  # fmt: skip
    memory = {name: field(f"transport/{name}") for name in s.diffusion.memory}
    s.diffusion.restore(memory, manifest["last_step"])
    s.pace.last[:], s.pace.slope[:] = field("last"), field("slope")
    s.pace.level, s.pace.known = manifest["level"], manifest["known"]
    s.tick, s.owed, s.steps = manifest["tick"], manifest["owed"], manifest["steps"]
    s.rejected = manifest["rejected"]
    s.diffusion.total_iterations = manifest["iterations"]
    tracker.restore(s.time, **{name: field(f"tracker/{name}") for name in tracker.state()})
    s.reaction.given, s.diffusion.ledger.given = _given(mesh.comm, manifest)


def _read(path):
    with h5py.File(path) as file:
        return {name: file[name][()] for name in _names(file)}


def _given(comm, manifest):
    """What this process's share of the balance was; on another number, rank 0 has it all."""
    parts = manifest["given"]
    if len(parts) == comm.size:
        membranes, terms = parts[comm.rank]
        return np.array(membranes), dict(terms)
    share = 1.0 if comm.rank == 0 else 0.0
    terms = {name: share * sum(p[1][name] for p in parts) for name in parts[0][1]}
    return share * np.sum([p[0] for p in parts], axis=0), terms
