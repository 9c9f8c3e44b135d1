"""K+ stays positive where it is hardest: the flat cells of a whole hemisphere, a sharp load."""

import numpy as np
import pytest

from ecs_model.run.field_series import read_field, read_times
from tests.helpers import run_here, series, summary

TEXT = """
title = "a sharp load in a whole hemisphere"
[mesh]
generator = "ribbon"
surface = "fsaverage5"
layers = 4
[tissue]
D = "2.6e-8 m^2/s"
[[tissue.regions]]
name = "load"
ball = {{ centre = ["-40 mm", "-20 mm", "50 mm"], radius = "12 mm" }}
alpha = 0.05
initial = {{ K_o = 80 }}
[membrane]
model = "none"
initial = {{ K_o = {background} }}
[time]
end = "50 s"
step = "100 ms"
[solver]
theta = {theta}
[output]
every = "12.5 s"
precision = "double"
"""


@pytest.mark.parametrize(
    ("background", "theta"),
    [(0.01, 0.0), *(pytest.param(*p, marks=pytest.mark.slow) for p in [(0.01, 1.0), (3.0, 0.5)])],
)
def test_no_concentration_leaves_its_range(tmp_path, background, theta):
    run = run_here(TEXT.format(background=background, theta=theta), tmp_path / "run")
    fields = [read_field(run.path, "K_o", k) for k in range(len(read_times(run.path)))]
    assert min(f.min() for f in fields) >= 0.0
    assert series(run)["min_K_o"].min() >= 0.0
    found = summary(run)
    assert found["balance"]["relative_error"] < 1e-12
    assert 0 < found["limited_steps"] == found["corrections"]["K"]["steps"]
    assert min(f.min() for f in fields) >= background - 80e-9  # nothing takes any away
    assert max(f.max() for f in fields) <= 80.0 + 80e-9


def test_the_amount_is_the_same_all_the_time(tmp_path):
    amounts = series(run_here(TEXT.format(background=0.01, theta=0.5), tmp_path / "run"))["ecs_K"]
    np.testing.assert_allclose(amounts, amounts[0], rtol=1e-12)


FIBRES = """
[mesh]
generator = "box"
size = ["1.2 mm", "1.2 mm", "0.6 mm"]
cell = "120 um"
unstructured = true
[tissue]
tortuosity = { parallel = 1.2, across = 2.4, direction = [1, 1, 0] }
[membrane]
model = "none"
initial = { K_o = "3 mM" }
[[source]]
name = "pipette"
point = ["0.6 mm", "0.6 mm", "0.3 mm"]
rate = "5 pmol/s"
profile = { kind = "pulse", start = "1 s", duration = "5 s" }
[time]
end = "10 s"
step = "50 ms"
[output]
every = "1 s"
series = "0.5 s"
precision = "double"
"""


def test_nothing_falls_below_where_it_began_beside_a_pipette_in_fibres(tmp_path):
    """Tetrahedra of gmsh of 120 um, none along the fibres: K+ is only brought in."""
    run = run_here(FIBRES, tmp_path / "run")
    table, found = series(run), summary(run)
    assert table["min_K_o"].min() >= 3.0 - 1e-9
    assert found["balance"]["relative_error"] < 1e-12
    assert found["balance"]["given"]["source pipette"] == pytest.approx(25e-12, rel=1e-12)
    assert found["limited_steps"] > 0
    (source,) = found["unresolved"]
    assert source["name"] == "source pipette" and source["change_mM"] > 10.0
