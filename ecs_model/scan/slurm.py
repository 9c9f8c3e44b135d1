"""Points as jobs of Slurm (through submitit), each a batch of points on its own MPI processes.

The directory of the scan and the queue are the truth: a job is called after its batch, which is
written down before it is submitted, so that a driver that comes later finds the jobs of the last
one, waits for them, and submits what nobody works on. Accounting (sacct) is not needed.
"""

import contextlib
import getpass
import hashlib
import io
import json
import logging
import math
import shutil
import subprocess
import sys
import time

from ecs_model.errors import ConfigError
from ecs_model.files import atomic, foreign, schemas
from ecs_model.scan.batch import compute_batch
from ecs_model.scan.points import Point

CHANCES = 3  # a point on which so many jobs ended has failed
PATIENCE = 1800.0  # s: no job of this scan is in the queue, and none is taken
# In what Slurm says where it may take the same job later:
PASSING = ("limit", "timed out", "temporarily", "unavailable", "contact", "try again", "connect")
GONE = 2  # looks at the queue without a job after which it has ended


class Slurm:
    """Computes points in jobs, which stay in the queue when the driver goes.

    Args:
        store: of the scan.
        engine: its settings.
    """

    alone = False  # jobs of an earlier driver may be at work

    def __init__(self, store, engine):
        self._store, self._engine = store, engine
        self._folder = store.path / "jobs"
        digest = hashlib.sha256(str(store.path.resolve()).encode()).hexdigest()
        self._prefix = f"ecs-{digest[:10]}-"
        self._jobs: dict[str, _Job] = {}
        self._deaths: dict[str, int] = {}
        self._refused_since: float | None = None
        self._told = ""

    def __enter__(self):
        """Look whether Slurm is here; ConfigError if not."""
        for program in ("sbatch", "squeue", "srun"):
            if shutil.which(program) is None:
                raise ConfigError(f'engine.kind = "slurm": there is no {program} on PATH')
        with atomic.explained(self._folder):
            self._folder.mkdir(exist_ok=True)
        return self

    def __exit__(self, *_):
        """Jobs go on: the next driver finds them."""

    def compute(self, points, tell, say):
        """Compute points; return when all are finished or failed.

        A job that Slurm does not take now, as users may have so many and no more, is submitted
        again at a later look at the queue.

        Args:
            points: what is not there yet.
            tell: function that is called each time a point is done.
            say: function that is called with a line for the user.

        Raises:
            ConfigError: if jobs cannot be submitted.
        """
        left = {point.id: point for point in points}
        while left:
            self._look(_queue(), left)
            for point in [p for p in left.values() if self._is_done(p)]:
                tell(left.pop(point.id))
            if reason := self._submit(self._free(left)):
                self._bear(reason, say)
            if left:
                time.sleep(self._engine.poll)

    def _is_done(self, point):
        return self._store.slot(point).state in ("finished", "failed")

    def _look(self, names, left):
        """Take up jobs in the queue, and points back whose jobs have left it."""
        if names is None:  # Slurm does not answer: nothing is known
            return
        for name in names:
            if name.startswith(self._prefix) and name not in self._jobs:
                self._adopt(name)
        for name, job in list(self._jobs.items()):
            job.missed = 0 if name in names else job.missed + 1
            if job.missed >= GONE:
                del self._jobs[name]
                self._take_back([left[i] for i in job.ids if i in left])

    def _adopt(self, name):
        batch = foreign.need_json(self._folder / f"{name}.json", list[schemas.PointFacts])
        self._jobs[name] = _Job([Point(**row).id for row in batch])

    def _take_back(self, points):
        """Note who was at work when a job ended without an answer."""
        for point in points:
            slot = self._store.slot(point)
            if slot.state != "running":
                continue
            deaths = self._deaths[point.id] = self._deaths.get(point.id, 0) + 1
            if deaths >= CHANCES:
                slot.fail(f"{deaths} jobs ended while they computed it; see {self._folder}")

    def _free(self, left):
        """Points that no job has."""
        taken = {i for job in self._jobs.values() for i in job.ids}
        return [p for i, p in left.items() if i not in taken and not self._is_done(p)]

    def _submit(self, points):
        """Submit what has room in the queue; why Slurm did not take a job, "" if it did."""
        size = self._engine.batch
        for start in range(0, len(points), size):
            if len(self._jobs) >= self._engine.jobs:
                return ""
            if reason := self._submit_batch(points[start : start + size]):
                return reason
            self._refused_since = None
        return ""

    def _submit_batch(self, points):
        rows = [{"settings": p.settings, "labels": p.labels} for p in points]
        text = json.dumps([[p.id for p in points], time.time_ns()])
        name = self._prefix + hashlib.sha256(text.encode()).hexdigest()[:10]
        path = self._folder / f"{name}.json"
        atomic.write_json(path, rows)
        reason = self._send(name, rows)
        if reason:
            path.unlink()
        else:
            self._jobs[name] = _Job([p.id for p in points])
        return reason

    def _bear(self, reason, say):
        """Wait where a refusal may pass.

        Raises:
            ConfigError: for one that does not look so, or that lasts with no job in the queue.
        """
        now = time.monotonic()
        if self._jobs or self._refused_since is None:
            self._refused_since = now
        passes = any(word in reason.lower() for word in PASSING)
        if not self._jobs and not (passes and now - self._refused_since < PATIENCE):
            raise ConfigError(f"Slurm does not take a job: {reason}")
        if reason != self._told:
            say(f"Slurm takes no further job now ({reason}); it is asked again")
            self._told = reason

    def _send(self, name, rows):
        """Submit a job; why Slurm did not take it, "" if it did."""
        import submitit

        logging.getLogger("submitit").setLevel(logging.ERROR)
        engine = self._engine
        processes = engine.processes or engine.nodes
        executor = submitit.SlurmExecutor(folder=self._folder / "%j", python=sys.executable)
        executor.update_parameters(
            job_name=name,
            nodes=engine.nodes,
            ntasks_per_node=processes // engine.nodes,
            time=math.ceil(engine.time / 60),
            additional_parameters=engine.options,
            **({"partition": engine.partition} if engine.partition else {}),
            **({"srun_args": [f"--mpi={engine.mpi}"]} if engine.mpi else {}),
        )
        try:
            with contextlib.redirect_stderr(
                io.StringIO()
            ):  # it shows what sbatch says, at any time
                executor.submit(compute_batch, str(self._store.path.resolve()), rows)
        except submitit.core.utils.FailedJobError as error:
            said = str(error).strip().splitlines()
            return said[-1] if said else "it does not say why"
        return ""


class _Job:
    """A job: the points it has, and how often it was not in the queue."""

    def __init__(self, ids):
        self.ids, self.missed = ids, 0


def _queue():
    """Names of this user's jobs in the queue; None if Slurm does not answer."""
    command = ["squeue", "-h", "-u", getpass.getuser(), "-o", "%j"]
    done = subprocess.run(command, capture_output=True, text=True)
    return set(done.stdout.split()) if done.returncode == 0 else None
