from dataclasses import replace

import meshio
import numpy as np
import pytest

from ecs_model import meshdata
from ecs_model.errors import ConfigError
from ecs_model.meshes import box, interval, rectangle
from ecs_model.meshes.mesher import session

ARRAYS = ("points", "cells", "cell_tags", "facets", "facet_tags")


def two_regions(mesh):
    right = mesh.points[mesh.cells].mean(axis=1)[:, 0] > 0.5e-3
    depth = np.sin(1e3 * mesh.points[:, 0])
    fibre = np.cos(mesh.points[mesh.cells].mean(axis=1) * 1e3)
    return replace(
        mesh,
        cell_tags=np.where(right, 2, 1),
        regions={"tissue": 1, "a - core -- x": 2},
        fields={"depth": depth, "fibre": fibre},
    )


MESHES = {
    "interval": lambda: two_regions(interval(1e-3, 1e-4)),
    "rectangle": lambda: two_regions(rectangle((1e-3, 0.7e-3), 1e-4)),
    "box": lambda: two_regions(box((1e-3, 0.7e-3, 0.3e-3), 1e-4)),
}


def same(a, b):
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert (a.regions, a.boundaries) == (b.regions, b.boundaries)


@pytest.mark.parametrize(
    ("body", "ending"),
    [(b, e) for b in MESHES for e in (".vtu", ".xdmf", ".msh") if (b, e) != ("interval", ".xdmf")],
)
def test_what_is_written_is_read_bit_for_bit(body, ending, tmp_path):
    mesh, path = MESHES[body](), tmp_path / f"mesh{ending}"
    meshdata.write(mesh, path)
    back = meshdata.read(path, "m")
    same(mesh, back)
    np.testing.assert_array_equal(back.fields["depth"], mesh.fields["depth"])
    if ending != ".msh":
        np.testing.assert_allclose(back.fields["fibre"], mesh.fields["fibre"])


def test_xdmf_of_an_interval_is_refused_because_it_would_lose_the_ends(tmp_path):
    with pytest.raises(ConfigError, match=r"\.vtu or \.msh"):
        meshdata.write(interval(1e-3, 1e-4), tmp_path / "a.xdmf")


@pytest.mark.parametrize(("unit", "metres"), [("m", 1), ("cm", 1e-2), ("mm", 1e-3), ("um", 1e-6)])
def test_the_declared_unit_scales_the_mesh(unit, metres, tmp_path):
    mesh = rectangle((2.0, 1.0), 0.5)
    meshdata.write(mesh, tmp_path / "a.vtu")
    found = meshdata.quality(meshdata.read(tmp_path / "a.vtu", unit))
    assert found.measure["tissue"] == pytest.approx(2 * metres**2)


@pytest.fixture(scope="module")
def gmsh_files(tmp_path_factory):
    """A box with a ball in it: without groups, in both formats with groups, quads and curved."""
    folder = tmp_path_factory.mktemp("gmsh")
    with session() as gmsh:
        body = gmsh.model.occ.addBox(0, 0, 0, 2, 2, 1)
        ball = gmsh.model.occ.addSphere(1, 1, 0.5, 0.3)
        gmsh.model.occ.fragment([(3, body)], [(3, ball)])
        gmsh.model.occ.synchronize()
        gmsh.option.setNumber("Mesh.MeshSizeMax", 0.3)
        gmsh.model.mesh.generate(3)
        save(gmsh, folder / "bare.msh", 4.1)
        save(gmsh, folder / "bare22.msh", 2.2)
        low = [t for _, t in gmsh.model.getEntitiesInBoundingBox(-1, -1, -0.1, 3, 3, 0.1, 2)]
        rest = [t for _, t in gmsh.model.getEntities(3) if t != ball]
        gmsh.model.addPhysicalGroup(3, [ball], 5, "core")
        gmsh.model.addPhysicalGroup(3, rest, 3, "tissue")
        gmsh.model.addPhysicalGroup(2, low, 8, "bath")
        for version in (2.2, 4.1):
            for binary in (0, 1):
                save(gmsh, folder / f"groups{version}-{binary}.msh", version, binary)
        gmsh.model.mesh.setOrder(2)
        save(gmsh, folder / "curved.msh", 4.1)
    return folder


def save(gmsh, path, version, binary=0):
    gmsh.option.setNumber("Mesh.MshFileVersion", version)
    gmsh.option.setNumber("Mesh.Binary", binary)
    gmsh.write(str(path))


@pytest.mark.parametrize("binary", [0, 1])
@pytest.mark.parametrize("version", [2.2, 4.1])
def test_gmsh_groups_become_regions_and_boundaries(gmsh_files, version, binary):
    mesh = meshdata.read(gmsh_files / f"groups{version}-{binary}.msh", "mm")
    meshdata.check(mesh, "groups")
    assert mesh.regions == {"core": 5, "tissue": 3}
    assert mesh.boundaries == {"bath": 8}
    found = meshdata.quality(mesh).measure
    assert sum(found.values()) == pytest.approx(4e-9)
    assert 0.6 * 4 / 3 * np.pi * 0.3**3 < found["core"] * 1e9 < 4 / 3 * np.pi * 0.3**3
    np.testing.assert_allclose(mesh.points[mesh.facets, 2], 0, atol=1e-15)


