"""A batch of points, computed by all processes of a job.

Run as `python -m ecs_model.scan.batch LIST K`, alone or under a launcher: the K-th batch, from 1
on, of a list of `command_list`.
"""

import sys
from contextlib import nullcontext
from pathlib import Path

from ecs_model.errors import ConfigError, EcsModelError
from ecs_model.files import foreign, schemas
from ecs_model.launcher import limit_threads
from ecs_model.scan.points import Point
from ecs_model.scan.store import Store

BATCHES = "batches.json"


def compute_batch(folder, rows):
    """Compute points, on all processes of a job.

    Args:
        folder: of the scan.
        rows: settings and labels of the points.
    """
    from ecs_model.parallel import start

    limit_threads()
    comm, store = start(), Store(folder)
    from ecs_model.scan.run_point import Bench, work

    with store.working() if comm.rank == 0 else nullcontext():
        bench = Bench.of(store, comm)
        for row in rows:
            work(bench, store, Point(**row))


def main(folder, number):
    """Compute a batch of a list; exit code."""
    try:
        compute_batch(Path(folder).parents[1], _rows(Path(folder), number))
    except EcsModelError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return error.exit_code
    return 0


def _rows(folder, number):
    """The points of a batch, by its number from 1 on."""
    batches = foreign.need_json(folder / BATCHES, list[list[schemas.PointFacts]])
    if not number.isdecimal() or not 1 <= int(number) <= len(batches):
        raise ConfigError(
            f"{folder}: has batches 1 to {len(batches)} (found {number}); start the job array for "
            "this range"
        )
    return batches[int(number) - 1]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
