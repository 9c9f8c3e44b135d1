"""Time as whole numbers of ticks: no drift, and a restart meets the same moments."""

import functools
import math
from dataclasses import dataclass
from decimal import Decimal

from ecs_model.errors import ConfigError


@dataclass(frozen=True)
class Clock:
    """From 0 to `end` [s] in `ticks` equal ticks; the smallest step is one tick."""

    end: float
    ticks: int

    @functools.lru_cache(maxsize=16)  # noqa: B019 - frozen, and one per run; asked again and again
    def at(self, tick):
        """Time [s] of a tick, as one would write it: 0.3 after 3 of 7 ticks to 0.7 s."""
        if tick == self.ticks:
            return self.end
        if self.end != float(f"{self.end:.15g}"):  # nobody wrote it so
            return self.span(tick)
        return float(Decimal(repr(float(self.end))) * tick / self.ticks)

    def span(self, ticks):
        """Length [s] of some ticks, the same wherever they lie."""
        return self.end * ticks / self.ticks

    def before(self, t):
        """The last tick at or before time `t` [s]."""
        return int(t / self.end * self.ticks * (1 + 1e-12))

    def ticks_in(self, interval, name, why=""):
        """An interval [s] in ticks; ConfigError if it is not a whole number of them.

        Args:
            interval: [s].
            name: its key.
            why: steps are as long as they are, in words.
        """
        count = interval / self.end * self.ticks
        if round(count) < 1 or abs(count - round(count)) > 1e-6 * count:
            raise ConfigError(
                f"{name} is {interval:.6g} s, which is not a whole number of steps of "
                f"{self.end / self.ticks:.6g} s{why and f' ({why})'}; make it a multiple"
            )
        return round(count)


def plan(end, step, series, adaptive, asked=None):
    """The clock of a run.

    Args:
        end: of the run [s].
        step: wished step, or smallest step if adaptive [s]; never exceeded.
        series: interval [s] of what is recorded most often; a whole number of ticks.
        adaptive: an interval then is a power of two of ticks, so that long steps fit.
        asked: key and interval [s] of the setting that `series` follows from; its own by default.

    Raises:
        ConfigError: if `end` is not a whole number of intervals.
    """
    intervals = round(end / series)
    if intervals < 1 or abs(end / series - intervals) > 1e-6 * intervals:
        key, interval = asked or ("output.series", series)
        raise ConfigError(
            f"time.end is {end:.6g} s, which is not a multiple of {key} ({interval:.6g} s); make "
            "it one"
        )
    per_interval = 1
    if adaptive:
        while series / per_interval > step * (1 + 1e-9):
            per_interval *= 2
    else:
        per_interval = -int(-series / step * (1 - 1e-9) // 1)
    return Clock(tidy(end), intervals * per_interval)


def tidy(value):
    """A number [s] as it was written, without what a change of its unit left in its last digits."""
    short = float(f"{value:.15g}")
    return short if abs(short - value) <= 2 * math.ulp(value) else float(value)
