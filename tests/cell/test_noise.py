"""Noise in single-cell jobs: where it acts, and what is refused."""

import json

import numpy as np
import pandas as pd
import pytest

from ecs_model.cell import job
from ecs_model.errors import ConfigError

CELL = """
[membrane]
model = "epileptor2"
[[noise]]
name = "background"
amplitude = { I = "60 mV" }
duration = "1 ms"
"""
COURSE = CELL + '[time]\nend = "0.5 s"\nevery = "10 ms"\n'
BATCH = '[[batch]]\nname = "noise.background.seed"\nvalues = [3, 4, 3]\n'
STEADY = '[[steady]]\nname = "rest"\n'


def done(folder, text, *overrides):
    """Folder of the results of a job."""
    (folder / "cell.toml").write_text(text)
    return job.run(folder / "cell.toml", folder / "out", overrides, True, lambda line: None)


def test_an_ensemble_over_seeds(tmp_path):
    """A row for each sample of each seed; what has the same seed is the same."""
    table = pd.read_csv(done(tmp_path, COURSE + BATCH) / "course.csv")
    V = [table.loc[table["cell"] == k, "V [mV]"].to_numpy() for k in range(3)]
    assert [*table.groupby("cell")["noise.background.seed [1]"].first()] == [3, 4, 3]
    np.testing.assert_array_equal(V[0], V[2])
    assert np.abs(V[0] - V[1]).max() > 5.0  # mV
    assert len({*V[0]}) == len(V[0]) == 51


def test_steady_states_are_without_noise(tmp_path):
    """Also where they are looked for beside a course."""
    quiet = done(tmp_path, CELL.partition("[[noise]]")[0] + STEADY) / "summary.json"
    expected = json.loads(quiet.read_text())["members"][0]["steady"]
    noisy = json.loads((done(tmp_path, COURSE + STEADY) / "summary.json").read_text())
    assert noisy["members"][0]["steady"] == expected


def test_noise_decides_the_regime(tmp_path):
    """Strong noise makes a population seize that rests without."""
    text = (
        CELL + '[map]\nsettle = "0.1 s"\nobserve = "4 s"\n[map.x]\nname = "K_bath"\nvalues = [8.5]'
    )
    for amplitude, regime in (("0 mV", "rest"), ("60 mV", "seizure")):
        out = done(tmp_path, text, f"noise.background.amplitude.I={amplitude}")
        assert regime in (out / "map.csv").read_text()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (CELL + STEADY, "noise: has no effect without time, threshold or map"),
        (COURSE + BATCH.replace("4", "1.5"), "must be a whole number (found 1.5)"),
        (COURSE + BATCH.replace("4", "-4"), "must be at least 0"),
        (COURSE + BATCH.replace(".seed", ".bin"), "noise.background.bin: no such quantity"),
        (COURSE.replace('"1 ms"', '"1 ms"\nlength = "1 mm"'), "length"),
        (
            COURSE.replace('I = "60 mV"', 'I = "-60 mV"'),
            "cell.toml:6: noise 'background': amplitude",
        ),
        (
            COURSE + '[[continuation]]\nname = "noise.background.seed"\nlow = 0\nhigh = 2\n',
            "steady states are without noise",
        ),
        (
            COURSE
            + BATCH
            + '[[noise]]\nname = "b"\namplitude = { I = 1.0 }\nduration = "1 ms"\nseed = 4\n',
            "4 is the seed of another entry too",
        ),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, text, complaint):
    with pytest.raises(ConfigError) as told:
        done(tmp_path, text)
    assert complaint in str(told.value)
