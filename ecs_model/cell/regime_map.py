"""What each of many cells does: its regime, from its firing and its K+, without its course."""

from dataclasses import dataclass

import numpy as np

from ecs_model.cell.population import Bench
from ecs_model.membrane.activity import Activity
from ecs_model.physics import regimes
from ecs_model.physics.regimes import Firing
from ecs_model.physics.values import Array

LOOK = 0.1  # s: between looks at K+
FINE = 5e-3  # s: largest interval of samples of V
CHUNK = 2_000_000  # numbers of a course held at once where it is judged


@dataclass(frozen=True)
class Regime:
    """What a cell does.

    Attributes:
        name: one of `regimes.NAMES`.
        period: of K+ [s]; None if it does not recur.
        lowest, highest: extracellular K+ [mM].
        bursts, seizures: how many there were.
        longest: duration of the longest seizure [s].
        margin: of a seizure.
    """

    name: str
    period: float | None
    lowest: float
    highest: float
    bursts: int
    seizures: int
    longest: float
    margin: float


def judged(bench: Bench, settings, firing: Firing) -> list[Regime]:
    """The Regime of every cell, from now on.

    Args:
        bench: the cells, which are advanced.
        settings: MapSettings; `observe` is how long [s], `every` how often to look.
        firing: what counts as what; its `settle` is now.
    """
    activity = Activity(np.array(bench.state.K_o), firing)
    activity.time = bench.time
    watcher = _Firing(bench, firing) if bench.model.fires else _Samples(bench, settings.every)
    potassium = watcher.follow(activity, max(1, round(settings.observe / LOOK)))
    seen, duration, fires = activity.judged(), activity.duration(), bench.model.fires
    words = regimes.words(seen, firing, duration, fires)
    margins = regimes.seizure_margins(seen, firing, duration, bool(bench.model.rate))
    return [
        Regime(
            regimes.NAMES[words[k]],
            _period(regimes.NAMES[words[k]], potassium[:, k]),
            float(seen["lowest"][k]),
            float(seen["highest"][k]),
            int(seen["bursts"][k]),
            int(seen["seizures"][k]),
            float(seen["longest"][k]),
            float(margins[k]),
        )
        for k in range(len(words))
    ]


def _period(name, potassium):
    return regimes.recurrence(potassium, LOOK) if name in ("seizure", "SD") else None


class _Firing:
    """Cells whose compiled step notes how they fire."""

    def __init__(self, bench, firing):
        self._bench = bench
        bench.follow(firing)

    def follow(self, activity: Activity, looks: int) -> Array:
        """K+ at each look, shape (looks, cells)."""
        bench, begin = self._bench, self._bench.time
        potassium = np.empty((looks, len(bench.state.K_o)))
        for k in range(looks):
            bench.advance(begin + (k + 1) * LOOK)
            potassium[k] = bench.state.K_o
            events, seen = bench.seen()
            activity.note(events, potassium[k])
            activity.look(bench.time, potassium[k], seen.potential)
            activity.widen(seen.low, seen.high)
        return potassium


class _Samples:
    """Cells of which samples are taken, since nothing tells when they fire."""

    def __init__(self, bench, every):
        self._bench = bench
        self._count = int(np.ceil(LOOK / min(every, FINE) - 1e-9))

    def follow(self, activity: Activity, looks: int) -> Array:
        """K+ at each look, shape (looks, cells)."""
        held = self._count * len(self._bench.state) * len(self._bench.state[0])
        most, parts = max(1, CHUNK // held), []
        for first in range(0, looks, most):
            parts.append(self._part(activity, min(most, looks - first)))
        return np.concatenate(parts)

    def _part(self, activity, looks):
        begin, interval = self._bench.time, LOOK / self._count
        seen = self._bench.watch(interval, looks * self._count)
        potassium = np.ascontiguousarray(seen["K_o"])
        V = np.ascontiguousarray(seen["V"]) if "V" in seen else None
        for k, values in enumerate(potassium):
            activity.look(begin + (k + 1) * interval, values, None if V is None else V[k])
        return potassium[self._count - 1 :: self._count]
