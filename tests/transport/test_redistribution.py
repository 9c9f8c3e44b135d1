"""What lies out of range goes to the neighbours: continuous in the step, local, conservative."""

import itertools

from ecs_model.native import MPI

import numpy as np
import pytest

from ecs_model.errors import SolutionError
from ecs_model.tissue.mesh import Mesh
from ecs_model.tissue.sources import cell_load, facet_bath, point_load
from ecs_model.tissue.time_course import constant
from ecs_model.transport import redistribution
from ecs_model.transport.diffusion import Diffusion
from ecs_model.transport.flux_limiter import Range
from ecs_model.transport.matrices import Operators
from tests.helpers import brick, line

DT = 0.05
BRICKS = [([40], [1e-3]), ([12, 10], [4e-4, 3e-4]), ([7, 6, 6], [2.4e-4, 2e-4, 2e-4])]


def operators_of(data, theta=1.0):
    mesh = Mesh(MPI.COMM_SELF, data)
    return Operators(mesh, np.full(mesh.cells, 0.2), np.full(mesh.cells, 7.6e-10), theta)


def ahead(operators, values, **terms):
    """The transport of an ion with increments of a step from `values`, not yet limited."""
    diffusion = Diffusion(operators, values.copy(), **terms)
    diffusion.start(0.0, DT)
    diffusion._increments.prepare(0.0, DT)
    diffusion._increments.solve(DT)
    diffusion._increments.close(0.0, DT)
    return diffusion


def limited(operators, values, change):
    """The increment that becomes of `change`."""
    diffusion = Diffusion(operators, values.copy())
    diffusion.increment[:] = change
    kept = diffusion.range
    assert kept.is_left(0.0, DT) and kept.finds_room(0.0, DT)
    kept.spread()
    return diffusion.increment


def rough(operators, seed):
    """Flat ground, and on it a block and single nodes that are high [mM]."""
    mesh, rng = operators.mesh, np.random.default_rng(seed)
    x = mesh.coordinates[: mesh.owned, 0]
    high = np.where(x < 0.4 * x.max(), 40.0, 0.0) + 20.0 * (rng.random(mesh.owned) > 0.9)
    return 3.0 + high


@pytest.mark.parametrize(("counts", "size"), BRICKS)
@pytest.mark.parametrize("seed", range(5))
def test_noise_of_the_step_stays_noise(counts, size, seed):
    operators = operators_of(brick(counts, size, jitter=0.2 * (len(counts) > 1)))
    values, rng = rough(operators, seed), np.random.default_rng(seed)
    change = ahead(operators, values).increment
    one = limited(operators, values, change)
    assert np.abs(one - change).max() > 1e-2
    for size_of_noise in (1e-8, 1e-5):
        noise = size_of_noise * np.abs(change).max() * rng.uniform(-1, 1, len(change))
        other = limited(operators, values, change + noise)
        assert np.abs(other - one).max() < 30 * np.abs(noise).max()


@pytest.mark.parametrize(("counts", "size"), BRICKS)
def test_nothing_is_lost_and_only_what_is_near_changes(counts, size):
    """One node of a slope rises above all around."""
    operators = operators_of(brick(counts, size))
    x = operators.mesh.coordinates[: operators.mesh.owned]
    values, change = 3.0 + 4e4 * x.sum(axis=1), np.zeros(len(x))
    node = int(np.linalg.norm(x - 0.5 * x.max(axis=0), axis=1).argmin())
    around = operators.stiffness.getRow(node)[0]
    most = values[around].max()
    change[node] = 1.1 * (most - values[node])
    one = limited(operators, values, change)
    assert abs(operators.lumped @ (one - change)) < 1e-14 * operators.lumped[node] * change[node]
    changed = np.flatnonzero(one != change)
    assert set(changed) <= set(around) and node in changed
    assert (values + one)[node] == pytest.approx(most, rel=1e-14) and one.min() >= 0.0


