"""The maximum principle in every mode, on random meshes, tensors, sources and steps."""

import sys
from pathlib import Path

from ecs_model.native import MPI

import numpy as np
import pytest

from ecs_model.tissue.mesh import Mesh
from ecs_model.tissue.sources import facet_bath, point_load
from ecs_model.tissue.time_course import Profile, constant
from ecs_model.transport.diffusion import Diffusion
from ecs_model.transport.flux_limiter import Range
from ecs_model.transport.matrices import Operators
from ecs_model.transport.neighbours import Move
from tests.helpers import brick, launch_program, line
from tests.transport.principle import MODES, excess

ROOT = Path(__file__).parents[2]
OUTSIDE, LOST = 1e-9, 1e-12
LOCAL = (3, 4, 11, 13, 14)  # trials whose steps are limited, all without a solver


@pytest.mark.parametrize("seed", range(60))
def test_no_ion_leaves_its_range_and_none_is_lost(seed):
    outside, lost, _ = excess(seed, MPI.COMM_SELF)
    assert outside <= OUTSIDE
    assert lost <= LOST


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60, 1000))
def test_no_ion_leaves_its_range_in_many_more(seed):
    test_no_ion_leaves_its_range_and_none_is_lost(seed)


@pytest.mark.parametrize(
    ("processes", "count"), [(2, 15), (3, 5), pytest.param(3, 15, marks=pytest.mark.slow)]
)
def test_no_ion_leaves_its_range_in_parallel(processes, count):
    seeds = map(str, range(count))
    ended = launch_program(
        processes,
        [sys.executable, "tests/transport/principle.py", *seeds],
        cwd=ROOT,
        environment={"PYTHONPATH": str(ROOT)},
    )
    assert ended.returncode == 0, ended.stderr
    rows = np.loadtxt(ended.stdout.splitlines())
    assert len(rows) == count
    assert rows[:, 1].max() <= OUTSIDE and rows[:, 2].max() <= LOST
    for seed in (seed for seed in LOCAL if seed < count):
        assert rows[seed, 3] == pytest.approx(excess(seed, MPI.COMM_SELF)[2], rel=1e-10)


@pytest.mark.parametrize("mode", range(len(MODES)))
def test_without_the_limiter_they_do(monkeypatch, mode):
    """The trials are hard enough: in every mode steps leave the range."""
    monkeypatch.setattr(Range, "note", lambda *_: False)
    found = [excess(seed, MPI.COMM_SELF)[0] for seed in range(mode, 60, len(MODES))]
    assert max(found) > 1e-3


def ball(K, mesh):
    K[np.linalg.norm(mesh.coordinates[: mesh.owned] - 2e-4, axis=1) < 1e-4] = 40.0
    return K


def test_what_is_smooth_is_not_touched():
    """A resolved profile in every theta: not one step of many is corrected."""
    mesh = Mesh(MPI.COMM_SELF, line(100))
    x = mesh.coordinates[: mesh.owned, 0]
    for theta in (0.0, 0.5, 1.0):
        operators = Operators(mesh, np.full(100, 0.2), np.full(100, 7.6e-10), theta)
        diffusion = Diffusion(operators, 10.0 + np.cos(np.pi * x / 1e-3))
        for k in range(200):
            diffusion.advance(0.05 * k, 0.05)
        assert diffusion.report().corrections["K+"].steps == 0


def test_corrections_are_counted():
    mesh = Mesh(MPI.COMM_SELF, brick([8, 8, 8], [4e-4] * 3))
    operators = Operators(mesh, np.full(mesh.cells, 0.2), np.full(mesh.cells, 7.6e-10), 1.0)
    diffusion = Diffusion(operators, ball(np.full(mesh.owned, 3.0), mesh))
    diffusion.advance(0.0, 0.01)
    corrections = diffusion.report().corrections["K+"]
    assert corrections.steps == 1
    assert 0.01 < corrections.largest < 40.0
    assert 0.0 < corrections.moved < operators.lumped.sum() * 37.0


def steady(mesh, x, first, last):
    length = mesh.extent()[1][0]
    return first + (last - first) * x / length


@pytest.mark.parametrize("number", [0.1, 1.0, 10.0, 1e3, 1e6])
@pytest.mark.parametrize("theta", [0.0, 0.5, 1.0])
def test_steady_states_are_reached_however_long_steps_are(number, theta):
    """Baths jump once; when diffusion has had its time nothing rings, at any D dt / h^2."""
    cells, length, D = 20, 4e-4, 7.6e-10
    mesh = Mesh(MPI.COMM_SELF, line(cells, length))
    operators = Operators(mesh, np.full(cells, 0.2), np.full(cells, D), theta)
    baths = [facet_bath(mesh, "a", 1, constant(20.0)), facet_bath(mesh, "b", 2, constant(3.0))]
    K = np.full(mesh.owned, 3.0)
    diffusion = Diffusion(operators, K, dirichlet=baths, rtol=1e-10)
    dt = number * (length / cells) ** 2 / D
    steps = max(12, int(20 * length**2 / (np.pi**2 * D) / dt))
    for k in range(steps):
        diffusion.advance(k * dt, dt, damped=k < 2)
    x = mesh.coordinates[: mesh.owned, 0]
    np.testing.assert_allclose(K, steady(mesh, x, 20.0, 3.0), rtol=0, atol=3e-8)


