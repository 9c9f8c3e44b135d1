"""Transport against exact solutions: interfaces, orders, spread, conservation, positivity."""

from ecs_model.native import MPI

import numpy as np
import pytest

from ecs_model.tissue.mesh import Mesh
from ecs_model.tissue.regions import axes, diffusivity, diffusivity_tensor
from ecs_model.tissue.sources import (
    Load,
    cell_load,
    facet_bath,
    facet_exchange,
    facet_load,
    gaussian_load,
    point_load,
)
from ecs_model.tissue.time_course import Profile, constant, pulse
from ecs_model.transport.diffusion import Diffusion
from ecs_model.transport.matrices import Operators
from ecs_model.transport.rkl2 import SuperTimeStepping
from tests.helpers import brick, found, line

D = 1.96e-9
COMM = MPI.COMM_SELF


def layers(mesh, first=(0.2, 1.6), second=(0.1, 1.8), theta=0.5):
    """Operators of two layers of given (alpha, tortuosity)."""
    one = mesh.cell_tags == 1
    alpha, tortuosity = (np.where(one, a, b) for a, b in zip(first, second, strict=True))
    return Operators(mesh, alpha, diffusivity(D, tortuosity), theta)


def total(operators, potassium):
    return float(operators.lumped @ potassium)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_interface_of_two_layers(d):
    """alpha inside the divergence: 5.548673 mM between (0.2, 1.6) and (0.1, 1.8); 6.9724 if not."""
    mesh = Mesh(COMM, brick([10] + [2] * (d - 1), [1e-3] + [2e-4] * (d - 1)))
    K = np.full(mesh.owned, 3.0)
    baths = [facet_bath(mesh, "a", 1, constant(3.0)), facet_bath(mesh, "b", 2, constant(12.0))]
    diffusion = Diffusion(layers(mesh), K, dirichlet=baths, rtol=1e-12)
    for step in range(400):
        diffusion.advance(100.0 * step, 100.0)
    middle = np.isclose(mesh.coordinates[: mesh.owned, 0], 5e-4)
    worst = K[middle][np.abs(K[middle] - 5.548673).argmax()]
    found(f"interface of two layers between 3 and 12 mM, {d}-D", worst, 5.548673, 1e-6, "mM")


def test_each_of_two_baths_pays_its_own_share():
    """In the steady state one gives what the other takes: alpha D* times the slope."""
    mesh = Mesh(COMM, line(20))
    K = np.full(mesh.owned, 3.0)
    baths = [facet_bath(mesh, "a", 1, constant(3.0)), facet_bath(mesh, "b", 2, constant(12.0))]
    diffusion = Diffusion(layers(mesh), K, dirichlet=baths, rtol=1e-12)
    for step in range(400):
        diffusion.advance(100.0 * step, 100.0)
    before = dict(diffusion.ledger.given)
    for step in range(400, 410):
        diffusion.advance(100.0 * step, 100.0)
    gave = {name: diffusion.ledger.given[name] - before[name] for name in "ab"}
    flux = 0.2 * D / 1.6**2 * (5.548673 - 3.0) / 5e-4
    assert gave["b"] == pytest.approx(1000.0 * flux, rel=1e-6)
    assert gave["a"] == pytest.approx(-1000.0 * flux, rel=1e-6)


def test_symmetric_fields_stay_symmetric():
    mesh = Mesh(COMM, line(200))
    x = mesh.coordinates[: mesh.owned, 0]
    operators = layers(mesh, (0.2, 1.6), (0.2, 1.6))
    K = 3.0 + 20.0 * np.exp(-(((x - 5e-4) / 5e-5) ** 2))
    diffusion = Diffusion(operators, K, rtol=1e-10)
    for step in range(50):
        diffusion.advance(0.05 * step, 0.05)
    order = np.argsort(x)
    np.testing.assert_allclose(K[order], K[order][::-1], rtol=1e-9)


def test_decay_of_a_cosine():
    """X02: cos(pi x / 1 mm) decays at D / lambda^2 (pi / 1 mm)^2 = 0.00755641587 / s."""
    mesh = Mesh(COMM, line(400))
    x = mesh.coordinates[: mesh.owned, 0]
    K = 10.0 + np.cos(np.pi * x / 1e-3)
    diffusion = Diffusion(layers(mesh, (0.2, 1.6), (0.2, 1.6)), K, rtol=1e-10)
    for step in range(100):
        diffusion.advance(0.5 * step, 0.5)
    rate = -np.log(np.ptp(K) / 2.0) / 50.0
    found("decay of a cosine", rate, 0.00755641587, 1e-5, "1/s", rel=True)


