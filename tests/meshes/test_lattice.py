"""The space between the cells of a lattice: volume, membrane, sides, and what is refused."""

import math

import meshio
import numpy as np
import pytest
from conformity import boundary_measure, measure, require_sound

from ecs_model.errors import ConfigError
from ecs_model.meshes import lattice

UM = 1e-6
PERIOD = 10 * UM


def faces(size=1.0, skew=(0, 0, 0)):
    """Points and triangles of a closed box with edges 1, 1 and `size`, in any unit."""
    points = np.array([(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, size)], float)
    squares = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    rows = [(a, b, c) for a, b, c, _ in squares] + [(a, c, d) for a, _, c, d in squares]
    return points + np.array(skew), np.array(rows)


def stored(path, points, triangles):
    meshio.write_points_cells(path, points, [("triangle", triangles)])
    return str(path)


@pytest.mark.parametrize("blocks", [(1, 1, 1), (4, 1, 3)])
def test_cubes_have_their_volume_and_membrane(blocks):
    mesh = lattice(PERIOD, 1 * UM, alpha=0.2, blocks=blocks)
    require_sound(mesh)
    edge, half = math.cbrt(0.8), PERIOD / 2
    whole = math.prod(blocks) * half**3
    assert measure(mesh) == pytest.approx(0.2 * whole, rel=1e-12)
    assert mesh.notes["alpha"] == pytest.approx(0.2, rel=1e-12)
    assert mesh.notes["membrane_per_volume"] == pytest.approx(6 * edge**2 / PERIOD, rel=1e-12)
    area = 6 * edge**2 / PERIOD * whole
    assert boundary_measure(mesh, "membrane") == pytest.approx(area, rel=1e-12)
    side = blocks[1] * blocks[2] * half**2
    assert boundary_measure(mesh, "left") == pytest.approx(side, rel=1e-12)
    cut = 1.0 if blocks[0] % 2 == 0 else 1 - edge**2  # through the middle of a gap, or of cells
    assert boundary_measure(mesh, "right") == pytest.approx(cut * side, rel=1e-12)
    assert mesh.points.max(axis=0) == pytest.approx(np.array(blocks) * half, rel=1e-12)


def test_a_gap_is_the_distance_of_cells():
    mesh = lattice(PERIOD, 1 * UM, gap=1 * UM)
    assert mesh.notes["alpha"] == pytest.approx(1 - 0.9**3, rel=1e-12)


@pytest.mark.parametrize("shape, alpha", [("octahedron", 0.2), ("sphere", 0.6)])
def test_shapes_have_their_volume_and_fit_their_mirror_images(shape, alpha):
    mesh = lattice(PERIOD, 0.7 * UM, alpha=alpha, shape=shape, blocks=(2, 1, 2))
    require_sound(mesh)
    assert mesh.notes["alpha"] == pytest.approx(alpha, rel=1e-12 if shape != "sphere" else 0.01)
    mirrored = np.sort((PERIOD - mesh.points[:, 0]).round(12))
    np.testing.assert_allclose(mirrored, np.sort(mesh.points[:, 0].round(12)), atol=1e-12)


def test_truncated_octahedra_have_their_membrane():
    """Of a truncated octahedron of edges a, the volume is 8 sqrt(2) a^3, the area 26.785 a^2."""
    mesh = lattice(PERIOD, 1 * UM, alpha=0.2, shape="octahedron")
    a = math.cbrt(0.4 / (8 * math.sqrt(2))) * PERIOD
    area = 2 * (6 + 12 * math.sqrt(3)) * a**2 / PERIOD**3
    assert mesh.notes["membrane_per_volume"] == pytest.approx(area, rel=1e-9)


def test_a_body_is_scaled_to_alpha_and_mirrored(tmp_path):
    path = stored(tmp_path / "cell.stl", *faces(size=0.5, skew=(7, 3, -2)))
    mesh = lattice(PERIOD, 3 * UM, alpha=0.8, body=path, blocks=(2, 1, 1))
    require_sound(mesh)
    assert mesh.notes["alpha"] == pytest.approx(0.8, rel=1e-12)
    edge = math.cbrt(0.2 / 0.5) * PERIOD
    assert mesh.notes["membrane_per_volume"] == pytest.approx(4 * edge**2 / PERIOD**3, rel=1e-9)
    assert boundary_measure(mesh, "left") == pytest.approx(PERIOD**2, rel=1e-12)


def test_what_is_no_lattice_is_refused(tmp_path):
    points, triangles = faces()
    closed = stored(tmp_path / "closed.stl", points, triangles)
    holed = stored(tmp_path / "holed.stl", points, triangles[:-1])
    (tmp_path / "torn.vtu").write_text("<VTKFile>")
    torn = str(tmp_path / "torn.vtu")
    wrong = {
        "give either alpha or the gap": {},
        "found both or none": {"alpha": 0.2, "gap": 1 * UM},
        "alpha: found 1.2; of this shape, 0 to 1": {"alpha": 1.2},
        "alpha: found 0.4; of this shape, 0.4764 to 1": {"alpha": 0.4, "shape": "sphere"},
        "gap: .* need a smaller one": {"gap": 11 * UM},
        "shape: found 'brick'; known are 'cube'": {"alpha": 0.2, "shape": "brick"},
        "shape: has no effect where a body": {"alpha": 0.8, "shape": "cube", "body": closed},
        "gap: a body is scaled to alpha": {"gap": 1 * UM, "body": closed},
        "blocks: found 2 numbers": {"alpha": 0.2, "blocks": (1, 2)},
        r"blocks\[1\]: found 0": {"alpha": 0.2, "blocks": (1, 0, 1)},
        "no such file": {"alpha": 0.8, "body": str(tmp_path / "none.stl")},
        "not closed: 3 edges": {"alpha": 0.8, "body": holed},
        "torn.vtu: not a readable surface": {"alpha": 0.8, "body": torn},
        "at least 0.006 is possible": {"alpha": 0.001, "body": closed},
    }
    for message, arguments in wrong.items():
        with pytest.raises(ConfigError, match=message):
            lattice(PERIOD, 1 * UM, **arguments)
