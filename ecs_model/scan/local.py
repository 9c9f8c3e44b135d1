"""Workers on this machine: processes without any server, each on its own cores."""

import json
import math
import os
import selectors
import subprocess
import sys
from collections import deque
from pathlib import Path
from typing import Any

from ecs_model.errors import ConfigError
from ecs_model.launcher import own_mpiexec
from ecs_model.run.building.mesh import about_nodes
from ecs_model.scan.base_run import Base

GRACE = 10.0  # s for a worker to end by itself
PER_PROCESS, PER_NODE = 2e8, 3e3  # bytes that a run needs, measured: 160 MB, 1.2 to 2 kB
CHANCES = 2  # a point whose worker dies so many times has failed
LAUNCHERS = ("PMI", "PMIX", "HYDRA", "OMPI_", "SLURM_", "MPIEXEC")


class Local:
    """Computes points in worker processes, which stay for the next wave.

    Args:
        store: of the scan.
        engine: its settings.
    """

    alone = True  # with the driver gone, its workers go

    def __init__(self, store, engine):
        self._store, self._workers, self._deaths = store, [], {}
        self._most, self._processes = _shared(store, engine)

    def __enter__(self):
        """Nothing is started before there is a point."""
        return self

    def __exit__(self, *_):
        """End all workers at once."""
        for worker in self._workers:
            worker.close()

    def compute(self, points, tell, say):
        """Compute points; return when all are finished or failed.

        Args:
            points: what is not there yet.
            tell: function that is called each time a point is done.
            say: function that is called with a line for the user.

        Raises:
            ConfigError: if workers cannot start.
        """
        waiting = deque(points)
        self._start(min(len(waiting), self._most))
        with selectors.DefaultSelector() as selector:
            for worker in self._workers:
                selector.register(worker.output, selectors.EVENT_READ, worker)
                worker.take(waiting)
            while any(worker.busy for worker in self._workers):
                for key, _ in selector.select():
                    self._answer(key.data, waiting, selector, tell)

    def _start(self, count):
        fresh = [self._worker() for _ in range(len(self._workers), count)]
        self._workers += fresh
        for worker in fresh:
            worker.wait_until_ready()

    def _worker(self):
        return Worker(self._store, self._processes)

    def _answer(self, worker, waiting, selector, tell):
        """Deal with what a worker said, or with its end."""
        answer = worker.output.readline()
        if answer:
            tell(worker.point)
            worker.take(waiting)
            return
        selector.unregister(worker.output)
        self._bury(worker, waiting, tell)
        if waiting:
            fresh = self._worker()
            self._workers.append(fresh)
            fresh.wait_until_ready()
            selector.register(fresh.output, selectors.EVENT_READ, fresh)
            fresh.take(waiting)

    def _bury(self, worker, waiting, tell):
        """Take a dead worker's point back, unless it killed too many."""
        self._workers.remove(worker)
        point, how = worker.point, worker.close()
        if point is None:
            return
        deaths = self._deaths[point.id] = self._deaths.get(point.id, 0) + 1
        if deaths < CHANCES:
            waiting.appendleft(point)
            return
        self._store.slot(point).fail(f"the process that computed it died {deaths} times ({how})")
        tell(point)


class Worker:
    """A worker process and the point it has."""

    def __init__(self, store, processes):
        self.point, self._log = None, store.path / "workers.log"
        program = [sys.executable, "-m", "ecs_model.scan.worker", str(store.path)]
        if processes > 1:
            program = [own_mpiexec(), "-n", str(processes), *program]
        with open(self._log, "ab") as log:
            self._place = log.tell()
            self._process: Any = subprocess.Popen(
                program,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
                env=environment(),
            )
        self.output: Any = self._process.stdout

    def wait_until_ready(self):
        """Return when it can take a point.

        Raises:
            ConfigError: if the run cannot be built, or the worker dies, with its last words.
        """
        if answer := self.output.readline():
            if complaint := json.loads(answer).get("complaint"):
                raise ConfigError(complaint)
            return
        raise ConfigError(f"a worker does not start: {self.close()}")

    @property
    def busy(self):
        """Whether it has a point."""
        return self.point is not None

    def take(self, waiting):
        """Give it the next of the points that wait, if there is one."""
        self.point = waiting.popleft() if waiting else None
        if self.point is not None:
            task = {"settings": self.point.settings, "labels": self.point.labels}
            try:
                print(json.dumps(task), file=self._process.stdin, flush=True)
            except BrokenPipeError:
                pass  # it died: its output ends, too

    def close(self):
        """End it at once; how it ended and what it said last, in words."""
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            code = self._process.wait(timeout=GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self.output.close()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return f"{how}: {self._last_words()}"

    def _last_words(self):
        with open(self._log, "rb") as log:
            log.seek(self._place)
            said = log.read().decode(errors="replace").strip().splitlines()
        return said[-1] if said else "it said nothing"


def _shared(store, engine):
    """How many workers at most, and processes of each, as the settings say or as it fits."""
    if engine.processes is not None:
        return engine.workers or max(1, cores() // engine.processes), engine.processes
    workers, processes = fitting(_nodes(store), cores(), _memory())
    return engine.workers or workers, processes


def fitting(nodes, cores, memory):
    """How many runs fit beside each other, and on how many processes each: all cores are busy.

    Each run gets the fewest processes; only where memory holds fewer runs than there are cores,
    they share the cores.

    Args:
        nodes: of the mesh.
        cores: of this machine.
        memory: that is free [bytes].
    """
    held = int(memory // (PER_PROCESS + PER_NODE * nodes))
    workers = max(1, min(cores, held))
    return workers, max(1, cores // workers)


def _nodes(store):
    """Nodes of the mesh of the run that is scanned."""
    setup = store.setup()
    base = Base(setup["base"], setup["folder"], setup["name"])
    return about_nodes(base.config({}).mesh, base.folder)


def cores():
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory():
    """Memory that is free [bytes]; infinity where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return math.inf
    return 1024.0 * int(dict(line.split(":") for line in lines)["MemAvailable"].split()[0])


def environment():
    """The environment without what a launcher told this process, for processes of their own."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(LAUNCHERS)}
    return kept | {"HYDRA_LAUNCHER": "fork"}
