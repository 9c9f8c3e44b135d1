"""Steps at two rates: what ordinary steps give, as exactly, in less work."""

import functools
from types import SimpleNamespace

from ecs_model.native import MPI

import numpy as np
import pytest

from ecs_model import api
from ecs_model.config import reader, resolve
from ecs_model.errors import ConfigError
from ecs_model.membrane.compiled_step import CompiledStep
from ecs_model.run import build, output
from ecs_model.run.front_tracker import Tracker
from ecs_model.run.two_rates import stepping
from ecs_model.run.two_rates.zone import Course
from tests.helpers import run_here, summary
from tests.parallel.runs import done, settings

LINE = """
[mesh]
generator = "interval"
length = "1.5 mm"
cell = "10 um"

[tissue]
alpha = 0.2
tortuosity = 1.6
ions = ["K"]

[[tissue.regions]]
name = "bolus"
box = { low = ["-1 um"], high = ["0.2 mm"] }
initial = { K_o = "50 mM" }

[membrane]
model = "nagumo"

[time]
end = "12 s"
step = "5 ms"
two_rates = true

[output]
every = "2 s"
series = "0.5 s"
"""
WAVE = (
    "membrane.model=kager_mori",
    'tissue.ions=["K", {name = "Na", D = "1.96e-9 m^2/s"}, {name = "Cl", D = "1.96e-9 m^2/s"}]',
    "time.end=10 s",
)
SALT = 'initial = {K_o = "60 mM", Cl_o = "169 mM"}'
RECTANGLE = 'mesh={generator = "rectangle", size = ["1.5 mm", "0.9 mm"], cell = "30 um"}'


def bolus(*boxes):
    """The override that puts boluses of KCl into boxes, pairs of corners [um]."""
    names = (f'{{name = "b{k}", box = {{low = {_corner(low)}, high = {_corner(high)}}}, {SALT}}}'
             for k, (low, high) in enumerate(boxes))  # fmt: skip
    return f"tissue.regions=[{', '.join(names)}]"


def _corner(point):
    return "[" + ", ".join(f'"{x} um"' for x in point) + "]"


def made(*changes, text=LINE):
    """The Parts of a run of the line."""
    settings = resolve.with_intervals(reader.parse_config(text, "line", list(changes)))
    return build.build(settings, MPI.COMM_SELF)


@functools.cache
def run(*changes, text=LINE):
    """A run: arrival and K+ at nodes along x, residuals of balances, coarse steps."""
    parts = made(*changes, text=text)
    measured, s = output.measure(parts), parts.simulation
    coarse = _counted(s)
    s.run()
    along = np.lexsort(parts.mesh.coordinates.T[::-1])
    report = measured.balance.report()
    residuals = [report, *report.get("ions", {}).values()]
    return SimpleNamespace(
        arrival=parts.tracker.arrival[along],
        highest=parts.tracker.highest[along],
        potassium=s.reaction.variables[0][along],
        residual=max(x["relative_error"] for x in residuals),
        given=report["given"],
        coarse=sum(coarse),
    )


def _counted(simulation):
    """A list that becomes True for each step at two rates, False for each ordinary one."""
    taken, two = [], simulation.two_rates
    if two is not None:
        step = two.step
        two.step = lambda s: (taken.append(step(s)), taken[-1])[1]
    return taken


ORDINARY = "time.two_rates=false"
CORNER = bolus(((-1, -1), (200, 200)))
SWELLING = "membrane.options={swelling = true}"
BAR = 'mesh={generator = "box", size = ["1.5 mm", "0.1 mm", "0.1 mm"], cell = "25 um"}'
MODES = {
    "one ion": (),
    "three ions": (*WAVE, bolus(((-1,), (200,)))),
    "a rectangle": (*WAVE, RECTANGLE, CORNER, "time.end=11 s"),
    "tetrahedra": (*WAVE, BAR, bolus(((-1, -1, -1), (200, 200, 200))), "time.end=15 s"),
    "swelling": (*WAVE, SWELLING, "tissue.tortuosity_exponent=0.4", bolus(((-1,), (200,)))),
    "ions of their own": (*WAVE, 'tissue.ions=["K", "Na", "Cl"]', bolus(((-1,), (200,)))),
}