def manufactured(mesh, operators, u, load, t_end, steps, scheme):
    """Largest error at `t_end` for a known solution with its load density."""
    x = mesh.coordinates[: mesh.owned]
    K = u(x, 0.0)
    # the load varies in time: piecewise linear between the steps, integrated exactly
    times = np.linspace(0.0, t_end, steps + 1)
    consistent = load(mesh, operators)
    loads = [Load(n, np.arange(mesh.owned), w, Profile(times, f(times))) for n, w, f in consistent]
    stepper = scheme(operators, K, sources=loads)
    for k in range(steps):
        stepper.advance(times[k], t_end / steps)
    return np.abs(K - u(x, t_end)).max()


def quadrature_load(mesh, density):
    """Integral of a density times each hat, three times refined mid-point quadrature."""
    corners = mesh.coordinates[mesh.cell_nodes]
    d = mesh.dimension
    shares = np.zeros(mesh.owned)
    rng = np.random.default_rng(0)
    points = rng.dirichlet(np.ones(d + 1), 400)  # many fixed points: errors far below those seen
    points = np.concatenate([np.roll(points, k, axis=1) for k in range(d + 1)])
    for weights in points:
        values = density(np.einsum("k,ckx->cx", weights, corners)) * mesh.cell_volumes / len(points)
        for corner, weight in enumerate(weights):
            np.add.at(shares, mesh.cell_nodes[:, corner], weight * values)
    return shares


@pytest.mark.parametrize("scheme", ["implicit", "rkl2"])
def test_manufactured_solution_is_second_order(scheme):
    """u = 5 + cos(pi x) (1 + sin t / 2), alpha = 0.2 + 0.1 x, lambda = 1.4 + 0.5 x, x in mm.

    A variable alpha and tortuosity, with the load that makes u exact: order 2 in h and in dt.
    """
    alpha = lambda x: 0.2 + 0.1 * x  # noqa: E731
    flux_factor = lambda x: alpha(x) / (1.4 + 0.5 * x) ** 2  # noqa: E731
    time = lambda t: 1 + 0.5 * np.sin(0.05 * t)  # noqa: E731
    rate = lambda t: 0.025 * np.cos(0.05 * t)  # noqa: E731
    u = lambda x, t: 5.0 + np.cos(np.pi * x[:, 0] / 1e-3) * time(t)  # noqa: E731

    def divergence(x):
        """(a u_x)_x for u = cos(pi x), a = flux_factor, by exact differentiation, per mm^2."""
        a, h = flux_factor, 1e-6
        slope = (a(x + h) - a(x - h)) / (2 * h)
        return -np.pi * slope * np.sin(np.pi * x) - np.pi**2 * a(x) * np.cos(np.pi * x)

    def error(cells, steps):
        mesh = Mesh(COMM, line(cells))
        middle = mesh.coordinates[mesh.cell_nodes][:, :, 0].mean(axis=1) / 1e-3
        theta = 0.5 if scheme == "implicit" else 0.0
        operators = Operators(mesh, alpha(middle), D * flux_factor(middle) / alpha(middle), theta)

        def load(mesh, operators):
            mm = lambda x: x[:, 0] / 1e-3  # noqa: E731
            grow = lambda x: alpha(mm(x)) * np.cos(np.pi * mm(x))  # noqa: E731
            spread = lambda x: -D / 1e-6 * divergence(mm(x))  # noqa: E731
            yield "grow", quadrature_load(mesh, grow), rate
            yield "spread", quadrature_load(mesh, spread), time

        schemes = {
            "implicit": lambda *a, **k: Diffusion(*a, **k, rtol=1e-11),
            "rkl2": SuperTimeStepping,
        }
        return manufactured(mesh, operators, u, load, 40.0, steps, schemes[scheme])

    in_space = [error(n, 400) for n in (16, 32)]
    what = f"manufactured solution, {scheme}: errors on half the cells"
    found(what, in_space[0] / in_space[1], 4.0, 0.2, "times", rel=True)
    finest = error(256, 800)
    in_time = [error(256, n) - finest for n in (5, 10)]
    assert abs(in_time[0] / in_time[1]) > 3.2


