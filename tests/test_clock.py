"""Time is whole numbers of ticks: every moment that matters is one of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecs_model.config import resolve
from ecs_model.config.reader import parse_config
from ecs_model.errors import ConfigError
from ecs_model.run.clock import Clock, plan

SECONDS = st.floats(1e-4, 1e4)


@given(SECONDS, st.integers(1, 10**6))
def test_the_end_is_met_exactly(end, ticks):
    clock = Clock(end, ticks)
    assert clock.at(ticks) == end and clock.at(0) == 0.0


@given(SECONDS, st.integers(1, 10**6), st.integers(0, 10**6))
def test_the_tick_before_a_tick_is_itself(end, ticks, k):
    clock = Clock(end, ticks)
    assert clock.before(clock.at(min(k, ticks))) == min(k, ticks)


@given(st.integers(1, 500), st.integers(1, 50), st.floats(1e-3, 10), st.booleans())
def test_the_step_is_never_exceeded_and_intervals_fit(rows, finer, step, adaptive):
    series = step * finer / 7
    clock = plan(rows * series, step, series, adaptive)
    assert clock.at(1) <= step * (1 + 1e-8)
    per_row = clock.ticks_in(series, "output.series")
    assert per_row * rows == clock.ticks
    assert not adaptive or per_row & (per_row - 1) == 0
    assert 2 * clock.at(1) > min(step, series) * (1 - 1e-8)  # and not needlessly short


@pytest.mark.parametrize(("interval", "ticks"), [(0.1, 1), (0.3, 3), (1.0, 10)])
def test_intervals_in_ticks(interval, ticks):
    assert Clock(1.0, 10).ticks_in(interval, "x") == ticks


@pytest.mark.parametrize("interval", [0.05, 0.15, 0.1001, 1e-9])
def test_an_interval_between_ticks_is_refused_by_name(interval):
    with pytest.raises(ConfigError, match=r"output\.every is .* multiple"):
        Clock(1.0, 10).ticks_in(interval, "output.every")


@pytest.mark.parametrize("series", [0.3, 2.0, 0.7])
def test_an_end_that_is_no_multiple_of_the_rows_is_refused(series):
    with pytest.raises(ConfigError, match=r"time\.end is 1 s.*output\.series"):
        plan(1.0, 0.01, series, adaptive=False)


def test_the_setting_that_was_made_is_named():
    """Rows of series.csv follow from output.every unless output.series is set."""
    settings = '[mesh]\ngenerator = "interval"\n[membrane]\nmodel = "none"\n[time]\nend = "1 s"\n'
    for output, key in (
        ('every = "0.7 s"', "every"),
        ('every = "1 s"\nseries = "0.7 s"', "series"),
    ):
        config = resolve.with_intervals(parse_config(f"{settings}[output]\n{output}\n", "a.toml"))
        asked = resolve.asked_interval(config.output)
        assert asked == (f"output.{key}", 0.7)
        with pytest.raises(ConfigError, match=rf"multiple of output\.{key} \(0\.7 s\)"):
            plan(1.0, 0.01, config.output.series, False, asked)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ('[output]\nevery = "0.5 s"', "0.0625 s, by default 1/8 of output.every, is cut by halves"),
        (
            '[output]\nevery = "0.5 s"\nseries = "0.1 s"',
            "output.series, 0.1 s, is cut by halves into steps",
        ),
        (
            "adaptive = false",
            "0.00625 s, by default 1/160 of time.end, is cut into steps no longer than",
        ),
        ("", "by default 1/160 of time.end, is cut by halves into steps"),
    ],
)
def test_what_nobody_wrote_is_said_to_be_a_default(settings, words):
    """An interval that is no whole number of steps: why are these as long as they are?"""
    text = f'[mesh]\ngenerator = "interval"\n[time]\nend = "1 s"\nstep = "30 ms"\n{settings}\n'
    why = resolve.origin_of_steps(resolve.with_intervals(parse_config(text, "a.toml")))
    assert words in why and why.endswith("than time.step, 0.03 s")
    with pytest.raises(ConfigError, match=r"steps of 0\.1 s \(output\.series, .*\); make it a"):
        Clock(1.0, 10).ticks_in(0.25, "checkpoint.every", why)


def test_times_do_not_drift():
    clock = Clock(0.1 * 7, 7)
    np.testing.assert_array_equal([clock.at(k) for k in range(8)], 0.1 * 7 * np.arange(8) / 7)
