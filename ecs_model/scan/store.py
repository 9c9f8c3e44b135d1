"""The directory of a scan. What lies there is the truth: whoever comes next goes on from it.

scan.toml, setup.json                 what was asked for; what workers need to know
points.json                           the points so far, in their order
points/<id>/config.toml               the configuration of a point
points/<id>/status.json               who works on it, or why it failed
points/<id>/summary.json              what came out; where it is, the point is finished
points/<id>/trials/<id>/...           the same for each run of a search for a threshold
table.parquet, table.csv, cube.nc     all of it together
report.json                           how many runs, how sharp the border, Sobol indices
"""

import contextlib
import fcntl
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from ecs_model.errors import ConfigError
from ecs_model.files import atomic, foreign, locks, schemas, trust, versions
from ecs_model.scan.base_run import Base
from ecs_model.scan.config import ScanConfig
from ecs_model.scan.points import Point

SETUP, CONFIG, POINTS, REPORT = "setup.json", "scan.toml", "points.json", "report.json"
BEGUN = ("points", "jobs")  # one of which is there once somebody may compute
PATIENCE = 20.0  # s that a driver waits for workers of the last one to be gone


@dataclass(frozen=True)
class Slot:
    """Where one run's results lie."""

    path: Path

    @property
    def finished(self):
        """Whether there is a result; a file without content is none, a full disk left it."""
        path = self.path / "summary.json"
        return path.is_file() and path.stat().st_size > 0

    @property
    def finished_at(self):
        """When the result came [s since 1970]; None if it is not there."""
        try:
            return (self.path / "summary.json").stat().st_mtime
        except OSError:
            return None

    def summary(self):
        """The result; None if there is none yet, ConfigError if it is damaged."""
        if not self.finished:
            return None
        try:
            return foreign.read_json(self.path / "summary.json", schemas.OutcomeFacts)
        except ConfigError as error:
            raise ConfigError(f"{error}; without it, a scan computes this run again") from None

    def status(self):
        """Who works on it, or why it failed; empty if nobody ever came."""
        with contextlib.suppress(ConfigError):  # a power failure may tear it: nobody came then
            return foreign.read_json(self.path / "status.json", schemas.StatusFacts) or {}
        return {}

    @property
    def state(self):
        """waiting, running, failed or finished."""
        return "finished" if self.finished else self.status().get("state", "waiting")

    def begin(self, text):
        """Note that this process works on it, with the configuration `text`."""
        with atomic.explained(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
        attempts = self.status().get("attempts", 0) + 1
        atomic.write_text(self.path / "config.toml", text, lasting=False)
        self._note(state="running", attempts=attempts, pid=os.getpid(), host=platform.node())

    def finish(self, summary):
        """Leave the result."""
        atomic.write_json(self.path / "summary.json", summary)

    def fail(self, reason):
        """Leave the reason why there is none."""
        with atomic.explained(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
        self._note(**{**self.status(), "state": "failed", "reason": reason})

    def forget(self):
        """Let a failed run be tried again."""
        (self.path / "status.json").unlink(missing_ok=True)

    def trial(self, name):
        """The Slot of one run of a search."""
        return Slot(self.path / "trials" / name)

    def _note(self, **facts):
        facts = facts | {"updated": round(time.time(), 3)}
        atomic.write_json(self.path / "status.json", facts, lasting=False)


class Store:
    """The directory of a scan at `path`."""

    def __init__(self, path):
        self.path = Path(path)

    @classmethod
    def open(cls, path):
        """The Store of a directory; ConfigError if it holds no scan."""
        store = cls(path)
        if store.setup() is None:
            raise ConfigError(f"{path}: holds no scan; give the output directory of a scan")
        return store

    def setup(self):
        """What workers need to know; None where there is no scan, ConfigError if it is damaged."""
        found = foreign.read_json(self.path / SETUP, schemas.SetupFacts)
        return found and schemas.SetupFacts.model_validate(found).model_dump()

    def scan(self):
        """The ScanConfig of the setup; ConfigError if it is none."""
        try:
            return ScanConfig.model_validate(self.setup()["scan"])
        except ValidationError as error:
            reason = str(error).splitlines()[2].strip()
            raise ConfigError(f"{self.path / SETUP} is damaged: scan: {reason}") from None

    def make(self, setup, extend=False, force=False, trusted=False):
        """Make the directory, if it is not there; `setup` and the rest as for `begin`.

        Raises:
            ConfigError: if something else is there; nothing is changed then. A scan that never
                began a point may become another one.
        """
        with atomic.explained(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            names = [path.name for path in self.path.iterdir()]
        there = self.setup()
        if there is not None:
            foreign.refuse_strange(self.path)
            if any((self.path / name).is_dir() for name in BEGUN):
                self._refuse_other(there, setup, extend, force)
                trust.ask(there["made"], self.path, trusted, *code(there))
        elif any(not name.startswith(".") for name in names):
            raise ConfigError(f"{self.path}: is not empty and holds no scan; give another --output")

    def begin(self, text, setup, extend=False, force=False, trusted=False):
        """Note a scan in its directory, by the one who drives it.

        Args:
            text: of the scan's file.
            setup: what workers need to know, with `run` and `design` that tell scans apart.
            extend: let the points change; those that are there stay.
            force: go on although this version of the program computes in another way.
            trusted: go on although the directory was not made on this account.

        Raises:
            ConfigError: if another came first.
        """
        self.make(setup, extend, force, trusted)
        atomic.write_text(self.path / CONFIG, text)
        atomic.write_json(self.path / SETUP, setup)

    def _refuse_other(self, there, setup, extend, force):
        versions.refuse_format(there["format"], versions.SCAN, self.path, "a scan")
        for key, what, hint in (
            ("run", "run, threshold or stop", ""),
            ("design", "choice of points", ", or --extend to keep its points and add these"),
        ):
            changed = versions.differing(there[key], setup[key])
            if changed and not (key == "design" and extend):
                raise ConfigError(
                    f"{self.path}: holds a scan with another {what}; give another --output{hint}"
                )
        versions.refuse_physics(there["version"], self.path, force)

    @property
    def is_own(self):
        """Whether this account made it, and the files that its run names are what they were."""
        there = self.setup()
        base = Base(there["base"], there["folder"], there["name"])
        same = isinstance(there["run"], dict) and there["run"].get("contents") == base.contents()
        return same and trust.is_own(there["made"], *code(there))

    def is_at_work(self, slot):
        """Whether the process that began a run still works on it, as far as can be known."""
        facts = slot.status()
        pid, here = facts.get("pid"), facts.get("host") == platform.node()
        if locks.is_held(self.path / ".workers.lock", by_anyone=True) is False:
            return False
        return not (here and pid is not None and not Path(f"/proc/{pid}").exists())

    def slot(self, point):
        """The Slot of a Point."""
        return Slot(self.path / "points" / point.id)

    def write_points(self, points):
        """Note the points so far."""
        rows = [{"id": p.id, "settings": p.settings, "labels": p.labels} for p in points]
        atomic.write_json(self.path / POINTS, rows)

    def points(self):
        """The points so far."""
        rows = foreign.read_json(self.path / POINTS, list[schemas.PointFacts]) or []
        return [Point(row["settings"], row["labels"]) for row in rows]

    @contextlib.contextmanager
    def driven(self, alone):
        """Be the only driver, if `alone` with nobody at work for an earlier one.

        Raises:
            ConfigError: if another is at work.
        """
        with self._locked("driver", fcntl.LOCK_EX, 0.0):
            if alone:
                with self._locked("workers", fcntl.LOCK_EX, PATIENCE):
                    pass
            yield

    def working(self):
        """A context in which drivers that come later wait: a worker's whole life."""
        return self._locked("workers", fcntl.LOCK_SH, PATIENCE)

    @contextlib.contextmanager
    def _locked(self, who, kind, patience):
        path = self.path / f".{who}.lock"
        with atomic.explained(path):
            file = open(path, "ab")
        with file:
            if not locks.lock(file, kind, patience):
                raise ConfigError(
                    f"{self.path}: another ecs-model scan works here; wait for it or stop it"
                )
            yield


def code(setup):
    """All that decides which code the runs of a scan are."""
    return setup["base"], setup["folder"]