def test_anisotropic_spread():
    """A Gaussian in a box spreads with 2 D* t along each axis, D* = D / lambda^2 of that axis."""
    mesh = Mesh(COMM, brick([28, 28, 28], [5.6e-4] * 3))
    x = mesh.coordinates[: mesh.owned] - 2.8e-4
    cells = len(mesh.cell_tags)
    direction = np.broadcast_to(np.array([1.0, 1.0, 0.0]), (cells, 3))
    tensor = diffusivity_tensor(np.full(cells, D), 1.2, 2.0, axes(direction, 3))
    operators = Operators(mesh, np.full(cells, 0.2), tensor, 0.5)
    K = 3.0 + 50.0 * np.exp(-np.sum(x**2, axis=1) / (2 * 6e-5**2))
    along, across = x[:, :2].sum(axis=1) / np.sqrt(2), (x[:, 0] - x[:, 1]) / np.sqrt(2)

    def spreads():
        weights = operators.lumped * (K - 3.0)
        return np.array([weights @ s**2 / weights.sum() for s in (along, across, x[:, 2])])

    before = spreads()
    diffusion = Diffusion(operators, K, rtol=1e-8)
    for step in range(40):
        diffusion.advance(0.02 * step, 0.02)
    grown = (spreads() - before) / (2 * 0.8)
    for axis, ours, tortuosity in zip("along across z".split(), grown, (1.2, 2, 2), strict=True):
        what, value = f"anisotropic spread, {axis}", 1e12 * D / tortuosity**2
        found(what, 1e12 * ours, value, 0.01, "um^2/s", rel=True)


@pytest.mark.parametrize("dt", [1e-3, 0.1, 30.0])
@pytest.mark.parametrize("theta", [0.0, 0.5, 1.0])
def test_closed_tissue_keeps_its_potassium(dt, theta):
    mesh = Mesh(COMM, brick([7, 6, 5], [4e-4] * 3, jitter=0.2))
    operators = layers(mesh, theta=theta)
    K = 3.0 + 40.0 * np.random.default_rng(0).random(mesh.owned)
    start = total(operators, K)
    diffusion = Diffusion(operators, K)
    for step in range(200):
        diffusion.advance(dt * step, dt)
    what = f"K+ of closed tissue after 200 steps of {dt:g} s, theta {theta:g}"
    found(what, total(operators, K) / start, 1.0, 1e-12)


def everything(mesh):
    """A source of every kind and a boundary of every kind."""
    inside = 1.0 * (mesh.cell_tags == 2)
    return (
        [
            point_load(mesh, "point", [2.1e-4, 1.9e-4, 2e-4], 1e-14, pulse(0.3, 1.0)),
            cell_load(mesh, "region", inside, 2e-14, constant()),
            gaussian_load(mesh, "cloud", [1e-4, 2e-4, 2e-4], 8e-5, 1e-14, pulse(0.0, 0.7)),
            facet_load(mesh, "inflow", 1, 1e-9, Profile([0.0, 2.0], [0.0, 1.0])),
        ],
        [facet_exchange(mesh, "slice", 1, 2e-6, constant(5.0))],
        [facet_bath(mesh, "bath", 2, Profile([0.0, 1.0], [3.0, 8.0]))],
    )


@pytest.mark.parametrize("d", [1, 2, 3])
def test_a_gaussian_source_has_the_width_that_was_asked_for(d):
    """Its second moment along each axis is the width squared, and its whole the rate."""
    width, size, counts = 5e-5, 8e-4, {1: 160, 2: 48, 3: 24}[d]
    mesh = Mesh(COMM, brick([counts] * d, [size] * d))
    load = gaussian_load(mesh, "cloud", [size / 2] * d, width, 3e-14, constant())
    away = mesh.coordinates[load.nodes, :d] - size / 2
    assert load.rates.sum() == pytest.approx(3e-14, rel=1e-12)
    moments = (load.rates @ away**2) / load.rates.sum()
    np.testing.assert_allclose(np.sqrt(moments), width, rtol=1e-3)


@pytest.mark.parametrize("scheme", [Diffusion, SuperTimeStepping])
def test_every_term_of_the_balance_is_booked(scheme):
    """What sources and boundaries are said to have given is what the tissue got."""
    mesh = Mesh(COMM, brick([6, 6, 6], [4e-4] * 3, jitter=0.15))
    operators = layers(mesh, theta=0.0 if scheme is SuperTimeStepping else 0.5)
    K = np.full(mesh.owned, 3.0)
    start = total(operators, K)
    stepper = scheme(operators, K, *everything(mesh))
    for step in range(40):
        stepper.advance(0.05 * step, 0.05)
    given = stepper.ledger.given
    assert total(operators, K) - start == pytest.approx(sum(given.values()), abs=1e-12 * start)
    assert given["point"] == pytest.approx(1e-14, rel=1e-12)
    assert given["region"] == pytest.approx(4e-14, rel=1e-12)
    assert given["cloud"] == pytest.approx(0.7e-14, rel=1e-12)
    assert given["inflow"] == pytest.approx(1e-9 * 1.6e-7 * 1.0, rel=1e-12)
    assert given["slice"] > 0 and given["bath"] > 0


