"""Several ions: electroneutral, conserved, with the exact laws of salts."""

from ecs_model.native import MPI

import numpy as np
import pytest

from ecs_model.errors import SolutionError
from ecs_model.physics.ions import Ion
from ecs_model.tissue.mesh import Mesh
from ecs_model.transport.diffusion import Diffusion
from ecs_model.transport.electrodiffusion import Electrodiffusion
from ecs_model.transport.ions import Ions
from ecs_model.transport.matrices import Operators
from ecs_model.transport.swelling_matrices import Following
from tests.helpers import brick, found, line

T = 310.15
D = 1e-9
K, NA, CL = Ion("K", 1, 1.0), Ion("Na", 1, 0.68), Ion("Cl", -1, 1.036)


def tissue(data, alpha=0.2, theta=0.5):
    mesh = Mesh(MPI.COMM_WORLD, data)
    cells = len(mesh.cell_tags)
    fraction = np.where(mesh.cell_tags == mesh.cell_tags.min(), alpha, 0.7 * alpha)
    return Operators(mesh, fraction, np.full(cells, D), theta)


def uniform(data, theta=0.5):
    mesh = Mesh(MPI.COMM_WORLD, data)
    cells = len(mesh.cell_tags)
    return Operators(mesh, np.full(cells, 0.2), np.full(cells, D), theta)


def parts(operators, values, rtol=1e-10):
    return {
        ion: Diffusion(operators, c, rtol=rtol, ratio=ion.ratio, name=ion.name)
        for ion, c in values.items()
    }


def bound(operators, values, rtol=1e-10):
    return Electrodiffusion(operators, parts(operators, values, rtol), T, 10 * rtol)


def mixture(x, equal=False):
    """K+, Na+ and Cl- with a smooth bolus of KCl, neutral beside fixed charges."""
    bolus = 30 * np.exp(-((x / 60e-6) ** 2))
    ions = [Ion(i.name, i.valence, 1.0) if equal else i for i in (K, NA, CL)]
    return dict(zip(ions, (4 + bolus, 140 - 0 * x, 113 + bolus), strict=True))


def charge(values):
    return sum(ion.valence * c for ion, c in values.items())


def test_the_least_that_is_left_of_the_bound_ion_is_found_and_refused():
    operators = uniform(line(8))
    values = mixture(operators.mesh.coordinates[: operators.mesh.owned, 0])
    transport = bound(operators, values)
    for ion, part in transport.parts.items():
        part.increment[:] = 0.0 if ion is CL else -2.0 - np.arange(len(part.values))
    least = transport.increments.bind(2)
    left = values[CL] + sum(transport.parts[ion].increment for ion in (K, NA))
    assert least == pytest.approx(left.min(), rel=1e-14) and least < left.max()
    with pytest.raises(SolutionError, match="Cl becomes negative"):
        transport.parts[CL].range.refuse_negative(0.0, 1.0, -1.0)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_no_node_gains_charge_and_no_ion_is_lost(d):
    counts, size = (40, 12, 6)[:d], (1e-3, 0.3e-3, 0.15e-3)[:d]
    operators = tissue(brick(counts, size, jitter=0.2 * (d > 1)))
    values = mixture(operators.mesh.coordinates[: operators.mesh.owned, 0])
    before = charge(values).copy()
    totals = {ion: operators.lumped @ c for ion, c in values.items()}
    transport = bound(operators, values, 1e-4)
    for k in range(20):
        transport.advance(0.1 * k, 0.1)
    scale = 250.0
    gained = np.abs(charge(values) - before).max() / scale
    found(f"electrodiffusion, {d}-D: charge that a node gained", gained, 0.0, 1e-13)
    for ion, c in values.items():
        what = f"electrodiffusion, {d}-D: total of {ion.name}"
        found(what, operators.lumped @ c / totals[ion], 1.0, 1e-13)
    assert np.ptp(transport.psi) > 1e-3  # there was something to bind


