"""Where fronts of discharges travel: by alpha and lambda, a critical alpha, and K+ at rest.

The table and the critical alphas are for K_bath 3 mM, set S of `epileptor2` otherwise. On a line of
1 mm, whose end lies near, speeds agree with the table to 1.5 %, and the rest to 3 %; far from ends
they are 0.0239 and 0.0195 mm/s for alpha 0.2 and lambda 1.3 and 1.6. With alpha 0.1 the pump of the
model, which does not stop where K+ ends, empties the space 35 s after the beginning, and the run is
refused.
"""

from ecs_model.native import MPI

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from ecs_model import api
from ecs_model.errors import SolutionError
from ecs_model.membrane.models import epileptor2
from tests.helpers import found
from tests.verification.discharges import Arrivals, rate_of, speed, text, watched

SOURCE = "independent computation"
STEPS = ("time.tolerance=0.02 mM", "time.drive_tolerance=0.1 Hz")
TABLE = [  # alpha, lambda, speed [mm/s], highest K+ [mM], duration at 0.8 mm [s]
    pytest.param(0.1, 1.3, 0.0415, 43.2, None, marks=pytest.mark.slow),
    (0.1, 1.6, 0.0340, 43.2, None),
    pytest.param(0.1, 2.0, 0.0275, 43.2, None, marks=pytest.mark.slow),
    pytest.param(0.1, 2.5, 0.0222, 43.3, None, marks=pytest.mark.slow),
    pytest.param(0.2, 1.3, 0.0241, 22.5, 23.9, marks=pytest.mark.slow),
    (0.2, 1.6, 0.0196, 22.4, 23.6),
    pytest.param(0.2, 2.0, 0.0158, 22.4, 23.4, marks=pytest.mark.slow),
    pytest.param(0.2, 2.5, 0.0126, 22.4, 23.2, marks=pytest.mark.slow),
]


def tissue(alpha, tortuosity):
    return f"tissue.alpha={alpha}", f"tissue.tortuosity={tortuosity}"


def followed(folder, settings, *overrides):
    """A run as far as it goes: simulation and arrivals; True if it came to its end."""
    path = folder / "front.toml"
    path.write_text(settings)
    simulation = api.simulation(path, MPI.COMM_SELF, overrides)
    arrivals = Arrivals(simulation)
    simulation.observers.append(arrivals)
    try:
        simulation.run()
    except SolutionError as error:
        assert "leaves the range" in str(error)
        return simulation, arrivals, False
    return simulation, arrivals, True


def at(simulation, x):
    """The node nearest to x [mm]."""
    return np.argmin(np.abs(1e3 * simulation.diffusion.operators.mesh.coordinates[:, 0] - x))


@pytest.mark.parametrize(("alpha", "tortuosity", "exact", "potassium", "duration"), TABLE)
def test_table_of_alpha_and_lambda(tmp_path, alpha, tortuosity, exact, potassium, duration):
    settings = text(h=20, step=1, length=1.0, end=80, D="1.96e-9", K_bath=3.0, kick=3)
    simulation, arrivals, ended = followed(tmp_path, settings, *tissue(alpha, tortuosity), *STEPS)
    what = f"ictal front, alpha {alpha}, lambda {tortuosity}"
    ours = speed(simulation, arrivals, 0.6, 0.8)
    found(what, ours, exact, 0.015, "mm/s", SOURCE, rel=True)
    middle = at(simulation, 0.7)
    found(f"{what}: K+", arrivals.highest[middle], potassium, 0.03, "mM", SOURCE, rel=True)
    assert ended == (duration is not None)
    if duration:
        node = at(simulation, 0.8)
        ours = arrivals.ends[node] - arrivals.times[node]
        found(f"{what}: duration", ours, duration, 0.03, "s", SOURCE, rel=True)


@pytest.mark.parametrize("tortuosity", [1.3, pytest.param(2.5, marks=pytest.mark.slow)])
def test_wide_space_carries_no_ictal_front(tmp_path, tortuosity):
    settings = text(h=20, step=1, length=1.0, end=60, D="1.96e-9", K_bath=3.0, kick=3)
    _, arrivals, _ = followed(tmp_path, settings, *tissue(0.4, tortuosity), *STEPS)
    assert np.isnan(arrivals.times).mean() > 0.6


FEED = (
    '[[tissue.regions]]\nname = "feed"\nbox = { low = ["-1 um"], high = ["1 mm"] }\nalpha = 0.2\n'
)
NARROW = 0.005


def distance(folder, alpha, tortuosity, reach, h):
    """How far [mm] a front comes that arrives from a millimetre of alpha 0.2."""
    end = 110 * tortuosity

    settings = text(h=h, step=1, length=3.0, end=end, D="1.96e-9", reach=reach, K_bath=3.0, kick=3)
    settings = settings.replace("[membrane]", f"{FEED}[membrane]")
    steps = STEPS if reach else STEPS[:1]
    simulation, arrivals, _ = followed(folder, settings, *tissue(alpha, tortuosity), *steps)
    x = 1e3 * simulation.diffusion.operators.mesh.coordinates[:, 0]
    return x[~np.isnan(arrivals.times)].max()