@pytest.mark.parametrize("mode", MODES)
def test_every_ion_is_conserved(mode):
    found = run(*MODES[mode])
    assert found.residual < 1e-12
    assert found.coarse > 20


@pytest.mark.parametrize("mode", MODES)
def test_fronts_arrive_when_they_do_in_ordinary_steps(mode):
    found, ordinary = run(*MODES[mode]), run(*MODES[mode], ORDINARY)
    came = np.isfinite(ordinary.arrival)
    assert 0.3 < came.mean() and (np.isfinite(found.arrival) == came).mean() > 0.99
    both = came & np.isfinite(found.arrival)
    np.testing.assert_allclose(found.arrival[both], ordinary.arrival[both], atol=2e-3)
    np.testing.assert_allclose(found.potassium, ordinary.potassium, atol=0.1)
    np.testing.assert_allclose(found.highest, ordinary.highest, atol=0.1)


def test_errors_shrink_as_those_of_ordinary_steps(monkeypatch):
    """Coarse and fine steps of half the length, twice: errors fall by nearly sixteen."""

    def errors(coarse, tolerance, ways):
        monkeypatch.setattr(stepping, "COARSE", coarse)
        steps = f"time.tolerance={tolerance} mM", "time.step=1 ms", "output.series=1 s"
        runs = [run(*steps, *TIGHT, f"time.two_rates={way}").potassium for way in ways]
        return [np.abs(k - exact).max() for k in runs]

    exact = run("time.tolerance=1e-4 mM", "time.step=0.5 ms", *TIGHT, ORDINARY).potassium
    long, ordinary = errors(0.5, 0.8, ("true", "false"))
    (short,) = errors(0.125, 0.05, ("true",))
    assert long < 1.2 * ordinary
    assert long / short > 10.0


TIGHT = "membrane.tolerance=1e-6", "time.end=8 s"


def test_two_fronts_meet_when_they_do_in_ordinary_steps():
    ends = bolus(((-1,), (200,)), ((1900,), (2200,)))
    ways = (*WAVE, ends, 'mesh.length="2.1 mm"', "time.end=20 s")
    found, ordinary = run(*ways), run(*ways, ORDINARY)
    assert np.isfinite(ordinary.arrival).all()
    np.testing.assert_allclose(found.arrival, ordinary.arrival, atol=2e-3)
    assert found.coarse > 20 and found.residual < 1e-12


@pytest.mark.parametrize(("level", "ignites"), [(8.1, False), (8.11, True)])
def test_the_least_bolus_that_ignites_is_the_same(level, ignites):
    """It is between the two in ordinary steps, too."""
    box = f'box = {{low = ["-1 um"], high = ["200 um"]}}, initial = {{K_o = "{level} mM"}}'
    weak = *WAVE, f'tissue.regions=[{{name = "weak", {box}}}]', "time.end=20 s"
    for way in ((), (ORDINARY,)):
        assert (run(*weak, *way).highest[50:].max() > 20.0) == ignites


BATH = """
[[boundary]]
on = "right"
bath = "8 mM"
before = "4 mM"
profile = { kind = "pulse", start = "3 s", duration = "4 s" }

[[source]]
name = "pipette"
region = "bolus"
load = "2 mM/s"
profile = { kind = "pulse", start = "4.1 s", duration = "1.3 s" }

[[vessels]]
name = "capillaries"
region = "far"
exchange = "0.2 1/s"
blood = "4 mM"
"""
FAR = 'tissue.regions=[{name = "bolus", box = {low = ["-1 um"], high = ["200 um"]}, %s},'
FAR += '{name = "far", box = {low = ["1000 um"], high = ["1200 um"]}}]'


def test_what_baths_sources_and_vessels_give_is_booked():
    """They act beside the front, and on it at last: then steps are ordinary ones."""
    ways = WAVE[0], 'tissue.ions=["K"]', FAR % 'initial = {K_o = "60 mM"}', "time.end=14 s"
    found, ordinary = (run(*ways, *way, text=LINE + BATH) for way in ((), (ORDINARY,)))
    assert found.residual < 1e-12 and found.coarse > 5
    np.testing.assert_allclose(found.potassium, ordinary.potassium, atol=0.1)
    for name, amount in ordinary.given.items():
        assert found.given[name] == pytest.approx(amount, rel=5e-3), name


