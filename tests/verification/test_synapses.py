"""What synapses bring: the field against its exact solution, fronts against known speeds."""

from ecs_model.native import MPI

import numpy as np
import pytest

from ecs_model import api
from ecs_model.transport.synapses import Drive, Kind
from tests.helpers import found
from tests.verification import discharges
from tests.verification.discharges import speed, text, watched

SOURCE = "independent computation"
MASSES = {"lumped": 0.0, "half": 1 / 12, "consistent": 1 / 6}  # beside the diagonal, of a cell
EXACT = ("solver.rtol=1e-9", "membrane.tolerance=1e-6", "time.adaptive=false")
REACH = 1e-4

FIELD = """
[mesh]
{mesh}
[membrane]
model = "epileptor2"
[time]
end = "1 s"
"""


def field(folder, mesh, share, rate, reach=REACH, options=None):
    """What arrives of a rate, coordinates and volumes of the nodes; `rate` is a function of x."""
    path = folder / "field.toml"
    path.write_text(FIELD.format(mesh=mesh))
    grid = api.simulation(path, MPI.COMM_SELF).diffusion.operators.mesh
    drive = Drive(np.zeros(1), np.zeros(grid.owned), np.zeros(grid.owned))
    kind = Kind(grid, "test", reach, share, drive, 1e-13, options or {})
    x = grid.coordinates[: grid.owned]
    kind.advance(0.0, rate(x), 0.0)
    return drive.value, x, grid.volumes


@pytest.mark.parametrize(("share", "order"), [(0.0, 2), (0.5, 4), (1.0, 2)])
def test_order_of_the_field(tmp_path, share, order):
    """rate = cos(k x) has the field cos(k x) / (1 + reach^2 k^2)."""
    k, errors = 3 * np.pi / 1e-3, []
    for h in (25, 12.5):
        mesh = f'generator = "interval"\nlength = "1 mm"\ncell = "{h} um"'
        phi, x, _ = field(tmp_path, mesh, share, lambda x: 50 * np.cos(k * x[:, 0]))
        exact = 50 * np.cos(k * x[:, 0]) / (1 + (REACH * k) ** 2)
        errors.append(np.abs(phi - exact).max())
    ours = np.log2(errors[0] / errors[1])
    found(f"synapses, order with {share} of the consistent mass", ours, order, 0.02, "1", SOURCE)


@pytest.mark.parametrize(
    "options",
    [
        {"ksp_type": "gmres"},
        {"pc_type": "gamg"},
        {"ksp_norm_type": "unpreconditioned"},
        {"pc_type": "none"},
    ],
    ids=str,
)
def test_any_solver_gives_the_same_field(tmp_path, options):
    mesh = 'generator = "rectangle"\nsize = ["0.5 mm", "0.4 mm"]\ncell = "40 um"'
    usual, ours = (field(tmp_path, mesh, 0.5, _lump, options=o)[0] for o in ({}, options))
    np.testing.assert_allclose(ours, usual, rtol=0, atol=1e-7)  # solves stop 1e-9 Hz from silence


def _lump(x):
    return 80 * np.exp(-((x[:, 0] / 1e-4) ** 2))


@pytest.mark.parametrize(
    "mesh",
    [
        'generator = "interval"\nlength = "1 mm"\ncell = "20 um"',
        'generator = "rectangle"\nsize = ["0.5 mm", "0.4 mm"]\ncell = "40 um"\nunstructured = true',
        'generator = "box"\nsize = ["0.4 mm", "0.3 mm", "0.3 mm"]\ncell = "60 um"',
    ],
    ids=["interval", "triangles", "tetrahedra"],
)
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_what_arrives_is_what_is_sent(tmp_path, mesh, share):
    """Nothing leaves through the surface: the integral of the field is that of the rate."""
    phi, x, volumes = field(tmp_path, mesh, share, lambda x: 10.0 * (x[:, 0] < 1e-4))
    if share:  # a consistent mass weighs by its row sums, which are the volumes
        assert phi.std() > 0.1
    sent = volumes @ (10.0 * (x[:, 0] < 1e-4))
    np.testing.assert_allclose(volumes @ phi, sent, rtol=1e-9)


