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


def made(*changes):
    """The Parts of a run of the line."""
    settings = resolve.with_intervals(reader.parse_config(LINE, "line", list(changes)))
    return build.build(settings, MPI.COMM_SELF)


@functools.cache
def run(*changes):
    """A run: arrival and K+ at nodes along x, residuals of balances, coarse and ordinary steps."""
    parts = made(*changes)
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
        coarse=sum(coarse),
        ordinary=len(coarse) - sum(coarse),
        work=s.reaction.block_steps,
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
MODES = {
    "one ion": (),
    "three ions": (*WAVE, bolus(((-1,), (200,)))),
    "a rectangle": (*WAVE, RECTANGLE, CORNER, "time.end=15 s"),
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