def test_where_a_membrane_fails_in_a_coarse_step_ordinary_ones_are_taken(monkeypatch):
    advance, failed = CompiledStep.advance, []

    def weak(self, batch, start, duration, notes=None):
        if 3.0 < start < 5.0 and duration > 0.1:
            failed.append(start)
            return -1
        return advance(self, batch, start, duration, notes)

    monkeypatch.setattr(CompiledStep, "advance", weak)
    found = run(*MODES["three ions"], "time.end=8 s")
    assert failed and found.coarse > 10 and found.residual < 1e-12


def test_a_run_that_is_continued_is_the_same_bit_by_bit(tmp_path):
    text = LINE + '[[line]]\nname = "along"\nstart = ["0 mm"]\nend = ["1.5 mm"]\n'
    options = [*MODES["three ions"], "time.end=4.5 s", 'output.precision="double"']
    whole = run_here(text, tmp_path / "whole", *options)
    parts = run_here(text, tmp_path / "parts", *options[:-2], "time.end=2.5 s", options[-1])
    assert api.resume(parts.path, MPI.COMM_SELF, ["time.end=4.5 s"], quiet=True).code == 0
    ends = [summary(x) for x in (whole, parts)]
    assert ends[0]["balance"] == ends[1]["balance"]
    assert ends[0]["two_rates"] == ends[1]["two_rates"]
    assert ends[0]["two_rates"]["coarse_steps"] > 10 and ends[0]["two_rates"]["share"] < 0.5
    for name in ("series.csv", "lines/along.csv"):
        assert (whole.path / name).read_bytes() == (parts.path / name).read_bytes()


def test_several_processes_go_on_in_ordinary_steps_and_one_in_these_again(tmp_path):
    run = run_here(LINE, tmp_path / "run", "time.end=2 s")
    begun = summary(run)["two_rates"]["coarse_steps"]
    done(2, tmp_path, "resume", "run", *settings("time.end=4 s"))
    assert summary(run)["two_rates"]["coarse_steps"] == begun > 0
    assert api.resume(run.path, MPI.COMM_SELF, ["time.end=6 s"], quiet=True).code == 0
    assert summary(run)["two_rates"]["coarse_steps"] > begun + 4
    assert summary(run)["balance"]["relative_error"] < 1e-12


def test_what_follows_k_sees_fine_steps_where_they_are_taken():
    """K+ rises on a bent line at node 1, in two fine steps, and on a straight one at the others."""
    potassium = np.array([0.0, 0.0, 0.0])
    tracker = Tracker(potassium, 6.0)
    nodes, fine = np.array([1], np.int32), np.array([0, 1, 0], np.int8)
    times, values = np.array([0.0, 1.0, 4.0]), np.array([[8.0], [12.0]])
    potassium[:] = 12.0
    tracker.observe(4.0, _seen(potassium, Course(nodes, fine, times, values)))
    np.testing.assert_allclose(tracker.arrival, [2.0, 0.75, 2.0])
    np.testing.assert_allclose(tracker.above, [2.0, 3.25, 2.0])


def _seen(potassium, course):
    control = SimpleNamespace(rate=np.zeros(len(potassium)))
    reaction = SimpleNamespace(variables=[potassium])
    return SimpleNamespace(reaction=reaction, control=control, pending=0.0, course=course)


OBSTACLES = {
    "the firing of neurons is followed": ("membrane.model=barreto_cressman",),
    "solver.petsc says how increments are solved for": ('solver.petsc={ksp_type = "cr"}',),
    "the sub-steps of membranes are fixed": ("membrane.substeps=4",),
    "more moves than ions that diffuse outside cells": ("solver.scheme=rkl2",),
}


@pytest.mark.parametrize("reason", OBSTACLES)
def test_where_all_steps_are_ordinary_a_note_says_why(reason):
    plain = "tissue.regions=[]", *OBSTACLES[reason]
    assert any(reason in note for note in made(*plain).notes)
    parts = made(*plain, 'time.two_rates="auto"')
    assert parts.simulation.two_rates is None
    assert not any("two_rates" in note for note in parts.notes)


def test_fixed_steps_have_one_rate():
    with pytest.raises(ConfigError, match=r"time.two_rates: has no effect where steps are fixed"):
        made("time.adaptive=false")