HEAVISIDE = '''
"""A field that fires all or nothing: tau V' = -V + W phi, rate H(V - theta)."""

import numpy as np

from ecs_model.membrane.drives import received
from ecs_model.membrane.model import MembraneModel
from ecs_model.record import Record, concentration, quantity, record


@record
class State(Record):
    """One node."""

    K_o = concentration(3.0, "extracellular potassium, which stays")
    V = quantity(0.0, "1", "activity")


@record
class Parameters:
    """Numbers."""

    tau = quantity(10.0, "ms", "time constant")
    W = quantity(1.0, "1", "weight")
    theta = quantity(0.3, "1", "threshold")
    I = quantity(0.0, "1", "stimulus")


def rate(y, p, env):
    """1 above the threshold, 0 below."""
    return np.where(y.V > p.theta, 1.0, 0.0)


def rhs(y, p, env):
    """Time derivative."""
    phi = received(env, "drive", rate(y, p, env))
    return State(K_o=0.0 * y.K_o, V=(p.W * phi + p.I - y.V) / p.tau)


model = MembraneModel(
    name="heaviside",
    summary="all or nothing",
    State=State,
    Parameters=Parameters,
    rhs=rhs,
    observables={"rate": ("Hz", rate)},
    rate="rate",
    drives={"drive": "rate"},
    closed=False,
    electroneutral=False,
)
'''


def lattice_speed(mass, h=25e-6, reach=REACH, tau=10e-3, W=1.0, theta=0.3):
    """Exact speed [mm/s] on equal P1 cells, in continuous time."""
    m, r = MASSES[mass], (reach / h) ** 2
    total = (1 - 2 * m + 2 * r) / (r - m)
    q = total / 2 - np.sqrt(total**2 / 4 - 1)
    b = r / ((r - m) * (1 + q))
    return 1e3 * h / (-tau * np.log((b * W * q - theta) / (b * W * q - theta * q)))


def test_the_speeds_on_equal_cells_are_the_known_ones():
    found("Heaviside front, lumped, 25 um", lattice_speed("lumped"), 6.378699, 1e-6, "mm/s", SOURCE)
    fine = lattice_speed("half", h=1e-8)
    found("Heaviside front", fine, 1e3 * REACH / 10e-3 * (1 / 0.6 - 1), 1e-6, "mm/s")


@pytest.mark.parametrize("mass", MASSES)
def test_speed_of_a_front_that_is_all_or_nothing(tmp_path, mass):
    """Measured where the beginning is forgotten, 10 tau later, and 6 reaches from the end.

    A node that crosses the threshold within a step is seen at its end, so that the time from node
    to node is known to a step: half a per cent, half the difference between two masses.
    """
    (tmp_path / "heaviside.py").write_text(HEAVISIDE)
    settings = text(length=2.4, h=25, end=0.3, step=0.02, mass=mass)
    settings = settings.replace('model = "epileptor2"', 'file = "heaviside.py"')
    settings = settings.replace('"50 mV"', "2.0").replace("initial = {", "#")
    exact = lattice_speed(mass)
    settings = "\n".join(x for x in settings.splitlines() if not x.startswith("#"))
    made = watched(tmp_path, settings, *EXACT, level=0.5)
    share = 0.02e-3 * exact / 25e-3  # of a step in the time from node to node
    ours = speed(*made, 1.0, 1.8)
    found(f"Heaviside front on P1 cells, {mass}", ours, exact, share, "mm/s", rel=True)


@pytest.mark.parametrize(("h", "exact"), [(20, 4.7418), (10, 4.7486)])
def test_speed_of_a_burst(tmp_path, h, exact):
    made = watched(tmp_path, text(h=h, end=0.75, step=0.2), *EXACT)
    what = f"epileptor2, burst by synapses alone, lumped, {h} um"
    found(what, speed(*made, 1.0, 2.5), exact, 2e-3, "mm/s", SOURCE)