def test_equal_diffusivities_need_no_field():
    operators = tissue(brick((30, 8), (1e-3, 0.2e-3), jitter=0.2))
    x = operators.mesh.coordinates[: operators.mesh.owned, 0]
    one, two = mixture(x, equal=True), mixture(x, equal=True)
    transports = bound(operators, one), Ions(operators, parts(operators, two))
    for transport in transports:
        for k in range(10):
            transport.advance(0.2 * k, 0.2)
    for a, b in zip(one.values(), two.values(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-7)
    assert np.abs(transports[0].psi).max() < 1e-8


def salt_error(cells):
    """Greatest error of a cosine of salt, and of its potential, after it decayed."""
    length, wave, tau = 0.4e-3, np.pi / 0.4e-3, 10.0
    operators = uniform(line(cells, length), 0.0)
    x = operators.mesh.coordinates[: operators.mesh.owned, 0]
    values = {ion: 100 + 50 * np.cos(wave * x) for ion in (K, CL)}
    transport = bound(operators, values)
    for k in range(400):
        transport.advance(k * tau / 400, tau / 400)
    effective = 2 * K.ratio * CL.ratio / (K.ratio + CL.ratio) * D
    salt = lambda t: 100 + 50 * np.cos(wave * x) * np.exp(-(wave**2) * effective * t)  # noqa: E731
    share = (CL.ratio - K.ratio) / (K.ratio + CL.ratio)
    middle = tau - tau / 800  # of the last step: there the potential belongs
    potential = transport.psi - share * np.log(salt(middle))
    return np.abs(values[K] - salt(tau)).max(), np.ptp(potential)


def test_a_binary_salt_diffuses_as_the_closed_form_says_and_makes_the_junction_potential():
    errors = np.array([salt_error(n) for n in (10, 20, 40)])
    orders = np.log2(errors[:-1] / errors[1:])
    found("binary salt, 2 D+ D- / (D+ + D-): order in h", orders[-1, 0], 2.0, 0.15)
    found("its liquid-junction potential: order in h", orders[-1, 1], 2.0, 0.15)
    np.testing.assert_allclose(orders, 2.0, atol=0.15)
    assert errors[-1, 0] < 0.02
    assert errors[-1, 1] < 1e-4


def stepped(rtol, salt=(K, CL), height=20.0, dt=0.1):
    """Concentrations after 24 steps with a bolus of salt before the 12th, and rounds of each."""
    operators = tissue(brick((40, 10), (1e-3, 0.2e-3), jitter=0.2))
    x = operators.mesh.coordinates[: operators.mesh.owned, 0]
    values, rounds = mixture(x), []
    transport = bound(operators, values, rtol)
    for k in range(24):
        if k == 12:
            for ion in salt:
                values[ion] += height * np.exp(-(((x - 0.5e-3) / 60e-6) ** 2))
        transport.advance(dt * k, dt)
        rounds.append(transport.rounds)
    return values, rounds


def test_one_round_is_enough_but_after_a_jump_of_charge():
    """Na+ diffuse much slower than Cl-: a bolus of them brings charge that nobody expected."""
    _, rounds = stepped(1e-4, (NA, CL), 60.0)
    assert rounds[:12] == [1] * 12
    assert rounds[12] > 1
    assert rounds[16:] == [1] * 8


def test_what_came_too_late_acts_in_the_next_step(monkeypatch):
    """Ions of one round are those of as many rounds as it takes; much less so without."""
    exact, rounds = stepped(1e-9)
    assert min(rounds) > 1
    near, rounds = stepped(1e-4)
    assert max(rounds) == 1
    monkeypatch.setattr("ecs_model.transport.electrodiffusion.SHORTER", np.inf)
    never, _ = stepped(1e-4)
    distances = [max(np.abs(c[ion] - exact[ion]).max() for ion in exact) for c in (near, never)]
    assert distances[0] < 0.4 * distances[1]
    assert distances[0] < 2e-3


def test_following_a_uniform_change_is_assembling_anew():
    mesh = Mesh(MPI.COMM_WORLD, brick((8, 6, 4), (1e-3, 0.8e-3, 0.5e-3), jitter=0.2))
    cells = np.ones(len(mesh.cell_tags))
    rest = Operators(mesh, 0.2 * cells, D * cells, 0.5)
    alpha = np.full(mesh.owned, 0.2)
    now = Following(rest, alpha, 0.2, exponent=0.2)
    alpha[:] = 0.1
    now.follow()
    new = Operators(mesh, 0.1 * cells, D * 0.5**0.4 * cells, 0.5)
    for a, b in ((now.stiffness, new.stiffness), (now.mass, new.mass)):
        assert (a - b).norm() < 1e-12 * b.norm()
    np.testing.assert_allclose(now.lumped, new.lumped, rtol=1e-12)


@pytest.mark.parametrize("kind", [Ions, Electrodiffusion])
def test_what_is_not_finite_is_refused(kind):
    operators = uniform(line(20))
    values = mixture(operators.mesh.coordinates[: operators.mesh.owned, 0])
    next(iter(values.values()))[3] = np.nan
    rest = (T,) if kind is Electrodiffusion else ()
    with pytest.raises(SolutionError, match="not finite"):
        kind(operators, parts(operators, values), *rest).advance(0.0, 0.05)
