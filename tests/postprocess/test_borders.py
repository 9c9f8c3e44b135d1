"""The border on a map of runs: exact for steady margins, smooth for jumps, never past a run."""

import numpy as np
import pytest
from matplotlib.tri import Triangulation

from ecs_model.postprocess.borders import divided

LINEAR = ("linear", "linear")
CENTRE, RADIUS = (0.1, -0.2), 0.62


def grid(count=10):
    x, y = (a.ravel() for a in np.meshgrid(*2 * [np.linspace(-1, 1, count)]))
    return Triangulation(x, y)


def scattered(count=60):
    rng = np.random.default_rng(3)
    corners = np.array([(-1, -1), (-1, 1), (1, -1), (1, 1)])
    return Triangulation(*np.concatenate([corners, rng.uniform(-1, 1, (count, 2))]).T)


def circle(mesh):
    """Distance inside of a circle."""
    return RADIUS - np.hypot(mesh.x - CENTRE[0], mesh.y - CENTRE[1])


def turning(line):
    """The angles by which a curve turns, summed [rad]."""
    steps = np.diff(line, axis=0)
    angles = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    return np.abs(np.diff(angles)).sum()


@pytest.mark.parametrize("mesh", [grid(), scattered()])
def test_the_border_of_a_linear_margin_is_exact(mesh):
    margin = 0.3 * mesh.x - 0.7 * mesh.y + 0.05
    (line,) = divided(mesh, margin, LINEAR).lines
    np.testing.assert_allclose(line @ (0.3, -0.7), -0.05, atol=1e-9)


def test_on_an_axis_of_logarithms_it_is_linear_in_them():
    x, y = (a.ravel() for a in np.meshgrid(np.geomspace(1, 100, 7), np.linspace(0, 1, 5)))
    even = Triangulation(np.log(x), y).triangles
    (line,) = divided(Triangulation(x, y, even), np.log(x / 7), ("log", "linear")).lines
    np.testing.assert_allclose(line[:, 0], 7.0, rtol=1e-9)


@pytest.mark.parametrize("mesh", [grid(), scattered()])
def test_where_the_margin_jumps_the_border_is_smooth_and_near_the_truth(mesh):
    jump = np.where(circle(mesh) >= 0, 2.0, -1.0)
    parts = divided(mesh, jump, LINEAR)
    (line,) = parts.lines
    np.testing.assert_array_equal(line[0], line[-1])  # it is closed
    pairs = mesh.edges[np.ptp(jump[mesh.edges], axis=1) > 0]
    ends = np.stack([mesh.x, mesh.y], -1)[pairs]
    between = ends[:, 0] + np.abs(jump[pairs[:, :1]]) / 3 * (ends[:, 1] - ends[:, 0])
    off = [np.abs(RADIUS - np.hypot(*(p - CENTRE).T)).mean() for p in (line, between)]
    assert off[0] < 0.75 * off[1]
    assert turning(line) < 1.5 * 2 * np.pi  # a circle turns by 2 pi, the stairs by far more


def test_it_stays_between_runs_that_say_yes_and_runs_that_say_no():
    mesh, rng = scattered(80), np.random.default_rng(0)
    margin = rng.choice([-1.0, 2.0], len(mesh.x))
    parts = divided(mesh, margin, LINEAR)
    corners = parts.margin[parts.mesh.triangles]
    assert not ((corners > 0).any(axis=1) & (corners < 0).any(axis=1)).any()
    np.testing.assert_array_equal(parts.margin[: len(margin)], margin)


def test_the_divided_triangles_fill_those_that_they_lie_in():
    mesh = scattered()
    parts = divided(mesh, circle(mesh), LINEAR)

    def sizes(mesh):
        a, b, c = (np.stack([mesh.x, mesh.y], -1)[k] for k in mesh.triangles.T)
        return np.abs(np.linalg.det(np.stack([b - a, c - a], -1))) / 2

    np.testing.assert_allclose(
        np.bincount(parts.parents, sizes(parts.mesh)), sizes(mesh), rtol=1e-9, atol=1e-15
    )


def test_a_border_through_runs_leaves_no_triangle_without_area():
    mesh = grid(5)
    parts = divided(mesh, 1.0 * mesh.x, LINEAR)
    corners = np.stack([parts.mesh.x, parts.mesh.y], -1)[parts.mesh.triangles]
    assert np.abs(np.linalg.det(corners[:, 1:] - corners[:, :1])).min() > 0
    (line,) = parts.lines
    np.testing.assert_allclose(line[:, 0], 0.0, atol=1e-4)


@pytest.mark.parametrize("margin", [1.0, -1.0])
def test_one_answer_everywhere_has_no_border(margin):
    mesh = grid(4)
    parts = divided(mesh, np.full(len(mesh.x), margin), LINEAR)
    assert parts.lines == [] and len(parts.mesh.triangles) == len(mesh.triangles)
