"""The run directory: its file names, and who may write to it.

config.toml, config.resolved.toml     what was asked for; with every default written out
run.json, run.log, summary.json       how it ran, what it said, what came out
series.csv                            probes and integrals over time
lines/<name>.csv                      fields along a line over time
lines/spikes/<name>.csv               when the neurons on it fired
fields.xdmf, fields/                  fields over time (see field_series)
checkpoints/, pictures/               where to continue; what `ecs-model plot` made
nifti/                                what `ecs-model export --nifti` made
open_in_paraview.py                   a ParaView session of this run
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecs_model.errors import ConfigError
from ecs_model.files import atomic, foreign, locks, schemas, versions
from ecs_model.files.versions import refuse_format
from ecs_model.run import field_series

_MARKS = ("run.json", "config.resolved.toml", field_series.INDEX)
_OWN = (
    *_MARKS,
    *("config.toml", "run.log", "series.csv", "summary.json"),
    *("open_in_paraview.py", "fields.vtkhdf", "report.html", "profile.json"),
    *(field_series.FOLDER, "checkpoints", "pictures", "lines", "nifti"),
)


def _inside(*parts: str) -> Any:
    """A property: the path of something in the folder of a run."""

    def path(run):
        return Path(run.path, *parts)

    return property(path)


@dataclass(frozen=True)
class RunDir:
    """The names of everything in the run directory `path`."""

    path: Path

    @classmethod
    def create(cls, path, overwrite=False):
        """A new, empty run directory `path`; with `overwrite` an older run in it is deleted.

        Raises:
            ConfigError: if `path` holds a run or other things, or cannot be written to.
        """
        run = cls.check(path, overwrite)
        if run.is_run:
            run.claim().close()
        with atomic.explained(run.path):
            run._delete_own()
        return run

    @classmethod
    def check(cls, path, overwrite=False):
        """The directory `path`, if `create` could use it; a run that is there stays untouched.

        Raises:
            ConfigError: if `path` holds a run or other things, or cannot be written to.
        """
        run = cls(Path(path))
        with atomic.explained(run.path):
            run.path.mkdir(parents=True, exist_ok=True)
            run._refuse_used(overwrite)
            foreign.refuse_special(run.log)
            atomic.write_text(run.path / ".writable", "")
            (run.path / ".writable").unlink()
        return run

    @classmethod
    def open(cls, path):
        """The run directory `path`; ConfigError if it holds no run, or one of another format."""
        run = cls(Path(path))
        if not run.is_run:
            found = "holds no run" if run.path.is_dir() else "is not a directory"
            raise ConfigError(f"{run.path} {found}; give the output directory of `ecs-model run`")
        foreign.refuse_strange(run.path)
        refuse_format(run.facts().get("format"), versions.RUN, run.path, "a run directory")
        return run

    def facts(self):
        """The content of run.json; empty if it is not there, ConfigError if it is damaged."""
        return foreign.read_json(self.run_json, schemas.Facts) or {}

    @property
    def meanings(self):
        """Field -> what a reader calls it, of those that are not what their names say."""
        return self.facts().get("meanings", {})

    @property
    def is_live(self):
        """Whether a run is writing here now; None where that cannot be known."""
        return locks.is_held(self.log)

    def claim(self):
        """The log, open: as long as it is, other runs are kept out of this directory.

        Raises:
            ConfigError: if another run is writing here. A file system without locks cannot tell.
        """
        with atomic.explained(self.log):
            log = open(self.log, "ab")
        if not locks.lock(log):
            log.close()
            raise ConfigError(
                f"{self.path} is being written by a run that still goes on; wait for it, stop it, "
                "or give another --output"
            )
        return log

    @property
    def is_run(self):
        """Whether a run has been started in this directory."""
        return any((self.path / name).exists() for name in _MARKS)

    config = _inside("config.toml")
    resolved = _inside("config.resolved.toml")
    run_json = _inside("run.json")
    log = _inside("run.log")
    series = _inside("series.csv")
    index = _inside(field_series.INDEX)
    fields = _inside(field_series.FOLDER)
    maps = _inside(field_series.FOLDER, field_series.MAPS)
    lines = _inside("lines")
    checkpoints = _inside("checkpoints")
    summary = _inside("summary.json")
    profile = _inside("profile.json")
    pictures = _inside("pictures")
    paraview = _inside("open_in_paraview.py")
    vtkhdf = _inside("fields.vtkhdf")

    def _refuse_used(self, overwrite):
        if self.is_run and not overwrite:
            raise ConfigError(
                f"{self.path} already holds a run; resume it with `ecs-model resume {self.path}`, "
                "give another --output, or --overwrite"
            )
        own = _OWN if self.is_run else ()
        others = sorted(p.name for p in self.path.iterdir() if not p.name.startswith("."))
        others = [name for name in others if name not in own]
        if others == [self.log.name] and not self.log.stat().st_size:
            return  # of a run that was ended as it began
        if others:
            raise ConfigError(
                f"{self.path} holds other things ({', '.join(others[:3])}); "
                "give an empty or a new directory as --output"
            )

    def _delete_own(self):
        for name in _OWN:
            path = self.path / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