def test_a_dome_of_several_nodes_is_no_excuse_for_any_of_them(monkeypatch):
    """Two nodes that are as high as each other, and higher than all that was there."""
    monkeypatch.setattr(redistribution, "ROUNDS", 100)
    operators = operators_of(line(20))
    values, change = np.full(21, 3.0), np.zeros(21)
    values[[8, 13]] = 0.5  # here is room
    change[9:13] = [0.5, 1.0, 1.0, 0.5]
    now = values + limited(operators, values, change)
    np.testing.assert_allclose(now.max(), 3.0, rtol=2e-12)
    assert now.sum() == pytest.approx((values + change).sum(), rel=1e-14)
    assert (now[[8, 13]] > 1.5).all()


def test_what_is_higher_all_the_way_from_a_high_place_may_be_there():
    """A step that reaches further than a neighbour; one bump on its slope goes, and it stays."""
    operators = operators_of(line(20))
    values, change = np.full(21, 3.0), np.zeros(21)
    values[0], change[:6] = 23.0, [-8.0, 10.0, 6.0, 3.0, 1.0, 0.2]
    change[15], change[14] = 0.1, -0.1
    one = limited(operators, values, change)
    np.testing.assert_allclose(one[:13], change[:13], rtol=0, atol=1e-12)
    assert (values + one).min() > 3.0 - 1e-9 and np.abs(one[13:]).max() < 1e-9


def test_on_flat_ground_what_finds_no_room_nearby_is_shared_by_what_moved(monkeypatch):
    """A little too much in the middle of nothing: not the whole tissue is done again."""
    monkeypatch.delattr(Range, "redo")
    operators = operators_of(line(200))
    values, change = np.full(201, 3.0), np.zeros(201)
    values[:20], change[:20], change[20:22] = 40.0, -0.5, 5.0
    change[150] = 1e-5
    one = limited(operators, values, change)
    assert (values + one)[30:].max() <= 3.0 + 1e-9
    assert (operators.lumped @ (one - change)) == pytest.approx(0.0, abs=1e-18)


def test_what_goes_into_a_bath_is_booked():
    """Nodes between two baths have nowhere else to go."""
    operators = operators_of(line(2, length=1e-4))
    mesh = operators.mesh
    baths = [facet_bath(mesh, "a", 1, constant(3.0)), facet_bath(mesh, "b", 2, constant(5.0))]
    diffusion = Diffusion(operators, np.array([3.0, 4.0, 5.0]), dirichlet=baths)
    diffusion.hold(0.0)
    middle = np.setdiff1d(np.arange(3), diffusion.ledger.fixed)
    diffusion.increment[middle] = 3.0
    assert diffusion.range.is_left(0.0, DT) and diffusion.range.finds_room(0.0, DT)
    before = sum(diffusion.ledger.given.values())
    diffusion.range.spread()
    given = sum(diffusion.ledger.given.values()) - before
    np.testing.assert_allclose(diffusion.increment[middle], 1.0, rtol=1e-12)
    assert given == pytest.approx(float(-2.0 * operators.lumped[middle].sum()), rel=1e-12)


@pytest.mark.parametrize("name", ["pump", "electrode"])
def test_a_sink_that_takes_more_than_there_is_is_named(name):
    """However much its neighbours have."""
    operators = operators_of(brick([6, 6, 6], [3e-4] * 3))
    mesh = operators.mesh
    takes = -5.0 * operators.lumped.max() / DT
    load = point_load(mesh, "electrode", [1.5e-4] * 3, takes, constant())
    if name == "pump":
        everywhere = -4.0 * operators.lumped.sum() / DT
        load = cell_load(mesh, name, np.ones(mesh.cells), everywhere, constant())
    diffusion = Diffusion(operators, np.full(mesh.owned, 3.0), [load])
    with pytest.raises(SolutionError, match=rf"{name} takes more K\+ than there is at"):
        for k in itertools.count():
            diffusion.advance(DT * k, DT)
            assert k < 10
