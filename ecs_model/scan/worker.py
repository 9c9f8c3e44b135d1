"""A process that computes points one after another, keeping what they share.

Run as `python -m ecs_model.scan.worker DIR`, alone or under mpiexec. It reads a point per line from
its standard input, as JSON, and answers with a line when it is done. When the input ends, whoever
started it is gone or wants no more: it ends at once, whatever it is doing.
"""

import ctypes
import gc
import json
import os
import queue
import signal
import sys
import threading
from contextlib import nullcontext

from ecs_model.errors import EcsModelError
from ecs_model.launcher import limit_threads
from ecs_model.scan.points import Point
from ecs_model.scan.store import Store

DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux


def main(folder):
    """Compute points until the input ends; exit code."""
    limit_threads()
    _die_with_parent()
    replies = _private_output()
    try:
        _serve(Store(folder), replies)
    except EcsModelError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return error.exit_code
    return 0


def _die_with_parent():
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)


def _private_output():
    """The standard output for replies alone; what libraries print goes to the error output."""
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return replies


def _serve(store, replies):
    from ecs_model.parallel import start
    from ecs_model.scan.run_point import Bench, work
    from ecs_model.transport.matrices import free_dropped

    comm = start()
    lines = _lines() if comm.rank == 0 else None
    with store.working() if comm.rank == 0 else nullcontext():
        bench = Bench.of(store, comm)
        try:
            bench.try_base()
        except EcsModelError as error:
            _reply(comm, replies, {"complaint": str(error)})
            return
        gc.freeze()
        _reply(comm, replies, {"ready": True})
        while (task := comm.bcast(json.loads(lines.get()) if lines else None)) is not None:
            state = work(bench, store, Point(**task))
            if comm.size > 1:  # what PETSc holds goes at the same moment on all processes
                gc.collect()
                free_dropped(comm)
            _reply(comm, replies, {"state": state})


def _reply(comm, replies, answer):
    if comm.rank == 0:
        print(json.dumps(answer), file=replies, flush=True)


def _lines():
    """A queue of the lines of the input, read by a thread; the process ends with the input."""
    lines: queue.SimpleQueue = queue.SimpleQueue()

    def read():
        for line in sys.stdin:
            lines.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