def after_a_jump(steps, end=0.4, jump=0.1):
    """K+ at `end` where a bath jumps at `jump` [s]; lumped, so that nothing has to be corrected."""
    mesh = Mesh(MPI.COMM_SELF, line(64, 1e-4))
    operators = Operators(mesh, np.full(64, 0.2), np.full(64, 7.6e-10), 0.0)
    bath = Profile([jump, jump], [3.0, 20.0])
    K = np.full(mesh.owned, 3.0)
    diffusion = Diffusion(operators, K, dirichlet=[facet_bath(mesh, "a", 1, bath)], rtol=1e-12)
    dt = end / steps
    for k in range(steps):
        diffusion.advance(k * dt, dt, damped=0 <= k - round(jump / dt) < 2)
    return K


def test_steps_after_a_jump_are_of_second_order():
    exact = after_a_jump(2048)
    errors = [np.abs(after_a_jump(n) - exact).max() for n in (16, 32, 64, 128, 256)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert orders[2:].min() > 1.9
    assert errors[-1] < 1e-4


def test_long_steps_are_of_second_order():
    """Smooth data, steps that are stiff for the finest modes of the mesh."""
    mesh = Mesh(MPI.COMM_SELF, line(400))
    x, D = mesh.coordinates[: mesh.owned, 0], 7.6e-10
    operators = Operators(mesh, np.full(400, 0.2), np.full(400, D), 0.5)
    rate = D * (np.pi / 1e-3) ** 2

    def error(steps):
        K = 10.0 + np.cos(np.pi * x / 1e-3)
        diffusion = Diffusion(operators, K, rtol=1e-12)
        for _ in range(steps):
            diffusion.advance(0.0, 100.0 / steps)
        assert diffusion.is_stiff(100.0 / steps)
        return abs(np.ptp(K) / 2 - np.exp(-100.0 * rate))

    errors = np.array([error(n) for n in (10, 20, 40)])
    assert np.log2(errors[:-1] / errors[1:]).min() > 1.9


def test_a_source_at_a_node_never_takes_it_beyond_what_enters():
    mesh = Mesh(MPI.COMM_SELF, brick([6, 6, 6], [3e-4] * 3))
    operators = Operators(mesh, np.full(mesh.cells, 0.2), np.full(mesh.cells, 7.6e-10), 1.0)
    load = point_load(mesh, "pipette", [1.5e-4] * 3, 1e-14, constant())
    K = np.full(mesh.owned, 3.0)
    diffusion = Diffusion(operators, K, [load])
    for k in range(50):
        diffusion.advance(0.01 * k, 0.01, damped=k < 2)
        most = 3.0 + 0.01 * (k + 1) * (load.rates / operators.lumped[load.nodes]).max()
        assert 3.0 - 1e-9 <= K.min() and K.max() <= most + 1e-9


def move_of(rows, start, change, excuse):
    places = np.zeros(len(start), np.int8), excuse, np.empty(len(start), np.int32)
    return Move(start, start, start, change, *places)


def test_what_is_found_does_not_depend_on_earlier_steps():
    """Where the look begins is a matter of speed: a new one finds what an old one finds."""
    mesh = Mesh(MPI.COMM_SELF, brick([8, 8, 8], [4e-4] * 3))
    operators = Operators(mesh, np.full(mesh.cells, 0.2), np.full(mesh.cells, 7.6e-10), 1.0)
    diffusion = Diffusion(operators, ball(np.full(mesh.owned, 3.0), mesh))
    fresh = diffusion.range.rows.first_neighbours(2)
    rng, rows = np.random.default_rng(0), diffusion.range.rows
    for _ in range(50):
        start, change = rng.uniform(3.0, 4.0, (2, mesh.owned)) * [[1.0], [0.1]]
        old = rows.look([move_of(rows, start, change, fresh)])[0]
        new = rows.look([move_of(rows, start, change, rows.first_neighbours(2))])[0]
        assert old.left == new.left
        np.testing.assert_array_equal(old.suspects[: old.many], new.suspects[: new.many])


def test_only_neighbours_speak_for_a_node():
    """A dip is found although a node elsewhere is lower still."""
    mesh = Mesh(MPI.COMM_SELF, line(20))
    operators = Operators(mesh, np.full(20, 0.2), np.full(20, 7.6e-10), 1.0)
    K, change = np.full(mesh.owned, 3.0), np.zeros(mesh.owned)
    K[0], change[12] = 1.0, -0.1
    rows = Diffusion(operators, K).range.rows
    look = rows.look([move_of(rows, K, change, rows.first_neighbours(2))])[0]
    assert look.left and not look.below
