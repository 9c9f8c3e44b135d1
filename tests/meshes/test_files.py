import importlib
import re
from dataclasses import replace

import meshio
import numpy as np
import pytest

from ecs_model.errors import ConfigError
from ecs_model.meshes import box, interval, meshdata, rectangle
from ecs_model.meshes.mesher import session
from tests.helpers import room_for

ARRAYS = ("points", "cells", "cell_tags", "facets", "facet_tags")


def two_regions(mesh):
    right = mesh.points[mesh.cells].mean(axis=1)[:, 0] > 0.5e-3
    depth = np.sin(1e3 * mesh.points[:, 0])
    fibre = np.cos(mesh.points[mesh.cells].mean(axis=1) * 1e3)
    return replace(
        mesh,
        cell_tags=np.where(right, 2, 1),
        regions={"tissue": 1, "a - core -- x": 2},
        node_fields={"depth": depth},
        cell_fields={"fibre": fibre},
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
    np.testing.assert_array_equal(back.node_fields["depth"], mesh.node_fields["depth"])
    if ending != ".msh":
        np.testing.assert_allclose(back.cell_fields["fibre"], mesh.cell_fields["fibre"])


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
    points = POINTS if points is None else points
    meshio.write(path, meshio.Mesh(np.asarray(points, float), cells, cell_data=arrays))
    return path


POINTS = np.vstack([np.zeros(3), np.eye(3), np.ones(3)])
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


@pytest.mark.parametrize("tag", [2**31, -(2**31) - 1, 2**32 + 1, 3e9, np.inf])
def test_tags_that_a_mesh_cannot_hold_are_refused(tag, tmp_path):
    path = foreign(tmp_path / "a.vtu", SOUND, tags=[np.array([1, tag])])
    with pytest.raises(ConfigError, match=r"a\.vtu: the cell data 'tags' must lie between -2147"):
        meshdata.read(path, "m")


def test_a_name_at_nodes_and_at_cells_is_two_fields(tmp_path):
    mesh = meshio.Mesh(POINTS, SOUND, {"a": np.arange(5.0)}, {"a": [np.array([7.0, 8.0])]})
    meshio.write(tmp_path / "a.vtu", mesh)
    found = meshdata.read(tmp_path / "a.vtu", "m")
    assert found.node_fields["a"].tolist() == [0, 1, 2, 3, 4]
    assert found.cell_fields["a"].tolist() == [7, 8]


def test_fields_of_a_mesh_whose_unused_nodes_are_left_out(tmp_path):
    cells = [("triangle", np.array([[0, 1, 3], [0, 3, 2], [0, 2, 1]]))]
    points = np.array([[0, 0, 0], [1, 0, 0], [-1, -1, 0], [0, 1, 0], [5, 5, 0]], float)
    meshio.write(tmp_path / "a.vtu", meshio.Mesh(points, cells, {"a": np.arange(5.0)}))
    found = meshdata.read(tmp_path / "a.vtu", "m")
    assert found.node_fields["a"].tolist() == [0, 1, 2, 3]


def test_a_mesh_that_counts_the_other_way_round_is_turned(tmp_path):
    turned = [("tetra", SOUND[0][1][:, [1, 0, 2, 3]])]
    mesh = meshdata.read(foreign(tmp_path / "a.vtu", turned), "m")
    assert meshdata.volumes(mesh).min() > 0


def test_cells_counted_either_way_round_are_turned(tmp_path):
    mesh = meshdata.read(foreign(tmp_path / "a.vtu", MIXED), "m")
    meshdata.check(mesh, "a")
    sound = meshdata.read(foreign(tmp_path / "b.vtu", SOUND), "m")
    np.testing.assert_array_equal(np.sort(mesh.cells, axis=1), np.sort(sound.cells, axis=1))
    np.testing.assert_allclose(meshdata.volumes(mesh), np.abs(meshdata.volumes(sound)))


@pytest.mark.parametrize("d", [1, 2, 3])
def test_a_cell_folded_over_its_neighbour_is_found(tmp_path, d):
    """Any order of vertices is right, but not a node on the wrong side."""
    mesh = {
        1: lambda: interval(5e-3, 1e-3),
        2: lambda: rectangle((3e-3,) * 2, 1e-3),
        3: lambda: box((2e-3,) * 3, 1e-3),
    }[d]()
    rng = np.random.default_rng(2)
    cells = np.array([rng.permutation(row) for row in mesh.cells])
    kind = ("line", "triangle", "tetra")[d - 1]
    points = np.pad(mesh.points, ((0, 0), (0, 3 - d)))
    sound = meshdata.read(foreign(tmp_path / "a.vtu", [(kind, cells)], points), "m")
    meshdata.check(sound, "a")
    assert meshdata.volumes(sound).min() > 0
    inner = np.flatnonzero(
        ((mesh.points > 0.5e-3) & (mesh.points < mesh.points.max(0) - 0.5e-3)).all(1)
    )
    points[inner[0], :d] += 1.3e-3
    with pytest.raises(ConfigError, match=r"lie over a neighbour, the first at \(.*\) mm"):
        meshdata.read(foreign(tmp_path / "b.vtu", [(kind, cells)], points), "m")


def groups(path, version, save_all, overlap):
    """Two squares with an edge; `overlap` is the dimension in which two groups share elements."""
    with session() as gmsh:
        occ, group = gmsh.model.occ, gmsh.model.addPhysicalGroup
        both = [(2, occ.addRectangle(x, 0, 0, 1, 1)) for x in (0, 1)]
        occ.addPoint(5, 5, 0)
        occ.fragment(both[:1], both[1:])
        occ.synchronize()
        (_, a), (_, b) = gmsh.model.getEntities(2)
        left = [
            t for _, t in gmsh.model.getEntitiesInBoundingBox(-0.1, -0.1, -0.1, 0.1, 1.1, 0.1, 1)
        ]
        group(2, [a], 1, "left half")
        group(2, [b], 2, "right half")
        group(1, left, 11, "inlet")
        if overlap == 2:
            group(2, [a, b], 3, "whole")
        if overlap == 1:
            group(1, left, 12, "ends")
        gmsh.option.setNumber("Mesh.MeshSizeMax", 0.5)
        gmsh.option.setNumber("Mesh.MshFileVersion", version)
        gmsh.option.setNumber("Mesh.SaveAll", save_all)
        gmsh.model.mesh.generate(2)
        gmsh.write(str(path))
        gmsh.option.setNumber("Mesh.SaveAll", 0)
    return path


@pytest.mark.parametrize(("version", "save_all"), [(2.2, 0), (4.1, 0), (4.1, 1)])
def test_elements_in_two_gmsh_groups_are_refused_by_name(tmp_path, version, save_all):
    read = lambda overlap: meshdata.read(  # noqa: E731
        groups(tmp_path / "a.msh", version, save_all, overlap), "mm"
    )
    with pytest.raises(
        ConfigError, match="facets belong to more than one group, 'inlet' and 'ends'"
    ):
        read(1)
    with pytest.raises(ConfigError, match=r"of the tissue belong to more than one .*'whole'"):
        read(2)
    mesh = read(0)
    meshdata.check(mesh, "a")
    assert mesh.regions == {"left half": 1, "right half": 2}
    assert mesh.boundaries == {"inlet": 11}
    assert (mesh.points[mesh.facets][..., 0] == 0).all()


@pytest.mark.parametrize("signs", [(1, -1), (-1, -1)])
@pytest.mark.parametrize("version", [2.2, 4.1])
def test_a_minus_sign_does_not_take_a_curve_out_of_its_group(tmp_path, version, signs):
    with session() as gmsh:
        gmsh.model.occ.addRectangle(0, 0, 0, 1, 1)
        gmsh.model.occ.synchronize()
        gmsh.model.addPhysicalGroup(2, [1], 1, "tissue")
        gmsh.model.addPhysicalGroup(1, [signs[0] * 4, signs[1] * 2], 3, "sides")
        gmsh.model.mesh.generate(2)
        save(gmsh, tmp_path / "a.msh", version)
    mesh = meshdata.read(tmp_path / "a.msh", "mm")
    assert mesh.boundaries == {"sides": 3}
    assert {*mesh.points[mesh.facets][..., 0].ravel()} == {0, 1e-3}


@pytest.mark.parametrize("binary", [0, 1])
def test_a_partitioned_mesh_is_refused_by_that_word(tmp_path, binary):
    with session() as gmsh:
        gmsh.model.occ.addRectangle(0, 0, 0, 1, 1)
        gmsh.model.occ.synchronize()
        gmsh.model.addPhysicalGroup(2, [1], 1, "tissue")
        gmsh.model.mesh.generate(2)
        gmsh.model.mesh.partition(2)
        save(gmsh, tmp_path / "a.msh", 4.1, binary)
    with pytest.raises(ConfigError, match="is partitioned"):
        meshdata.read(tmp_path / "a.msh", "mm")


def test_groups_that_save_all_lost_are_named(tmp_path):
    with pytest.raises(ConfigError, match=r"'left half'.*no element belongs to one.*SaveAll"):
        meshdata.read(groups(tmp_path / "a.msh", 2.2, 1, 0), "mm")


@pytest.mark.parametrize("encoding", ["HDF5", "ASCII"])
@pytest.mark.parametrize("d", [1, 2, 3])
def test_what_dolfinx_wrote_is_read_with_its_tags(tmp_path, d, encoding):
    from ecs_model import native  # loads DOLFINx in the order that it needs

    io, made = (importlib.import_module(f"dolfinx.{name}") for name in ("io", "mesh"))
    comm = native.MPI.COMM_SELF
    domain = {
        1: lambda: made.create_interval(comm, 6, [0, 1]),
        2: lambda: made.create_unit_square(comm, 4, 3),
        3: lambda: made.create_unit_cube(comm, 3, 2, 2),
    }[d]()
    count = domain.topology.index_map(d).size_local
    cells = np.arange(count, dtype=np.int32)
    right = made.compute_midpoints(domain, d, cells)[:, 0] > 0.5
    domain.topology.create_connectivity(d - 1, d)
    left = made.locate_entities_boundary(domain, d - 1, lambda x: np.isclose(x[0], 0))
    tags = [
        made.meshtags(domain, d, cells, np.where(right, 2, 1).astype(np.int32)),
        made.meshtags(domain, d - 1, left, np.full(len(left), 7, np.int32)),
    ]
    for chosen in (tags[:1], tags[1:], tags, []):
        if d == 1 and tags[1] in chosen:
            continue  # DOLFINx cannot write tags of points
        path = tmp_path / "a.xdmf"
        with io.XDMFFile(
            comm, str(path), "w", encoding=getattr(io.XDMFFile.Encoding, encoding)
        ) as f:
            f.write_mesh(domain)
            for k, one in enumerate(chosen):
                one.name = f"tags{k}"
                f.write_meshtags(one, domain.geometry)
        mesh = meshdata.read(path, "m")
        meshdata.check(mesh, "a")
        assert meshdata.volumes(mesh).sum() == pytest.approx(1.0)
        middles = mesh.points[mesh.cells].mean(axis=1)[:, 0]
        expected = np.where(middles > 0.5, 2, 1) if tags[0] in chosen else np.ones(count)
        np.testing.assert_array_equal(mesh.cell_tags, expected)
        on = tags[1] in chosen
        assert mesh.boundaries == ({"boundary_7": 7} if on else {})
        assert len(mesh.facets) == on * len(left)
        assert (mesh.points[mesh.facets][..., 0] == 0).all()


def test_a_vtu_of_several_pieces_is_refused_by_that_word(tmp_path):
    path = foreign(tmp_path / "a.vtu", SOUND)
    text = path.read_text()
    piece = text[text.index("<Piece") : text.index("</Piece>") + len("</Piece>")]
    path.write_text(text.replace(piece, piece + piece))
    with pytest.raises(ConfigError, match="holds 2 pieces"):
        meshdata.read(path, "m")


ABAQUS = """*Heading
*Node
1, 0, 0
2, 1, 0
3, 2, 0
4, 0, 1
5, 1, 1
6, 2, 1
*Element, type=CPS3
10, 1, 2, 5
11, 1, 5, 4
*Element, type=CPS3, elset=White
12, 2, 3, 6
*Element, type=CPS3, ELSET=White
13, 2, 6, 5
** half of them
*Elset, elset=Cortex, generate
10, 11
*Element, type=T3D2, elset=Inlet
20, 1, 4
"""


def test_element_sets_of_abaqus_become_regions_and_boundaries(tmp_path):
    path = tmp_path / "a.inp"
    path.write_text(ABAQUS)
    mesh = meshdata.read(path, "mm")
    meshdata.check(mesh, "a")
    right = mesh.points[mesh.cells].mean(axis=1)[:, 0] > 1e-3
    names = {tag: name for name, tag in mesh.regions.items()}
    assert [names[t] for t in mesh.cell_tags] == ["White" if r else "Cortex" for r in right]
    assert list(mesh.boundaries) == ["Inlet"]
    np.testing.assert_array_equal(mesh.facets, [[0, 3]])
    path.write_text(ABAQUS.replace("10, 11", "11, 13"))
    with pytest.raises(ConfigError, match="more than one group, 'White' and 'Cortex'"):
        meshdata.read(path, "mm")


def test_nodes_that_nothing_uses_are_left_out(tmp_path):
    points = np.vstack([np.zeros(3), [[9, 9, 9]], np.eye(3), np.ones(3)])
    cells = [("tetra", np.array([[0, 2, 3, 4], [2, 3, 4, 5]]))]
    mesh = meshdata.read(foreign(tmp_path / "a.vtu", cells, points), "m")
    meshdata.check(mesh, "a")
    same(mesh, meshdata.read(foreign(tmp_path / "b.vtu", SOUND), "m"))


FLAT_QUAD = [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]


@pytest.mark.parametrize(
    ("cells", "points", "words"),
    [
        ([("quad", [[0, 1, 2, 3]])], FLAT_QUAD, "type quad"),
        ([("vertex", [[0], [1]])], FLAT_QUAD, "no cells"),
        ([("line", [[0, 1]])], [[0, 0, 0], [1, 1, 0]], "y = z = 0"),
    ],
)
def test_what_is_no_mesh_of_simplices_is_explained(cells, points, words, tmp_path):
    with pytest.raises(ConfigError, match=words):
        meshdata.read(foreign(tmp_path / "a.vtu", cells, points), "m")


def test_triangles_that_leave_their_plane_are_a_surface_in_space(tmp_path):
    points = [[0, 0, 0], [1, 0, 0], [0, 1, 1]]
    mesh = meshdata.read(foreign(tmp_path / "a.vtu", [("triangle", [[0, 1, 2]])], points), "m")
    assert mesh.is_surface and mesh.points.tolist() == points


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


@pytest.mark.parametrize("ending", [".vtu", ".xdmf", ".msh"])
def test_a_mesh_that_cannot_be_written_leaves_the_old_one(ending, tmp_path):
    path = tmp_path / f"a{ending}"
    meshdata.write(rectangle((1e-3, 1e-3), 5e-4), path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    with room_for(8000), pytest.raises(ConfigError) as caught:
        meshdata.write(box((1e-3, 1e-3, 1e-3), 1e-4), path)
    assert re.fullmatch(
        rf"cannot write {path}: (File too large|No space left on device); .*", str(caught.value)
    )
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_xdmf_without_its_hdf5_is_explained_in_few_words(tmp_path):
    meshdata.write(rectangle((1e-3, 1e-3), 5e-4), tmp_path / "a.xdmf")
    (tmp_path / "a.h5").unlink()
    with pytest.raises(ConfigError, match=r"a\.xdmf: cannot be read \(No such file or directory\)"):
        meshdata.read(tmp_path / "a.xdmf", "m")
