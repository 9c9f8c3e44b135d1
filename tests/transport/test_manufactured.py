"""Every mode of transport against a manufactured solution, in 1-D, 2-D and 3-D.

alpha varies in space and time, lambda in space and with alpha. All concentrations follow one field
s(x, t), so that in electrodiffusion a potential exists for which no current flows anywhere:

    c_k = b_k + a_k s,   psi = -(A/C) ln(B + C s),   A = sum z D a, B = sum z^2 D b, C = sum z^2 D a
"""

from ecs_model.native import MPI

import numpy as np
import pytest

from ecs_model.physics.ions import Ion
from ecs_model.tissue.mesh import Mesh
from ecs_model.transport.diffusion import Diffusion
from ecs_model.transport.electrodiffusion import Electrodiffusion
from ecs_model.transport.ions import Ions
from ecs_model.transport.matrices import Operators
from ecs_model.transport.swelling_matrices import Following
from tests.helpers import brick, found, line

D, LENGTH, END, OMEGA, EXPONENT = 2e-8, 1e-3, 2.0, 0.9, 0.2
K, NA, CL = Ion("K", 1, 1.0), Ion("Na", 1, 0.68), Ion("Cl", -1, 1.036)
LEVELS = {K: (20.0, 12.0), NA: (100.0, -30.0), CL: (90.0, -18.0)}  # b, a [mM]; no charge in a
A, B, C = (
    sum(ion.valence**n * ion.ratio * LEVELS[ion][i] for ion in LEVELS)
    for n, i in ((1, 1), (2, 0), (2, 1))
)
CELLS = {1: (12, 24, 48), 2: (8, 16, 32), 3: (5, 10, 20)}


def wave(x):
    """Product of cosines of all coordinates: no flux through the boundary."""
    return np.cos(np.pi * x / LENGTH).prod(axis=-1)


def s(x, t):
    return wave(x) * np.cos(OMEGA * t)


def alpha_rest(x):
    return 0.2 * (1 + 0.3 * np.cos(np.pi * x[..., 0] / LENGTH))


def share(x, t):
    """alpha over that at rest."""
    return 1 + 0.3 * np.cos(2 * np.pi * x[..., 0] / LENGTH) * np.sin(OMEGA * t)


def diffusivity(x):
    """D / lambda^2 of K+ at rest."""
    return D * (1 - 0.3 * np.cos(np.pi * x[..., -1] / LENGTH))


def concentration(ion, x, t):
    b, a = LEVELS[ion]
    return b + a * s(x, t)


def psi(x, t):
    return -A / C * np.log(B + C * s(x, t))


def flux_density(ion, x, t, bound):
    """What stands before the gradient of s in the flux."""
    drift = -ion.valence * concentration(ion, x, t) * A / (B + C * s(x, t)) if bound else 0.0
    weight = alpha_rest(x) * share(x, t) ** (1 + 2 * EXPONENT) * diffusivity(x)
    return ion.ratio * weight * (LEVELS[ion][1] + drift)


def divergence(ion, x, t, bound):
    h, total = 1e-3 * LENGTH, 0.0
    for axis in np.eye(x.shape[1]):
        middles = [x + side * h / 2 * axis for side in (1, -1)]
        fluxes = [
            flux_density(ion, m, t, bound) * (s(m + h / 2 * axis, t) - s(m - h / 2 * axis, t)) / h
            for m in middles
        ]
        total = total + (fluxes[0] - fluxes[1]) / h
    return total


def tissue(d, cells):
    data = line(cells, LENGTH) if d == 1 else brick((cells,) * d, (LENGTH,) * d)
    mesh = Mesh(MPI.COMM_WORLD, data)
    middle = mesh.coordinates[mesh.cell_nodes].mean(axis=1)[:, :d]
    return Operators(mesh, alpha_rest(middle), diffusivity(middle), 0.5)


def transport_of(mode, operators, values):
    parts = {
        ion: Diffusion(operators, c, rtol=1e-11, ratio=ion.ratio, name=ion.name)
        for ion, c in values.items()
    }
    if mode == "electrodiffusion":
        return Electrodiffusion(operators, parts, 310.15, 1e-9)
    return Ions(operators, parts) if len(parts) > 1 else next(iter(parts.values()))


def errors(mode, d, cells):
    """Errors of the concentrations [mM] and of the potential, as mean squares over the tissue."""
    rest, steps = tissue(d, cells), cells
    x, dt = rest.mesh.coordinates[: rest.mesh.owned, :d], END / steps
    base = rest.lumped / rest.mesh.volumes  # alpha_rest, as nodes see it
    alpha = base * share(x, 0.0)
    operators = Following(rest, alpha, base, EXPONENT)
    ions, bound = [K, NA, CL][: 1 if mode == "K" else 3], mode == "electrodiffusion"
    values = {ion: concentration(ion, x, 0.0) for ion in ions}
    transport = transport_of(mode, operators, values)

    def react(t, h):
        """Half a step of membranes: water moves, and what transport will take away enters."""
        later = base * share(x, t + h)
        for ion, c in values.items():
            change = later * concentration(ion, x, t + h) - alpha * concentration(ion, x, t)
            change -= h * divergence(ion, x, t + h / 2, bound)
            c[:] = (alpha * c + change) / later
        alpha[:] = later

    for k in range(steps):
        react(k * dt, dt / 2)
        transport.advance(k * dt, dt)
        react((k + 0.5) * dt, dt / 2)
    volumes = rest.mesh.volumes / rest.mesh.volumes.sum()
    size = lambda e: np.sqrt(volumes @ e**2)  # noqa: E731
    worst = max(size(c - concentration(ion, x, END)) for ion, c in values.items())
    if not bound:
        return worst, 0.0
    difference = transport.psi - psi(x, END - dt / 2)  # it belongs to the middle of a step
    return worst, size(difference - volumes @ difference)


CASES = [(mode, d) for mode in ("K", "ions", "electrodiffusion") for d in (1, 2, 3)]
LONG = CASES[-1]  # the others have its terms, two by two


@pytest.mark.parametrize(
    ("mode", "d"), [pytest.param(*c, marks=[pytest.mark.slow] * (c == LONG)) for c in CASES]
)
def test_transport_is_second_order_in_h_and_dt(mode, d):
    table = np.array([errors(mode, d, n) for n in CELLS[d]])
    if mode != "electrodiffusion":
        table = table[:, :1]
    orders = np.log2(table[:-1] / table[1:])
    for name, order in zip(("concentration", "potential"), orders[-1], strict=False):
        found(f"manufactured solution, {mode}, {d}-D: order of the {name}", order, 2.0, 0.1)
    assert table[-1, 0] < 0.02


def test_the_manufactured_solution_is_neutral_and_carries_no_current():
    x, t = np.random.default_rng(0).uniform(0, LENGTH, (50, 3)), 0.7
    assert sum(ion.valence * a for ion, (_, a) in LEVELS.items()) == 0
    current = sum(ion.valence * flux_density(ion, x, t, True) for ion in LEVELS)
    np.testing.assert_allclose(current, 0.0, atol=1e-20)
