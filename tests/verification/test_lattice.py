"""Alpha and lambda of a lattice of cells, and what they leave out, cell by cell."""

import math
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sparse
from scipy.sparse.linalg import cg

from docs import lattice_tissue
from ecs_model import api
from ecs_model.errors import ConfigError
from tests.helpers import found, launch

LAW = "sqrt((3 - alpha)/2), Tao & Nicholson (2004), J Theor Biol 229, 59"
UM = 1e-6


def cubes_by_volumes(alpha, n):
    """Lambda between cubes by finite volumes: an eighth of a period, n across half a gap."""
    face = (1 - math.cbrt(1 - alpha)) / 2
    near = face * (1 - (1 - np.arange(n) / n) ** 2)
    x = np.append(near, face + (0.5 - face) * (np.arange(3 * n + 1) / (3 * n)) ** 2)
    h, inside = np.diff(x), (x[1:] + x[:-1]) / 2 > face
    free = ~(inside[:, None, None] & inside[:, None] & inside)
    number = np.where(free, np.cumsum(free).reshape(free.shape) - 1, -1)
    size = free.sum()
    matrix, fixed, right = sparse.csr_matrix((size, size)), np.zeros(size), np.zeros(size)
    for axis in range(3):
        layers, area = np.moveaxis(number, axis, 0), h[:, None] * h
        both = (layers[:-1] >= 0) & (layers[1:] >= 0)
        g = np.broadcast_to(area / ((h[:-1] + h[1:]) / 2)[:, None, None], both.shape)[both]
        pairs = layers[:-1][both], layers[1:][both]
        matrix = matrix + sparse.coo_matrix((g, pairs), (size, size)).tocsr()
        if axis == 0:
            for end, value in ((0, 0.0), (-1, 1.0)):
                on = layers[end] >= 0
                fixed[layers[end][on]] += (area / (h[end] / 2))[on]
                right[layers[end][on]] += value * (area / (h[end] / 2))[on]
    matrix = matrix + matrix.T
    diagonal = np.asarray(matrix.sum(axis=1)).ravel() + fixed
    system = sparse.diags(diagonal) - matrix
    u, _ = cg(system.tocsr(), right, rtol=1e-10, M=sparse.diags(1 / diagonal))
    at_zero = number[0][number[0] >= 0]
    flow = float((fixed[at_zero] * u[at_zero]).sum())
    return math.sqrt(alpha / (flow * 0.5 / 0.25))


def between_spheres(alpha):
    """Lambda of a simple cubic lattice of spheres, to the order f^6 of their volume fraction."""
    f = 1 - alpha
    octupole = 1.3047 * 0.75 * f ** (10 / 3)
    octupole *= (1 - 0.2305 / 1.2 * f ** (11 / 3)) / (1 + 0.4054 * 0.75 * f ** (7 / 3))
    higher = 0.07231 / 1.2 * f ** (14 / 3) + 0.1526 * 0.875 * f**6
    return math.sqrt(alpha / (1 - 3 * f / (2 + f - octupole - higher)))


def limit_by_volumes(alpha):
    """Lambda between cubes for ever finer volumes, whose error falls as h^1.8."""
    coarse, fine = (cubes_by_volumes(alpha, n) for n in (6, 12))
    return fine + (fine - coarse) / (2**1.8 - 1)


def test_cubes_are_as_tortuous_as_finite_volumes_have_it_and_nearly_as_the_law():
    ours = lattice_tissue.tortuosity(0.2, 0.179 * UM)
    value, what = ours.along["x"], "tortuosity between cubes, alpha 0.2"
    found(what, value, ours.between_convex_cells, 0.01, source=LAW, rel=True)
    found(what, value, limit_by_volumes(0.2), 1.2e-3, source="independent solution, finite volumes")
    assert ours.along == pytest.approx(dict.fromkeys("xyz", value), rel=1e-9)
    low, high = lattice_tissue.bounds(0.2)
    assert low < value < high


def test_the_error_between_cubes_falls_by_the_order_of_linear_elements():
    """The energy is of second order; the singular edges of cells alone would make it 4/3."""
    limit = limit_by_volumes(0.5)
    errors = [limit - lattice_tissue.tortuosity(0.5, h * UM).along["x"] for h in (0.52, 0.26, 0.13)]
    first, second = (math.log2(a / b) for a, b in pairwise(errors))
    assert 1.6 < first < second < 2.1


@pytest.mark.parametrize("alpha", [0.6, 0.9])
def test_spheres_are_as_tortuous_as_the_series_has_it(alpha):
    coarse, fine = (lattice_tissue.tortuosity(alpha, 0.5 * UM, "sphere", k) for k in (0, 1))
    ours = fine.along["x"] + (fine.along["x"] - coarse.along["x"]) / 3
    source = "series in f, McPhedran & McKenzie (1978), Proc R Soc A 359, 45"
    what = f"tortuosity between spheres of a cubic lattice, alpha {alpha}"
    found(what, ours, between_spheres(fine.alpha), 5e-4, source=source, rel=True)