@pytest.mark.parametrize(
    ("tortuosity", "reach", "critical", "h"),
    [
        (1.6, 0.1, 0.348, 20),
        pytest.param(2.5, 0.1, 0.332, 20, marks=pytest.mark.slow),
        pytest.param(1.6, None, 0.337, 20, marks=pytest.mark.slow),
        pytest.param(2.5, None, 0.337, 10, marks=pytest.mark.slow),
    ],
)
def test_critical_alpha(tmp_path, tortuosity, reach, critical, h):
    """An established front goes on in tissue below it, and dies within a millimetre above it."""
    below, above = critical - NARROW, critical + NARROW
    assert distance(tmp_path, below, tortuosity, reach, h) > 1.9
    assert distance(tmp_path, above, tortuosity, reach, h) < 1.7


@pytest.mark.slow
def test_critical_alpha_of_small_lambda(tmp_path):
    """It lies between 0.347 and 0.352; the independent computation has 0.357."""
    assert distance(tmp_path, 0.347, 1.3, 0.1, 10) > 1.9
    assert distance(tmp_path, 0.352, 1.3, 0.1, 10) < 1.7


def test_speed_of_diffusion_scales_with_its_root(tmp_path):
    """A quarter of D* on half the grid: the same numbers, half as far apart."""
    speeds = []
    for scale, D in ((1.0, "1.96e-9"), (0.5, "0.49e-9")):
        settings = text(
            h=20 * scale, step=1, length=1.2 * scale, start=0.3 * scale, end=25, D=D, reach=0
        )
        made = watched(tmp_path, settings, "time.tolerance=0.01 mM", "solver.theta=0")
        speeds.append(speed(*made, 0.5 * scale, 0.8 * scale))
    ratio = speeds[1] / speeds[0]
    found("front of diffusion, D*/4: ratio of speeds", ratio, 0.5, 3e-4, "1", "exact")


@pytest.mark.slow
def test_speed_of_diffusion_on_finer_and_finer_meshes(tmp_path):
    """The limit of second order of 10 and 5 um."""
    speeds = []
    for h in (10, 5):
        settings = text(h=h, step=1, length=2.0, end=45, D="1.96e-9", reach=0)
        made = watched(tmp_path, settings, "time.tolerance=0.002 mM", "solver.theta=0")
        speeds.append(speed(*made, 0.6, 1.4))
    limit = speeds[1] + (speeds[1] - speeds[0]) / 3
    found("epileptor2, front of diffusion, limit", limit, 0.03673, 3e-5, "mm/s", SOURCE)


def resting(K):
    """V [mV] of nodes that do not fire at this K+ [mM]."""
    return 26.6 * np.log(K / 3.0)


def areas(K):
    """The integral of phi - rate(phi) up to the phi that sustains itself [Hz^2]; x is 1."""
    p = epileptor2.Parameters()
    state = epileptor2.Contents()

    def surplus(phi):
        V = 1e-3 * (resting(K) + 1e3 * p.G * phi * 0.5)
        return phi - epileptor2.rate(state._replace(V=V), p, None)

    highest = brentq(surplus, 60.0, 100.0, xtol=1e-12)
    kink = 2 * (25.0 - resting(K))  # Hz, where firing begins
    return sum(quad(surplus, *ends, epsabs=1e-10)[0] for ends in ((0, kink), (kink, highest)))


def test_a_burst_stands_still_where_areas_are_equal():
    standing = brentq(areas, 4.5, 5.5, xtol=1e-10)
    found("K+ at which a burst front stands", standing, 4.960941, 1e-5, "mM", SOURCE)


FROZEN = {"J_pump": 0.0, "dK": 0.0, "dNa": 0.0, "dx": 0.0}


def drift(folder, K):
    """Speed [mm/s] of the border between firing and silent tissue whose K+, Na+ and x stay."""
    settings = text(
        h=20, step=2, length=3.0, start=1.5, end=2.0, mass="half", kick=0.2, K_bath=K, **FROZEN
    )
    path = folder / "frozen.toml"
    path.write_text(settings)
    simulation, firing = api.simulation(path, MPI.COMM_SELF, ("time.drive_tolerance=0.02 Hz",)), []
    simulation.observers.append(Looks(firing))
    simulation.run()
    return 3.0 * (firing[-1] - firing[-2])  # a second apart


class Looks:
    """The share of tissue that fires, every second."""

    every = 500

    def __init__(self, shares):
        self._shares = shares

    def observe(self, t, simulation):
        """Look."""
        rate, volumes = rate_of(simulation.reaction), simulation.diffusion.operators.mesh.volumes
        self._shares.append(rate @ volumes / max(rate.max(), 1.0) / volumes.sum())


def test_a_burst_stands_still_in_tissue_where_areas_are_equal(tmp_path):
    K = np.array([4.95, 4.97])
    back, on = (drift(tmp_path, float(k)) for k in K)
    assert back < 0 < on
    standing = K[0] - back * (K[1] - K[0]) / (on - back)
    found("K+ at which a burst stands, tissue", standing, 4.960941, 1e-3, "mM", "equal areas")
