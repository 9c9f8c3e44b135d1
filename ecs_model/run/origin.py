"""What a run begins from: its configuration, the folder of its paths, who made it."""

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecs_model.native import MPI

import tomli_w

from ecs_model.config import reader, resolve
from ecs_model.config.run import Config
from ecs_model.config.whereabouts import told_where
from ecs_model.errors import ConfigError
from ecs_model.files import atomic, foreign, schemas, trust
from ecs_model.parallel import kept_on_root
from ecs_model.run import build
from ecs_model.run.building.mesh import is_held_whole, mesh_sample
from ecs_model.run.building.strip import strip

MAY_CHANGE = (  # in a run that goes on
    "time.end",
    "checkpoint.every",
    "checkpoint.wall",
    "solver.balance",
)
NOT_PHYSICS: Any = {
    "title": True,
    "mesh": True,
    "output": True,
    "checkpoint": True,
    "time": {"end", "step"},
    "solver": {"balance"},
}


@dataclass(frozen=True)
class Origin:
    """The configuration of a run, for those who start it; nobody else has to look inside.

    Attributes:
        config: the Config.
        base: folder to which paths in it are relative.
        path: of the file that messages are about.
        overrides: texts such as "tissue.alpha=0.1", which won over the file.
        text: of the file of a new run.
    """

    config: Config
    base: Path
    path: Path | str
    overrides: tuple[str, ...]
    text: str = ""

    def build(self, comm, lap=build.untold):
        """The Parts of the run; ConfigError, with file and line, for whatever cannot be used.

        Args:
            comm: MPI communicator.
            lap: is told the name of each stage when it is done.
        """
        with told_where(self.path, self.overrides):
            return build.build(self.config, comm, self.base, lap=lap)

    @property
    def holds_mesh_whole(self):
        """Whether rank 0 holds all of the mesh, or of what is refined, also in the next run."""
        return is_held_whole(self.config.mesh, self.base)

    def build_strip(self, cell):
        """The Parts of a strip of the same tissue with cells of size `cell` [m], on one process."""
        return build.build(strip(self.config, self.base, cell), MPI.COMM_SELF, self.base)

    def mesh_sample(self):
        """Cells of the mesh of the run, all or enough to tell the lengths of its edges."""
        return mesh_sample(self.config.mesh, self.base)

    @property
    def petsc(self):
        """PETSc options by name."""
        return self.config.solver.petsc

    @property
    def physics(self):
        """What was asked for as far as it changes the numbers, nested dictionaries and lists."""
        return self.config.model_dump(mode="json", exclude=NOT_PHYSICS)

    @property
    def facts(self):
        """What run.json says of where the run was made."""
        return {
            "base": str(self.base),
            "made": trust.mark(_code(self.config), str(self.base)),
        }

    def write_new(self, folder, facts):
        """Leave in the RunDir of a new run what was asked for, and the facts of run.json."""
        atomic.write_json(folder.run_json, facts)
        atomic.write_text(folder.config, self.text)
        self.write_resolved(folder)

    def write_resolved(self, folder):
        """Leave in a RunDir the configuration with every default written out."""
        atomic.write_text(folder.resolved, resolved_text(self.config))


def _code(config):
    """The files of the user's own code that a run executes."""
    membrane = config.membrane
    return [membrane.file, *membrane.add] if membrane.add else membrane.file


def resolved_text(config):
    """The configuration as TOML with every default written out."""
    return tomli_w.dumps(config.model_dump(exclude_none=True))


def read_new(path, overrides=(), base=None):
    """The Origin of a new run, checked as far as no mesh is needed.

    Args:
        path: of its file.
        overrides: texts such as "tissue.alpha=0.1".
        base: folder to which paths in it are relative; its own by default.

    Raises:
        ConfigError: if it cannot be used.
    """
    base = Path(path).parent if base is None else Path(base)
    text = reader.read_text(path)
    config = resolve.with_intervals(reader.parse_config(text, str(path), overrides))
    with told_where(path, overrides):
        resolve.check(config, resolve.model_of(config, base))
    return Origin(config, base.resolve(), path, tuple(overrides), text)


def read_begun(folder, overrides, trusted):
    """The Origin of a run that was begun.

    Args:
        folder: its RunDir.
        overrides: texts such as "time.end=20 s".
        trusted: whether its code may be run, whoever made it.

    Raises:
        ConfigError: if it cannot be continued so.
    """
    for override in overrides:
        if (key := override.partition("=")[0].strip()) not in MAY_CHANGE:
            raise ConfigError(
                f"--set {key}: a run that goes on may change {', '.join(MAY_CHANGE)}; "
                "for anything else start a new run"
            )
    config = reader.read_config(folder.resolved, overrides)
    base = folder.facts().get("base")
    if base is None:
        raise ConfigError(f"{folder.run_json}: missing or broken; the run cannot be continued")
    made = folder.facts().get("made")
    trust.ask(made, folder.path, trusted, _code(config), base)
    with told_where(folder.resolved, overrides):
        resolve.check(config, resolve.model_of(config, base))
    return Origin(config, Path(base), folder.resolved, tuple(overrides))


@contextlib.contextmanager
def claimed(comm, folder):
    """Keep other runs out of a RunDir; ConfigError if one is at work there."""
    log = kept_on_root(comm, folder.claim)
    try:
        yield
    finally:
        if log is not None:
            log.close()


def is_finished(folder, simulation):
    """Whether a run came to its end and left its summary."""
    at_end = simulation.tick == simulation.clock.ticks
    told = at_end and folder.facts().get("ended") == "finished"
    return told and foreign.read_json(folder.summary, schemas.SummaryFacts) is not None
