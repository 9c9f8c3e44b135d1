import subprocess
import sys

import numpy as np
import pytest
from conformity import boundary_measure, measure, require_sound

from ecs_model import api
from ecs_model.errors import ConfigError
from ecs_model.meshes import GENERATORS, box, disc, interval, rectangle, slice_, sphere
from ecs_model.meshes.meshdata import quality, volumes

MM = 1e-3


@pytest.mark.parametrize("unstructured", [False, True])
def test_box_has_its_volume_and_the_areas_of_its_sides(unstructured):
    mesh = box((1 * MM, 2 * MM, 0.5 * MM), 0.2 * MM, unstructured=unstructured)
    require_sound(mesh)
    assert measure(mesh) == pytest.approx(1e-9, rel=1e-12)
    areas = {
        "left": 1e-6,
        "right": 1e-6,
        "front": 0.5e-6,
        "back": 0.5e-6,
        "bottom": 2e-6,
        "top": 2e-6,
    }
    for name, area in areas.items():
        assert boundary_measure(mesh, name) == pytest.approx(area, rel=1e-12)


@pytest.mark.parametrize("unstructured", [False, True])
def test_rectangle_has_its_area_and_the_lengths_of_its_sides(unstructured):
    mesh = rectangle((1 * MM, 2 * MM), 0.1 * MM, unstructured=unstructured)
    require_sound(mesh)
    assert measure(mesh) == pytest.approx(2e-6, rel=1e-12)
    for name, length in {"left": 2, "right": 2, "bottom": 1, "top": 1}.items():
        assert boundary_measure(mesh, name) == pytest.approx(length * MM, rel=1e-12)


@pytest.mark.parametrize("unstructured", [False, True])
def test_sides_are_where_their_names_say(unstructured):
    size = (1 * MM, 2 * MM, 0.5 * MM)
    mesh = box(size, 0.25 * MM, unstructured=unstructured)
    for axis, (low, high) in enumerate((("left", "right"), ("front", "back"), ("bottom", "top"))):
        for name, place in ((low, 0.0), (high, size[axis])):
            facets = mesh.facets[mesh.facet_tags == mesh.boundaries[name]]
            np.testing.assert_allclose(mesh.points[facets, axis], place, atol=1e-15)


def test_structured_box_is_filled_exactly():
    mesh = box((1 * MM, 1 * MM, 0.4 * MM), 0.07 * MM)
    assert mesh.points.min() == 0
    assert mesh.points.max(axis=0).tolist() == [1 * MM, 1 * MM, 0.4 * MM]
    np.testing.assert_allclose(np.ptp(volumes(mesh)), 0, atol=1e-12 * volumes(mesh)[0])


def test_interval_has_two_ends():
    mesh = interval(1 * MM, 0.01 * MM)
    require_sound(mesh)
    assert len(mesh.points) == 101
    ends = {
        name: mesh.points[mesh.facets[mesh.facet_tags == tag], 0].item()
        for name, tag in mesh.boundaries.items()
    }
    assert ends == {"left": 0, "right": 1 * MM}


def test_slice_knows_top_bottom_and_sides():
    mesh = slice_((1 * MM, 1 * MM), 0.4 * MM, 0.1 * MM)
    require_sound(mesh)
    areas = {name: boundary_measure(mesh, name) for name in mesh.boundaries}
    assert areas == pytest.approx({"bottom": 1e-6, "top": 1e-6, "sides": 1.6e-6}, rel=1e-12)
    top = mesh.facets[mesh.facet_tags == mesh.boundaries["top"]]
    np.testing.assert_allclose(mesh.points[top, 2], 0.4 * MM)


def test_disc_and_sphere_approach_their_measure_from_below():
    flat, solid = disc(1 * MM, 0.05 * MM), sphere(1 * MM, 0.15 * MM)
    require_sound(flat)
    require_sound(solid)
    assert np.pi * 1e-6 * 0.99 < measure(flat) < np.pi * 1e-6
    assert 4 / 3 * np.pi * 1e-9 * 0.97 < measure(solid) < 4 / 3 * np.pi * 1e-9
    for mesh in (flat, solid):
        radius = np.linalg.norm(mesh.points[np.unique(mesh.facets)], axis=1)
        np.testing.assert_allclose(radius, 1 * MM, rtol=1e-9)


def mean_size_near(mesh, point, distance):
    centres = mesh.points[mesh.cells].mean(axis=1)
    near = np.linalg.norm(centres - point, axis=1) < distance
    return volumes(mesh)[near].mean() ** (1 / mesh.dim)