@pytest.mark.parametrize("mass", ["half"])
def test_half_of_each_mass_gives_the_limit(tmp_path, mass):
    made = watched(tmp_path, text(end=0.75, step=0.2, mass=mass), *EXACT)
    ours = speed(*made, 1.0, 2.5)
    found("epileptor2, burst by synapses alone, half-lumped", ours, 4.751, 2e-3, "mm/s", SOURCE)


@pytest.mark.parametrize("reach", [0.05, 0.2])
def test_speed_of_a_burst_is_proportional_to_reach(tmp_path, reach):
    scale = reach / 0.1
    settings = text(
        h=20 * scale, length=3 * scale, start=0.3 * scale, reach=reach, end=0.75, step=0.2
    )
    ours = speed(*watched(tmp_path, settings, *EXACT), scale, 2.5 * scale) / reach
    found(f"epileptor2, burst speed / reach, {reach} mm", ours, 47.418, 0.03, "1/s", SOURCE)


def test_a_planar_burst_is_the_same_in_one_two_and_three_dimensions(tmp_path):
    """Nodes at corners of the strip weigh less or more than a share of it: not to round-off."""
    speeds = [
        speed(*watched(tmp_path, text(d, length=1.6, end=0.5, step=0.25), *EXACT), 0.6, 1.2)
        for d in (1, 2, 3)
    ]
    for d in (2, 3):
        found(f"planar burst in {d}-D", speeds[d - 1], speeds[0], 1e-4, "mm/s", "1-D", rel=True)


def test_adaptive_steps_follow_bursts(tmp_path):
    made = watched(tmp_path, text(end=0.75, step=0.2), "solver.rtol=1e-6")
    found("burst, adaptive steps", speed(*made, 1.0, 2.5), 4.7418, 0.005, "mm/s", SOURCE, rel=True)
    assert made[0].steps < 1500 and made[0].synapses.error < 2


SLOW = {"h": 20, "step": 1, "length": 2.0}


def test_slow_front_of_diffusion_and_synapses(tmp_path):
    settings = text(**SLOW, end=60, D="1.96e-9", K_bath=6.0, kick=3)
    tight = "time.tolerance=0.002 mM", "time.drive_tolerance=0.02 Hz"
    ours = speed(*watched(tmp_path, settings, *tight), 0.6, 1.4)
    what = "epileptor2, slow front of diffusion and synapses, 20 um"
    found(what, ours, 0.02800, 3e-5, "mm/s", SOURCE)


def test_slow_front_of_synapses_alone(tmp_path):
    """A burst runs ahead of it; K+ above 12 mM tells the discharge."""
    settings = text(**SLOW, end=60, K_bath=7.5, kick=1)
    made = watched(tmp_path, settings, "time.tolerance=0.02 mM", by_potassium=True, level=12.0)
    what = "epileptor2, slow front of synapses alone, 20 um"
    found(what, speed(*made, 0.6, 1.2), 0.01873, 1e-4, "mm/s", SOURCE)


@pytest.mark.slow
@pytest.mark.parametrize(("h", "exact"), [(20, 0.03472), (10, 0.03606), (5, 0.03657)])
def test_slow_front_of_diffusion_alone(tmp_path, h, exact):
    settings = text(h=h, step=1, length=2.0, end=45, D="1.96e-9", reach=0)
    overrides = "time.tolerance=0.01 mM", "solver.theta=0"
    ours = speed(*watched(tmp_path, settings, *overrides), 0.6, 1.4)
    found(f"epileptor2, front of diffusion, {h} um", ours, exact, 3e-5, "mm/s", SOURCE)


def test_resolution_is_told(tmp_path):
    path = tmp_path / "coarse.toml"
    path.write_text(discharges.text(h=50))
    assert any("synapses 'axons'" in line for line in api.check(path, MPI.COMM_SELF))
    path.write_text(discharges.text(2, h=25))
    assert not any("synapses 'axons'" in line for line in api.check(path, MPI.COMM_SELF))
