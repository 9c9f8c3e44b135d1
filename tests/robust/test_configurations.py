"""Whatever is in a configuration: one message and exit code 2, or a run whose numbers are sound."""

import gc
import json
import math
import shutil
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.robust.damage import said
from tests.robust.mutations import configurations, settings_of_the_command_line
from tests.robust.test_damaged import QUIET

LONGEST = 20.0  # s for a case
STEPS = 2000  # of a run that is tried: more would say no more


def judged(folder, told, text, overrides):
    """Check a configuration and, if it is accepted, run it; the answers must be right."""
    path = folder / "run.toml"
    path.write_text(text, encoding="utf-8")
    more = [word for override in overrides for word in ("--set", override)]
    told = (told, overrides)
    code = answer(told, ["check", path, *more])
    out = folder / "out"
    if code == 0 and ticks(path, more) <= STEPS:
        ran = answer(told, ["run", path, "-o", out, "--quiet", *more])
        assert ran != 2, (told, "check accepted what run refuses")
        if ran == 0:
            refuse_nonsense(told, out)


def answer(told, arguments):
    """Exit code of a command line that said what it must, in time, and warned of nothing."""
    began = time.monotonic()
    code, words = said(arguments)
    lines = [line for line in words.splitlines() if line.startswith("error: ")]
    assert code in (0, 1, 2), (told, code, words)
    for word in ("Traceback", "pydantic", "Warning"):
        assert word not in words, (told, words)
    assert len(lines) == (code != 0), (told, code, words)
    if code == 2:
        assert "run.toml" in words or "--set" in words, (told, words)
    if code == 1:
        assert arguments[0] == "run" or " t = " in words or "at the start" in words, (told, words)
    assert time.monotonic() - began < LONGEST, (told, "took too long")
    return code


def ticks(path, more):
    """Smallest steps of a run."""
    from ecs_model.config import reader, resolve
    from ecs_model.run import clock

    config = resolve.with_intervals(reader.read_config(path, more[1::2]))
    t = config.time
    return clock.plan(t.end, t.step, config.output.series, t.adaptive).ticks


def refuse_nonsense(told, out):
    """Fail for numbers that are not finite, or cannot be, in what a run left."""
    text = (out / "summary.json").read_text()
    for name in ("NaN", "Infinity"):
        assert name not in text, (told, text)
    found = json.loads(text)
    assert math.isfinite(found["max_K_o"]) and found["max_K_o"] >= 0, (told, found)
    rows = (out / "series.csv").read_text().splitlines()[1:]
    assert "inf" not in " ".join(rows), (told, rows)
    assert abs(found["balance"]["relative_error"]) < 1e-6, (told, found["balance"])


def tried(tmp_path, count):
    folder = Path(tmp_path, "case")

    @settings(max_examples=count, **QUIET)
    @given(configurations(), st.lists(settings_of_the_command_line(), max_size=1))
    def look(configuration, overrides):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        judged(folder, *configuration, overrides)
        gc.collect()  # meshes hold communicators, of which MPICH has 2048

    look()


def test_a_configuration_is_refused_in_one_message_or_gives_sound_numbers(tmp_path):
    tried(tmp_path, 30)


@pytest.mark.slow
def test_many_configurations_are_refused_or_sound(tmp_path):
    tried(tmp_path, 500)