def test_exchange_reaches_the_exact_steady_state():
    """Robin at one end, bath at the other: k (K_b - K) = alpha D* slope."""
    mesh = Mesh(COMM, line(50))
    operators = layers(mesh, (0.2, 1.6), (0.2, 1.6))
    K = np.full(mesh.owned, 3.0)
    k, d_star = 1e-6, 0.2 * D / 1.6**2
    diffusion = Diffusion(
        operators,
        K,
        robin=[facet_exchange(mesh, "a", 1, k, constant(12.0))],
        dirichlet=[facet_bath(mesh, "b", 2, constant(3.0))],
        rtol=1e-12,
    )
    for step in range(1500):
        diffusion.advance(20.0 * step, 20.0)
    surface = (k * 12.0 + d_star / 1e-3 * 3.0) / (k + d_star / 1e-3)
    x = mesh.coordinates[: mesh.owned, 0]
    error = np.abs(K / (surface + (3.0 - surface) * x / 1e-3) - 1).max()
    found("exchange at one end, bath at the other: steady state, error", error, 0.0, 1e-8)


@pytest.mark.parametrize("theta", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("dt", [1e-4, 1e-2, 1.0, 100.0])
def test_sharp_loads_stay_positive_and_whole(theta, dt):
    """A ball of 80 mM in almost nothing, steep alpha jumps, jittered (obtuse) cells."""
    mesh = Mesh(COMM, brick([8, 8, 8], [4e-4] * 3, jitter=0.3))
    operators = layers(mesh, (0.3, 1.2), (0.03, 2.2), theta)
    inside = np.linalg.norm(mesh.coordinates[: mesh.owned] - 2e-4, axis=1) < 1e-4
    K = np.where(inside, 80.0, 1e-6)
    start = total(operators, K)
    diffusion = Diffusion(operators, K)
    for step in range(15):
        diffusion.advance(dt * step, dt)
        assert K.min() >= 0.0
    assert total(operators, K) == pytest.approx(start, rel=1e-12)


def test_limiter_agrees_with_the_plain_step_where_nothing_is_wrong():
    """It only takes away what would make K+ negative: accuracy stays second order elsewhere."""
    mesh = Mesh(COMM, line(100))
    operators = layers(mesh, (0.2, 1.6), (0.2, 1.6))
    x = mesh.coordinates[: mesh.owned, 0]
    profile = 20.0 * np.exp(-(((x - 5e-4) / 1e-4) ** 2))
    limited, plain = profile.copy(), profile + 5.0  # the same problem, far from zero
    for K in (limited, plain):
        diffusion = Diffusion(operators, K, rtol=1e-9)
        for step in range(60):
            diffusion.advance(0.02 * step, 0.02)
    np.testing.assert_allclose(limited, plain - 5.0, atol=2e-2)


@pytest.mark.parametrize("norm", ["natural", "preconditioned"])
def test_the_norm_of_a_solve_does_not_change_where_it_stops(norm):
    """The floor is round-off of the concentration in every norm, for small increments too."""
    mesh = Mesh(COMM, brick([8, 8, 8], [4e-4] * 3, jitter=0.2))
    operators = layers(mesh)
    results = []
    for chosen in ({}, {"ksp_norm_type": norm}):
        K = 3.0 + 1e-4 * np.cos(np.pi * mesh.coordinates[: mesh.owned, 0] / 4e-4)
        diffusion = Diffusion(operators, K, rtol=1e-6, options=chosen)
        diffusion.advance(0.0, 5.0)
        results.append(K)
    np.testing.assert_allclose(results[0], results[1], rtol=0, atol=1e-9)


def test_axes_of_fibres_have_no_sign():
    """Averages of v v^T do not see signs; vectors would cancel."""
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(50, 3))
    signs = np.where(rng.random(50) < 0.5, -1.0, 1.0)[:, None]
    np.testing.assert_allclose(axes(vectors, 3), axes(7 * signs * vectors, 3), rtol=1e-13)
    mixed = axes(signs * [1.0, 0.0, 0.0], 3).mean(axis=0, keepdims=True)
    tensor = diffusivity_tensor(np.ones(1), 1.2, 2.4, mixed)[0]
    np.testing.assert_allclose(tensor, np.diag([1.2**-2, 2.4**-2, 2.4**-2]), rtol=1e-14)
    assert not axes(np.zeros((1, 3)), 3).any()