@pytest.mark.parametrize(
    ("generator", "size", "point"),
    [
        (interval, 1 * MM, (0.3 * MM,)),
        (rectangle, (1 * MM, 1 * MM), (0.3 * MM, 0.4 * MM)),
        (box, (1 * MM, 1 * MM, 1 * MM), (0.5 * MM, 0.5 * MM, 0.5 * MM)),
        (box, (1 * MM, 1 * MM, 1 * MM), (0.5 * MM, 0.5 * MM, 0.0)),
        (disc, 0.5 * MM, (0.0, 0.0)),
        (sphere, 0.5 * MM, (0.0, 0.1 * MM, 0.0)),
    ],
)
def test_refinement_makes_small_cells_around_a_node(generator, size, point):
    coarse = generator(size, 0.06 * MM)
    fine = generator(size, 0.06 * MM, refine=[(point, 0.02 * MM, 0.005 * MM, True)])
    require_sound(fine)
    assert np.linalg.norm(fine.points - point, axis=1).min() < 1e-12
    ratio = mean_size_near(fine, point, 0.02 * MM) / mean_size_near(coarse, point, 0.1 * MM)
    assert ratio < 0.2
    assert len(fine.points) < 20 * len(coarse.points)


def test_refined_box_is_small_and_well_shaped():
    source = ((0.5 * MM,) * 3, 0.02 * MM, 0.005 * MM, True)
    found = quality(box((1 * MM,) * 3, 0.06 * MM, refine=[source]))
    assert found.nodes < 20_000
    assert found.radius_ratio_min > 0.1
    assert found.radius_ratio_p1 > 0.4


@pytest.mark.slow
def test_a_million_nodes():
    mesh = box((1 * MM,) * 3, 0.01 * MM)
    assert len(mesh.points) == 101**3
    assert measure(mesh) == pytest.approx(1e-9, rel=1e-9)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: interval(-1.0, 0.1), "length"),
        (lambda: interval(1.0, 2.0), "larger than the body"),
        (lambda: interval(1.0, float("nan")), "cell"),
        (lambda: rectangle((1.0, 0.0), 0.1), r"size\[1\]"),
        (lambda: box((1.0, 1.0), 0.1), "3 lengths"),
        (lambda: box((1.0, 1.0, 1.0), 1e-6), "larger cell"),
        (lambda: slice_((1.0, 1.0), -1.0, 0.1), "thickness"),
        (lambda: disc(0.0, 0.1), "radius"),
        (lambda: sphere(1.0, 0.1, refine=[((2.0, 0.0, 0.0), 0.1, 0.01)]), "outside"),
        (lambda: box((1.0,) * 3, 0.1, refine=[((0.5,) * 3, 0.1, 0.2)]), "global cell"),
        (lambda: box((1.0,) * 3, 0.1, refine=[((0.5,) * 2, 0.1, 0.02)]), "3 coordinates"),
        (lambda: box((1.0,) * 3, 0.1, refine=[0.3]), r"refine\[0\]"),
    ],
)
def test_impossible_wishes_are_explained_in_one_line(call, words):
    with pytest.raises(ConfigError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


FINER = 'refine=[{point=["%s"], radius="60 um", cell="%s"}]'


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("interval", ['length="1 mm"', 'cell="2 mm"'], "cell: 2 mm is larger than .* 1 mm across"),
        ("rectangle", ['size=["1 mm", "1 mm", "1 mm"]', 'cell="1 um"'], "size: found 3 numbers; 2"),
        ("disc", ['radius="30 um"', 'cell="40 um"'], "cell: 40 um is larger than .* 30 um across"),
        ("sheet", ['surface="S1"', 'centre=["1 mm", "1 mm", "1 mm"]'], "radius: missing; a patch"),
        ("lattice", ['period="9 um"', 'gap="12 um"', 'cell="1 um"'], "gap: 12 um; .* are 9 um"),
        (
            "disc",
            ['radius="1 mm"', 'cell="50 um"', FINER % ('2 mm", "0 mm', "20 um")],
            r"refine\[0\].point: \(2, 0\) mm lies outside",
        ),
        (
            "interval",
            ['length="1 mm"', 'cell="50 um"', FINER % ("0.5 mm", "60 um")],
            r"refine\[0\].cell: 60 um is larger than the global cell of 50 um",
        ),
    ],
)
def test_settings_are_named_and_told_in_the_units_of_people(name, settings, words):
    with pytest.raises(ConfigError, match=rf"^mesh\.{words}"):
        api.mesh(name, settings)


def test_a_setting_without_a_value_is_told_as_it_was_written():
    with pytest.raises(ConfigError, match=r'^length: write it as key=value, such as cell="50 um"'):
        api.mesh("interval", ["length"])


def test_generators_load_no_heavy_library_before_they_are_called():
    code = (
        "import sys, ecs_model.meshes; "
        "print({'gmsh', 'shapely', 'pyvista', 'meshio', 'scipy', 'dolfinx'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"


def test_missing_gmsh_is_explained_and_structured_meshes_do_not_need_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "gmsh", None)
    with pytest.raises(ConfigError, match="apt-get install"):
        disc(1 * MM, 0.2 * MM)
    assert len(box((1 * MM,) * 3, 0.5 * MM).cells) == 48


def test_all_generators_are_listed():
    assert set(GENERATORS) == {
        "interval",
        "rectangle",
        "box",
        "slice",
        "disc",
        "sphere",
        "ribbon",
        "ribbon_from_files",
        "coronal",
        "sheet",
        "sheet_from_files",
        "sphere_surface",
        "from_labels",
        "lattice",
    }
