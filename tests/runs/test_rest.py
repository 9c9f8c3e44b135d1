"""Runs and cells that begin at rest at the parameters in use, and what is said of others."""

import numpy as np
import pytest

from ecs_model import api
from ecs_model.errors import ConfigError
from ecs_model.membrane import MODELS, rest
from ecs_model.membrane.model import MembraneModel, Surroundings
from ecs_model.record import quantity, record
from ecs_model.run.rundir import RunDir
from ecs_model.run.tables import read_series
from tests.helpers import launch

BATH = """\
[mesh]
generator = "interval"
length = "0.4 mm"
cell = "50 um"
[tissue]
alpha = {alpha}
[[tissue.regions]]
name = "focus"
box = {{ low = ["-1 mm"], high = ["0.21 mm"] }}
{focus}
[membrane]
model = "wei_ullah_schiff"
start = "{start}"
parameters = {{ K_bath = "{K_bath}" }}
[[probe]]
name = "left"
at = ["0.05 mm"]
[[probe]]
name = "right"
at = ["0.35 mm"]
[time]
end = "{end} s"
[output]
every = "{end} s"
"""
PLAIN = {"alpha": 0.1, "K_bath": "6 mM", "start": "rest", "focus": "", "end": 10}


def series(folder, **settings):
    (folder / "run.toml").write_text(BATH.format(**PLAIN | settings))
    assert api.run(folder / "run.toml", folder / "out", quiet=True, overwrite=True).code == 0
    return read_series(RunDir(folder / "out").series)[0]


def notes_of(folder, **settings):
    (folder / "run.toml").write_text(BATH.format(**PLAIN | settings))
    return "\n".join(api.check(folder / "run.toml"))


def test_a_run_that_begins_at_rest_stays(tmp_path):
    """Its K+ is what tissue that begins elsewhere creeps towards for minutes."""
    K = series(tmp_path)["K_o@left"]
    assert K[0] == pytest.approx(5.69, abs=0.01)
    np.testing.assert_allclose(K, K[0], rtol=0, atol=1e-6)


def test_a_run_that_begins_elsewhere_creeps(tmp_path):
    K = series(tmp_path, start="initial")["K_o@left"]
    assert K[0] == pytest.approx(3.358, abs=1e-3) and K[-1] - K[0] > 0.5


def test_every_region_rests_by_itself(tmp_path):
    """K+ of regions moves only by diffusion between them."""
    columns = series(tmp_path, focus='parameters = { K_bath = "4 mM" }', end=0.1)
    left, right = columns["K_o@left"], columns["K_o@right"]
    assert right[0] == pytest.approx(5.69, abs=0.01) and left[0] < 4
    np.testing.assert_allclose(right, right[0], rtol=0, atol=1e-3)
    np.testing.assert_allclose(left, left[0], rtol=0, atol=1e-3)


@pytest.mark.parametrize("n", [1, 2, pytest.param(3, marks=pytest.mark.slow)])
def test_a_set_that_only_oscillates_is_refused_by_name(tmp_path, n):
    (tmp_path / "run.toml").write_text(BATH.format(**PLAIN | {"alpha": 0.2, "K_bath": "8 mM"}))
    done = launch(n, "run", tmp_path / "run.toml", "-o", tmp_path / "out", "--quiet")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    line = BATH.splitlines().index('start = "{start}"') + 1
    told = f"run.toml:{line}: membrane.start: wei_ullah_schiff has no stable steady state"
    assert told in done.stderr
    assert "alpha = 0.2, K_bath = 8 mM" in done.stderr


def test_the_region_that_never_rests_is_named(tmp_path):
    own = 'parameters = { K_bath = "8 mM" }'
    (tmp_path / "run.toml").write_text(BATH.format(**PLAIN | {"alpha": 0.2, "focus": own}))
    with pytest.raises(ConfigError, match=r"no stable steady state .* of the region 'focus' with"):
        api.run(tmp_path / "run.toml", tmp_path / "out", quiet=True)


def test_a_run_that_is_not_at_rest_says_how_fast_it_drifts(tmp_path):
    assert "start: not a steady state, K_o changes by up to 0.68 mM/s" in notes_of(
        tmp_path, start="initial"
    )
    assert "start: not a steady state" not in notes_of(tmp_path)


@record
class Place:
    K_o = quantity(1.0, "mM", "a place between three rests")


@record
class Slope:
    slope = quantity(1.0, "mM/s", "of the rate")


def around(y, p, env):
    """Stable at K_o = 1 and 2, unstable at 1.5."""
    return Place(-(y.K_o - 1.0) * (y.K_o - 1.5) * (y.K_o - 2.0) * p.slope)


def test_several_steady_states_are_told():
    model = MembraneModel("places", "two stable places", Place, Slope, around)
    found = rest.at_rest(model, Slope(), Place(np.array([1.2, 1.2])), Surroundings())
    np.testing.assert_allclose(found.state.K_o, 1.0, rtol=0, atol=1e-12)
    assert found.several.startswith("start: places has 2 stable steady states with alpha = 0.2 (K")
    assert "1, 2 mM" in found.several


def test_a_set_is_solved_once(monkeypatch):
    model = MODELS["barreto_cressman"]
    solved = []
    one = rest._stable
    monkeypatch.setattr(rest, "_stable", lambda *a, **k: solved.append(a) or one(*a, **k))
    K_bath = np.repeat([4.0, 5.0, 6.0], 400)
    state = model.State(*(np.full(len(K_bath), v) for v in model.State()))
    found = rest.at_rest(model, model.Parameters()._replace(K_bath=K_bath), state, Surroundings())
    assert len(solved) == 3 and len(np.unique(found.state.K_o)) == 3
    rates = model.rhs(found.state, model.Parameters()._replace(K_bath=K_bath), Surroundings())
    np.testing.assert_allclose(rates.K_o, 0.0, atol=1e-9)


def test_too_many_sets_are_refused():
    model = MODELS["barreto_cressman"]
    K_bath = np.linspace(4.0, 6.0, 1000)
    state = model.State(*(np.full(1000, v) for v in model.State()))
    with pytest.raises(ConfigError, match=r"1000 sets .* at most 500 are possible"):
        rest.at_rest(model, model.Parameters()._replace(K_bath=K_bath), state, Surroundings())


def test_cells_begin_at_rest(tmp_path):
    (tmp_path / "cell.toml").write_text(
        '[membrane]\nmodel = "wei_ullah_schiff"\nstart = "rest"\n'
        'parameters = { K_bath = "6 mM" }\n[node]\nalpha = 0.1\n'
        '[time]\nend = "5 s"\n'
    )
    api.cell(tmp_path / "cell.toml", tmp_path / "out")
    K = np.loadtxt(tmp_path / "out" / "course.csv", delimiter=",", skiprows=1, usecols=2)
    assert len(K) > 1 and K[0] == pytest.approx(5.69, abs=0.01)
    np.testing.assert_allclose(K, K[0], rtol=0, atol=1e-6)
