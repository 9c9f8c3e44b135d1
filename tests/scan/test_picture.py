"""Maps of scans: the border lies where margins vanish, states where they were measured."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from ecs_model import api
from ecs_model.postprocess import scan as drawn
from ecs_model.scan.config import Axis
from tests.scan.scans import FRONT, scan

ALPHA = Axis(key="alpha", low=0.05, high=0.35, count=7).model_dump()
TORTUOSITY = Axis(key="tortuosity", low=1.2, high=2.2, count=5).model_dump()


@pytest.fixture
def frame():
    alpha, tortuosity = np.meshgrid(np.linspace(0.05, 0.35, 7), np.linspace(1.2, 2.2, 5))
    found = pd.DataFrame({"alpha": alpha.ravel(), "tortuosity": tortuosity.ravel()})
    found["ignited.margin"] = 0.17 - found["alpha"]
    yes = found["ignited.margin"] >= 0
    found["fronts.along.speed_mm_per_min"] = np.where(yes, 6 / found["tortuosity"], np.nan)
    return found


def thick(ax):
    """Vertices of the border."""
    (border,) = [c for c in ax.collections if len(c.get_linewidths()) and
                 np.ravel(c.get_linewidths())[0] > 2]  # fmt: skip
    return np.concatenate([path.vertices for path in border.get_paths()])


def test_border_speeds_and_states_are_where_they_belong(frame):
    ax = drawn.risk_map(frame, [ALPHA, TORTUOSITY], "ignited").axes[0]
    assert thick(ax)[:, 0] == pytest.approx(0.17, abs=1e-6)
    stars = [line.get_xydata()[0] for line in ax.lines if line.get_marker() == "*"]
    assert any(np.allclose(star, (0.07, 1.88)) for star in stars)
    numbers = [float(text.get_text()) for text in ax.texts if text.get_text()[0].isdigit()]
    assert numbers and all(2.7 < number < 5.1 for number in numbers)
    assert "alpha" in ax.get_xlabel() and "lambda" in ax.get_ylabel()
    filled = [c for c in ax.collections if c.get_offsets().shape[0] == 15]
    assert any(np.allclose(c.get_facecolor(), to_rgba("black")) for c in filled)


def test_thresholds_have_a_map_and_a_curve(frame):
    frame["threshold.value"] = 100 * frame["alpha"]
    frame["threshold.state"] = "found"
    frame.loc[0, ["threshold.value", "threshold.state"]] = [np.nan, "always"]
    figure = drawn.risk_map(frame, [ALPHA, TORTUOSITY], "ignited", "threshold of x [mM]")
    assert figure.axes[1].get_ylabel() == "threshold of x [mM]"
    line = frame[frame["tortuosity"] == 1.7]
    ax = drawn.curve(line, ALPHA, "ignited", "threshold of x [mM]").axes[0]
    assert ax.lines[0].get_ydata() == pytest.approx(100 * ax.lines[0].get_xdata())


def test_a_scan_over_states_is_drawn(tmp_path):
    text = FRONT + """[[axis]]\nstates = ["cortex", "ischemia"]\n"""
    scan(tmp_path / "scan", text)
    for path in api.plot(tmp_path / "scan"):
        assert path.stat().st_size > 5000