@pytest.mark.parametrize("name", ["bare", "bare22"])
def test_a_mesh_without_any_tag_is_tissue(gmsh_files, name):
    mesh = meshdata.read(gmsh_files / f"{name}.msh", "mm")
    meshdata.check(mesh, "bare")
    assert mesh.regions == {"tissue": 1}
    assert len(mesh.facets) == 0


def foreign(path, cells, points=None, **arrays):
    """A file written by someone else."""
    points = np.vstack([np.zeros(3), np.eye(3), np.ones(3)]) if points is None else points
    meshio.write(path, meshio.Mesh(np.asarray(points, float), cells, cell_data=arrays))
    return path


SOUND = [("tetra", np.array([[0, 1, 2, 3], [1, 2, 3, 4]]))]
MIXED = [("tetra", np.array([[0, 1, 2, 3], [1, 3, 2, 4]]))]


@pytest.mark.parametrize("array", ["tags", "region", "cell_tags", "gmsh:physical"])
def test_usual_names_of_tags_are_found(array, tmp_path):
    path = foreign(tmp_path / "a.vtu", SOUND, **{array: [np.array([4, 9])]})
    mesh = meshdata.read(path, "m")
    assert mesh.cell_tags.tolist() == [4, 9]
    assert mesh.regions == {"region_4": 4, "region_9": 9}


def test_other_names_of_tags_can_be_given(tmp_path):
    path = foreign(tmp_path / "a.vtu", SOUND, zone=[np.array([4, 9])], k=[np.array([0.5, 1.5])])
    assert meshdata.read(path, "m", tags="zone").cell_tags.tolist() == [4, 9]
    assert meshdata.read(path, "m").regions == {"tissue": 1}
    with pytest.raises(ConfigError, match="zone, k"):
        meshdata.read(path, "m", tags="zones")
    with pytest.raises(ConfigError, match="whole numbers"):
        meshdata.read(path, "m", tags="k")


def test_a_mesh_that_counts_the_other_way_round_is_turned(tmp_path):
    turned = [("tetra", SOUND[0][1][:, [1, 0, 2, 3]])]
    mesh = meshdata.read(foreign(tmp_path / "a.vtu", turned), "m")
    assert meshdata.volumes(mesh).min() > 0


def test_single_inverted_cells_stay_and_are_found(tmp_path):
    mesh = meshdata.read(foreign(tmp_path / "a.vtu", MIXED), "m")
    with pytest.raises(ConfigError, match="inverted"):
        meshdata.check(mesh, "a")


FLAT_QUAD = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]


@pytest.mark.parametrize(
    ("cells", "points", "words"),
    [
        ([("quad", [[0, 1, 2, 3]])], FLAT_QUAD, "type quad"),
        ([("vertex", [[0], [1]])], FLAT_QUAD, "no cells"),
        ([("triangle", [[0, 1, 2]])], [[0, 0, 0], [1, 0, 0], [0, 1, 1]], "z = 0"),
        ([("line", [[0, 1]])], [[0, 0, 0], [1, 1, 0]], "y = z = 0"),
    ],
)
def test_what_is_no_mesh_of_simplices_is_explained(cells, points, words, tmp_path):
    with pytest.raises(ConfigError, match=words):
        meshdata.read(foreign(tmp_path / "a.vtu", cells, points), "m")


def test_curved_cells_are_explained(gmsh_files):
    with pytest.raises(ConfigError, match="tetra10"):
        meshdata.read(gmsh_files / "curved.msh", "mm")


@pytest.mark.parametrize("part", [0.0, 0.2, 0.5, 0.95])
@pytest.mark.parametrize("ending", [".vtu", ".xdmf", ".msh"])
def test_truncated_files_name_themselves_in_one_line(ending, part, tmp_path, capfd):
    path = tmp_path / f"a{ending}"
    meshdata.write(rectangle((1e-3, 1e-3), 1e-4), path)
    size = len(path.read_bytes().partition(b"<!--")[0])
    path.write_bytes(path.read_bytes()[: int(part * size)])
    with pytest.raises(ConfigError, match=f"a{ending}") as caught:
        meshdata.read(path, "m")
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_missing_and_unknown_files_are_explained(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.msh: no such file"):
        meshdata.read(tmp_path / "nowhere.msh", "m")
    (tmp_path / "a.docx").write_text("mesh")
    with pytest.raises(ConfigError, match=r"a\.docx: cannot be read"):
        meshdata.read(tmp_path / "a.docx", "m")
    with pytest.raises(ConfigError, match="unit 'inch'"):
        meshdata.read(tmp_path / "a.docx", "inch")
    with pytest.raises(ConfigError, match="cannot write"):
        meshdata.write(interval(1.0, 0.5), tmp_path / "a.docx")
