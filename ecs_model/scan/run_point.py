"""One point of a scan: a run or the search for a threshold, with what earlier ones left."""

import time
from dataclasses import dataclass

from ecs_model.cache import Kept
from ecs_model.errors import EcsModelError
from ecs_model.parallel import on_root, root_does
from ecs_model.run import build, output, runner
from ecs_model.run.progress import Timer
from ecs_model.run.summary import summarise
from ecs_model.scan import points
from ecs_model.scan.axes import keys_of
from ecs_model.scan.base_run import Base
from ecs_model.scan.config import ScanConfig
from ecs_model.scan.early_stop import Decision
from ecs_model.scan.points import Point
from ecs_model.scan.store import Slot
from ecs_model.scan.threshold import margin, search

PLACING = ("mesh", "probe", "line")  # settings that decide what lies in the mesh


@dataclass(frozen=True)
class Bench:
    """What all points of a scan are computed with."""

    base: Base
    scan: ScanConfig
    comm: object
    kept: Kept
    trusted: bool = False  # whether the code of runs that were begun is run, whoever made them

    @classmethod
    def of(cls, store, comm):
        """The Bench of a Store on the processes of a communicator."""
        setup, scan = on_root(comm, lambda: (store.setup(), store.scan()))
        base = Base(setup["base"], setup["folder"], setup["name"])
        return cls(base, scan, comm, Kept(), setup["trusted"])

    def try_base(self):
        """Build the run that is scanned; what it is made of serves the points.

        Raises:
            ConfigError: for what shows on the mesh alone, such as a region that is not there or
                a probe outside.
        """
        for settings in ({}, *_placing(self.scan)):
            config = on_root(self.comm, self.base.config, settings)
            build.build(config, self.comm, self.base.folder, self.kept)


def _placing(scan):
    """Settings at the ends of the axes that change the mesh, or places in it."""
    for axis in scan.axis:
        if any(key.partition(".")[0] in PLACING for key in keys_of(axis)):
            ends = points.ends(axis)
            yield from (point.settings for point in ends)


def work(bench, store, point):
    """Compute a point unless it is there; what came of it goes to its Slot: finished or failed."""
    slot, comm = store.slot(point), bench.comm
    if on_root(comm, _state, slot) in ("finished", "failed"):
        return on_root(comm, _state, slot)
    try:
        _compute(bench, slot, point)
    except EcsModelError as error:
        reason = str(error)
        root_does(comm, slot.fail, reason)
    return on_root(comm, _state, slot)


def _state(slot):
    return slot.state


def _compute(bench, slot, point):
    if bench.scan.threshold is not None:
        _search(bench, slot, point)
    elif bench.scan.keep == "run":
        _whole_run(bench, slot, point)
    else:
        simulate(bench, slot, point.settings)


def simulate(bench, slot, settings):
    """The summary of the run with some settings changed, which goes to a Slot on the way.

    Args:
        bench: the Bench.
        slot: where its result lies or will lie.
        settings: key -> value.

    Raises:
        EcsModelError: if the run cannot be computed.
    """
    comm = bench.comm
    if (there := on_root(comm, slot.summary)) is not None:
        return there
    config = on_root(comm, _begin, bench, slot, settings)
    summary = _run(bench, config)
    root_does(comm, slot.finish, summary)
    return on_root(comm, slot.summary)


def _begin(bench, slot, settings):
    slot.begin(bench.base.text(settings))
    return bench.base.config(settings)


def _run(bench, config):
    """The summary of a run of which nothing else is written."""
    began = time.perf_counter()
    parts = build.build(config, bench.comm, bench.base.folder, bench.kept)
    measured = output.measure(parts)
    simulation = parts.simulation
    decision = Decision(parts, *bench.scan.stops())
    if bench.scan.stops() != (None, None):
        simulation.observers.append(decision)
    timer = Timer()
    timer.add("set-up", time.perf_counter() - began)
    simulation.run()
    timer.add("run", time.perf_counter() - began - timer.seconds["set-up"])
    return summarise(parts, measured, timer) | {"decided": decision.reason}


def _search(bench, slot, point):
    """Leave the threshold of a point, with the summary of the run at its igniting end."""
    settings, comm = bench.scan.threshold, bench.comm
    range_ = settings.range()

    def trial(number):
        here = {**point.settings, settings.key: range_.written(number)}
        return simulate(bench, slot.trial(Point(here, {}).id), here)

    root_does(comm, lambda: slot.begin(bench.base.text(point.settings)))
    found = search(range_, settings.tolerance, lambda n: margin(trial(n), settings.margin))
    result = {
        "key": settings.key,
        "unit": range_.unit,
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "state": found.state,
        "trials": found.trials,
    }
    summary = trial(found.igniting) | {"threshold": result}
    root_does(comm, slot.finish, summary)


def _whole_run(bench, slot, point):
    """Leave a run directory beside the summary; go on with one that was interrupted."""
    from ecs_model.postprocess.paraview import write_paraview_script  # not all scans need it

    comm, folder = bench.comm, slot.path / "run"
    options = {"quiet": True, "illustrate": write_paraview_script}
    root_does(comm, _begin, bench, slot, point.settings)
    begun = on_root(comm, lambda: any(folder.glob("checkpoints/ck_*.h5")))
    if begun:
        code = runner.resume(folder, comm, trusted=bench.trusted, **options)
    else:
        config = slot.path / "config.toml"
        code = runner.run(config, folder, comm, base=bench.base.folder, overwrite=True, **options)
    if code == 0:
        root_does(comm, lambda: slot.finish(Slot(folder).summary()))