def test_truncated_octahedra_follow_the_law():
    ours = lattice_tissue.tortuosity(0.2, 0.3 * UM, "octahedron", 1)
    what = "tortuosity between truncated octahedra, alpha 0.2"
    found(what, ours.along["x"], ours.between_convex_cells, 0.01, source=LAW, rel=True)
    assert ours.along == pytest.approx(dict.fromkeys("xyz", ours.along["x"]), rel=1e-3)


def test_nothing_in_the_way_is_no_tortuosity():
    settings = ['size=["3 um", "2 um", "1 um"]', "cell=0.3 um", "unstructured=true"]
    found_here = api.tortuosity("box", settings)
    assert found_here.alpha == pytest.approx(1.0, rel=1e-9)
    assert found_here.along == pytest.approx(dict.fromkeys("xyz", 1.0), rel=1e-9)


@pytest.fixture(scope="module")
def tissue():
    return lattice_tissue.Tissue(length=100 * UM, cell=2 * UM)


def test_a_pulse_around_cells_is_that_of_the_homogenised_tissue(tissue, tmp_path):
    """Against the cosine series of a source in a tenth of a line that nothing leaves."""
    course = tissue.pulse(tmp_path, places=(30 * UM, 60 * UM), end=2.5)
    length, rate, lasts = tissue.length, 20.0, 1.0
    on, t = np.minimum(course.times, lasts), np.array(course.times)
    exact = np.full((2, len(t)), 3.0) + rate / 10 * on
    for m in range(1, 200):
        k = m * math.pi / length
        decay = lattice_tissue.D / tissue.tortuosity() ** 2 * k**2
        share = 2 * rate / (m * math.pi) * math.sin(m * math.pi / 10) / decay
        course_of_mode = (1 - np.exp(-decay * on)) * np.exp(-decay * (t - on))
        exact += share * np.cos(k * np.array(course.places))[:, None] * course_of_mode
    for name, ours in (("cell by cell", course.resolved), ("homogenised", course.homogenised)):
        furthest = np.unravel_index(np.abs(ours - exact).argmax(), exact.shape)
        what = f"K+ of a pulse, {name}, where it is furthest off"
        found(what, ours[furthest], exact[furthest], 0.03, unit="mM")
    np.testing.assert_allclose(course.resolved[:, t > 1.9], exact[:, t > 1.9], atol=0.004)


def test_a_flux_through_membranes_is_the_source_of_the_homogenised_tissue(tissue, tmp_path):
    """Against the series of a source everywhere in a line that is held at one end."""
    course = tissue.membrane_flux(tmp_path, places=(20 * UM, 100 * UM), end=4)
    length, d = tissue.length, lattice_tissue.D / tissue.tortuosity() ** 2
    x, t = np.array(course.places)[:, None], course.times
    exact = 3.0 + 0.1 / d * (length * x - x**2 / 2) * np.ones_like(t)
    for n in range(100):
        k = (n + 0.5) * math.pi / length
        exact -= 0.2 / (d * length * k**3) * np.sin(k * x) * np.exp(-d * k**2 * t)
    what = "K+ that leaves cells through membranes, cell by cell, after 4 s"
    found(what, course.resolved[1, -1], exact[1, -1], 1e-3, unit="mM")
    for ours in (course.resolved, course.homogenised):
        np.testing.assert_allclose(ours, exact, atol=2e-3)


def test_processes_find_the_same_tortuosity_and_the_same_mistake():
    lattice = ["lattice", "period=10 um", "alpha=0.3", "cell=0.6 um", "blocks=[2,1,1]"]
    one, two = (launch(n, "tortuosity", *lattice) for n in (1, 2))
    assert one.returncode == two.returncode == 0 and one.stdout == two.stdout
    ball = launch(2, "tortuosity", "sphere", "radius=1 mm", "cell=0.3 mm")
    assert ball.returncode == 2 and ball.stderr.count("error:") == 1
    assert "1 node at an end of the x axis" in ball.stderr and "Traceback" not in ball.stderr


def test_lines_and_surfaces_have_no_tortuosity():
    with pytest.raises(ConfigError, match="one dimension; tortuosity needs two or three"):
        api.tortuosity("interval", ["length=1 mm", "cell=0.1 mm"])
    with pytest.raises(ConfigError, match="is a surface in space"):
        api.tortuosity("sphere_surface", ["radius=1 mm", "cell=0.3 mm"])
