"""Runs on surfaces in space: thickness, points, balls in folds, processes, restart, pictures."""

import sys

from ecs_model.native import MPI

import meshio
import nibabel
import numpy as np
import pytest
from PIL import Image

from ecs_model import api, meshes
from ecs_model.errors import ConfigError
from ecs_model.meshes import meshdata
from ecs_model.meshes.meshdata import MeshData
from ecs_model.postprocess import run_figures
from ecs_model.postprocess.fields import load
from ecs_model.tissue import regions, sources, time_course
from ecs_model.tissue.mesh import Mesh
from ecs_model.tissue.points import Points
from ecs_model.tissue.section import section
from tests.helpers import launch_program, run_here, series, summary
from tests.parallel.runs import begun, close, done, settings

TEXT = """
title = "sheet"
[mesh]
generator = "sheet"
radius = "2.5 mm"
subdivisions = 2
[tissue]
thickness = {thickness}
ions = ["K", "Na", "Cl"]
transport = "electrodiffusion"
[[tissue.regions]]
name = "bolus"
ball = {{ centre = ["-9.27 mm", "-0.643 mm", "64.94 mm"], radius = "0.5 mm" }}
initial = {{ K_o = "30 mM", Cl_o = "157 mM" }}
[membrane]
model = "kager_mori"
options = {{ swelling = true }}
substeps = 5
precision = "double"
[[boundary]]
on = "cut"
ion = "K"
companion = "Cl"
flux = "1e-7 mol/m^2/s"
[[probe]]
name = "crown"
at = ["-9.27 mm", "-0.643 mm", "65.2 mm"]
[time]
end = "0.4 s"
step = "10 ms"
adaptive = false
[output]
every = "0.2 s"
series = "0.1 s"
precision = "double"
[solver]
rtol = 1e-12
"""
FIELD = '{ field = "thickness", unit = "m" }'


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sheet")
    return run_here(TEXT.format(thickness=FIELD), folder / "run")


def test_amounts_are_those_of_volume(run):
    """What the rim lets in is its length times its thickness, in mol; nothing is lost."""
    mesh = meshes.sheet(radius=2.5e-3, subdivisions=2)
    ends = mesh.points[mesh.facets]
    sides = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    # the sheet is as thick as its triangles: a node has their mean by volume
    t = mesh.node_fields["thickness"][mesh.cells].mean(axis=1)
    volumes = np.repeat((t * meshdata.volumes(mesh))[:, None], 3, axis=1).ravel()
    count = len(mesh.points)
    whole = np.bincount(mesh.cells.ravel(), volumes, count)
    thick = np.bincount(mesh.cells.ravel(), volumes * np.repeat(t, 3), count) / whole
    rim = (sides * thick[mesh.facets].mean(axis=1)).sum()
    balance = summary(run)["balance"]
    assert balance["unit"] == "mol"
    assert balance["given"]["boundary cut"] == pytest.approx(1e-7 * rim * 0.4, rel=1e-9)
    assert balance["relative_error"] < 1e-12


def test_pictures_show_it_from_both_sides(run):
    fields = load(run.path)
    assert fields.is_surface and fields.space == 3
    paths = {p.name: p for p in map(type(run.path), run_figures.everything(run.path))}
    image = np.asarray(Image.open(paths["K_o.png"]).convert("RGB")).astype(int)
    assert (np.ptp(image, axis=2) > 40).mean() > 0.01  # colours of the bolus on both sides
    assert "space_time.png" not in paths and "K_o.mp4" in paths


def test_other_programs_read_triangles_in_space(run):
    with meshio.xdmf.TimeSeriesReader(run.index) as reader:
        points, cells = reader.read_points_cells()
        _, data, _ = reader.read_data(1)
    assert cells[0].type == "triangle" and np.ptp(points[:, 2]) > 0.05
    assert data["K_o"].max() > 20


@pytest.mark.parametrize("n", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_processes_and_restart_change_nothing(run, tmp_path, n):
    text = TEXT.format(thickness=FIELD)
    (tmp_path / "run.toml").write_text(text)
    begun(n, tmp_path, "out", "time.end=0.2 s")
    done(1, tmp_path, "resume", "out", *settings("time.end=0.4 s"))
    close(run.path, tmp_path / "out", rtol=1e-7)


def test_a_field_of_thickness_and_its_mean_differ_in_amounts_only_by_that(run, tmp_path):
    mean = run_here(TEXT.format(thickness='"3.8 mm"'), tmp_path / "run")
    one, other = (summary(r)["balance"]["ecs_start"] for r in (run, mean))
    mesh = meshes.sheet(radius=2.5e-3, subdivisions=2)
    t = mesh.node_fields["thickness"][mesh.cells].mean(axis=1)
    ratio = (t * meshdata.volumes(mesh)).sum() / (3.8e-3 * meshdata.volumes(mesh).sum())
    assert one / other == pytest.approx(ratio, rel=5e-3)  # the bolus lies where it is thinner
    np.testing.assert_allclose(series(run)["K_o@crown"], series(mean)["K_o@crown"], rtol=0.02)


PLANE = '[mesh]\ngenerator = "rectangle"\nsize = ["1 mm", "1 mm"]\ncell = "0.1 mm"\n'
BAD = {
    "missing": ("thickness = {thickness}\n", "", "tissue.thickness: missing; the mesh is a surf"),
    "thin": (FIELD, '"0.1 um"', "tissue.thickness: must be between 1 um and 100 mm (found 100 nm)"),
    "unit": (
        FIELD,
        '{ field = "thickness", unit = "km" }',
        "must be between 1e-06 and 0.1, but is",
    ),
    "no length": (FIELD, '"3 s"', "'3 s' is a time; a length is needed here"),
    "far": ('"65.2 mm"', '"69 mm"', "outside the sheet (half its thickness away, or more)"),
    "flat": ('["-9.27 mm", "-0.643 mm", "65.2 mm"]', '["0 mm", "0 mm"]', "has 3 coordinates"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_is_refused_by_name(tmp_path, case):
    old, new, words = BAD[case]
    text = TEXT.replace("{thickness}", FIELD) if case != "missing" else TEXT
    text = text.replace(old, new).replace("{{", "{").replace("}}", "}")
    (tmp_path / "run.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        api.simulation(tmp_path / "run.toml", MPI.COMM_SELF)
    assert words in str(caught.value)


def test_a_plane_has_no_thickness(tmp_path):
    text = f'title = "plane"\n{PLANE}[tissue]\nthickness = "1 mm"\n[membrane]\nmodel = "nagumo"\n'
    (tmp_path / "run.toml").write_text(text + '[time]\nend = "1 s"\n[output]\nevery = "1 s"\n')
    with pytest.raises(ConfigError, match="this mesh fills its 2 dimensions: leave it out"):
        api.simulation(tmp_path / "run.toml", MPI.COMM_SELF)


def fold(gap=0.2e-3, depth=1e-3, h=0.05e-3, wide=8):
    """A sheet that goes down, across a gap, and up again."""
    down = np.arange(round(depth / h)) * h
    across = np.arange(round(gap / h) + 1) * h
    x = np.concatenate([0 * down, across, 0 * down + gap])
    z = np.concatenate([-down, 0 * across - depth, -down[::-1]])
    points = np.stack([np.stack([x, 0 * x + k * h, z], -1) for k in range(wide + 1)], 1)
    n = np.arange(points.size // 3).reshape(points.shape[:2])
    a, b, c, d = (q.ravel() for q in (n[:-1, :-1], n[1:, :-1], n[1:, 1:], n[:-1, 1:]))
    cells = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    nothing = np.empty((0, 2)), np.empty(0)
    return MeshData(points.reshape(-1, 3), cells, np.ones(len(cells)), *nothing, {"tissue": 1}, {})


FOLD = """
from ecs_model.native import MPI
from ecs_model.tissue import regions, sources, time_course
from ecs_model.tissue.mesh import Mesh
from tests.runs.test_sheets import fold

comm = MPI.COMM_WORLD
mesh = Mesh(comm, fold() if comm.rank == 0 else None)
part = regions.ball(mesh, "focus", (0.0, 0.2e-3, -0.3e-3), 0.35e-3)
middles = mesh.coordinates[mesh.cell_nodes].mean(axis=1)
assert not (part.cells & (middles[:, 0] > 0.1e-3)).any()
count = comm.allreduce(int(part.cells[: mesh.owned_cells].sum()))
if comm.rank == 0:
    print(count)
"""


@pytest.mark.parametrize("n", [1, 2, pytest.param(3, marks=pytest.mark.slow)])
def test_a_ball_does_not_reach_over_a_fold(n):
    """The other bank is 0.2 mm away through the gap, and 1.6 mm along the sheet."""
    ended = launch_program(n, [sys.executable, "-c", FOLD])
    assert ended.returncode == 0, ended.stderr
    data = fold()
    middles = data.points[data.cells].mean(axis=1)
    near = np.linalg.norm(middles - [0, 0.2e-3, -0.3e-3], axis=1) <= 0.35e-3
    assert int(ended.stdout) == (near & (middles[:, 0] < 0.1e-3)).sum()
    assert (near & (middles[:, 0] > 0.1e-3)).any()  # which a ball in space would hold


def test_a_ball_that_reaches_the_fundus_holds_both_banks():
    mesh = Mesh(MPI.COMM_SELF, fold())
    part = regions.ball(mesh, "focus", (0.0, 0.2e-3, -0.9e-3), 0.35e-3)
    middles = mesh.coordinates[mesh.cell_nodes].mean(axis=1)[part.cells]
    assert (middles[:, 0] > 0.19e-3).any() and (middles[:, 0] < 0.01e-3).any()


@pytest.mark.parametrize("offset", [-40e-6, 0.0, 40e-6])
def test_a_point_beside_the_sheet_is_its_nearest_point(offset):
    mesh = Mesh(MPI.COMM_SELF, fold())
    mesh.have_thickness(0.1e-3)
    found = Points(mesh, "probe", [(offset, 0.123e-3, -0.456e-3)])
    nodes, weights = found.owned_shares(0)
    np.testing.assert_allclose(
        weights @ mesh.coordinates[nodes], [0.0, 0.123e-3, -0.456e-3], atol=1e-12
    )


def test_a_point_out_of_the_sheet_is_outside():
    mesh = Mesh(MPI.COMM_SELF, fold())
    mesh.have_thickness(0.1e-3)
    with pytest.raises(ConfigError, match=r"probe: the point .* is outside the sheet"):
        Points(mesh, "probe", [(-60e-6, 0.123e-3, -0.456e-3)])


def test_programs_of_imaging_get_surface_maps_and_fields(run, tmp_path):
    paths = api.export_gifti(run.path, tmp_path, ["K_o"], ["0.2 s", 0.4])
    assert {p.name for p in paths} >= {"surface.surf.gii", "arrival_K_o.func.gii", "K_o.func.gii"}
    points, triangles = nibabel.load(tmp_path / "surface.surf.gii").agg_data()
    fields = load(run.path)
    np.testing.assert_allclose(points, fields.points, atol=1e-5)
    np.testing.assert_array_equal(triangles, fields.cells)
    image = nibabel.load(tmp_path / "K_o.func.gii")
    assert [x.meta["Name"] for x in image.darrays] == ["K_o 0.2 s", "K_o 0.4 s"]
    np.testing.assert_allclose(image.darrays[1].data, fields.at("K_o", 2), rtol=1e-6)


def test_a_field_of_an_earlier_export_goes(run, tmp_path):
    api.export_gifti(run.path, tmp_path, ["K_o"])
    (tmp_path / "mine.func.gii").write_text("of somebody else")
    api.export_gifti(run.path, tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert "K_o.func.gii" not in names and {"mine.func.gii", "surface.surf.gii"} <= names


def test_what_gifti_cannot_hold_is_refused(run, tmp_path):
    with pytest.raises(ConfigError, match="has no field 'K'"):
        api.export_gifti(run.path, tmp_path, ["K"])
    with pytest.raises(ConfigError, match=r"no fields were written at 0.3 s"):
        api.export_gifti(run.path, tmp_path, ["K_o"], [0.3])
    flat = f'title = "plane"\n{PLANE}[membrane]\nmodel = "nagumo"\n[time]\nend = "0.1 s"\n'
    plane = run_here(flat + '[output]\nevery = "0.1 s"\n', tmp_path / "plane")
    with pytest.raises(ConfigError, match="needs a surface in space, and this mesh is none"):
        api.export_gifti(plane.path)


SECTION = """
import numpy as np
from ecs_model import meshes
from ecs_model.native import MPI
from ecs_model.tissue.mesh import Mesh
from ecs_model.tissue.section import section

comm = MPI.COMM_WORLD
mesh = Mesh(comm, meshes.sphere_surface(1e-3, 50e-6) if comm.rank == 0 else None)
mesh.have_thickness(0.1e-3)
ends = (1e-3, 0.0, 0.0), (0.7e-3, 0.42e-3, 0.56e-3), (0.0, 0.6e-3, 0.8e-3)
points, places = section(mesh, "line", ends, 50)
every = comm.allgather((points, places))
assert all(np.array_equal(x, y) for pair in every for x, y in zip(pair, every[0]))
if comm.rank == 0:
    print(*points.ravel(), *places)
"""


@pytest.mark.parametrize("n", [1, 2, pytest.param(3, marks=pytest.mark.slow)])
def test_a_line_on_a_sphere_is_a_great_circle(n):
    ended = launch_program(n, [sys.executable, "-c", SECTION])
    assert ended.returncode == 0, ended.stderr
    numbers = np.array(ended.stdout.split(), float)
    points, places = numbers[:150].reshape(50, 3), numbers[150:]
    assert places[-1] == pytest.approx(1e-3 * np.pi / 2, rel=1e-3)
    np.testing.assert_allclose(np.diff(places), places[1], rtol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1e-3, rtol=1e-3)
    np.testing.assert_allclose(points @ [0.0, 0.8, -0.6], 0.0, atol=3e-5)  # its plane
    way = np.linalg.norm(np.diff(points, axis=0), axis=1)
    assert way.min() > 0.97 * places[1]


def test_a_line_over_a_fold_goes_down_and_up():
    mesh = Mesh(MPI.COMM_SELF, fold())
    mesh.have_thickness(50e-6)
    ends = (0.0, 0.2e-3, -0.1e-3), (0.1e-3, 0.2e-3, -1e-3), (0.2e-3, 0.2e-3, -0.1e-3)
    points, places = section(mesh, "line", ends, 100)
    assert places[-1] == pytest.approx(0.9e-3 + 0.2e-3 + 0.9e-3, rel=1e-6)
    assert points[:, 2].min() == pytest.approx(-1e-3, abs=1e-9)
    np.testing.assert_allclose(points[:, 1], 0.2e-3, atol=1e-9)


BAD_LINES = {
    "straight": ([(0, 0, 1e-3), (0, 0, 1e-3), (0, 1e-3, 0)], "lie on one straight line"),
    "far": ([(0, 0, 2e-3), (1e-3, 0, 0), (0, 1e-3, 0)], "is outside the sheet"),
}


@pytest.mark.parametrize("case", BAD_LINES)
def test_lines_that_no_plane_makes_are_refused(case):
    mesh = Mesh(MPI.COMM_SELF, meshes.sphere_surface(1e-3, 0.2e-3))
    mesh.have_thickness(0.1e-3)
    ends, words = BAD_LINES[case]
    with pytest.raises(ConfigError, match=f"line: .*{words}"):
        section(mesh, "line", ends, 10)


def test_the_long_way_round_is_taken_if_it_goes_through():
    mesh = Mesh(MPI.COMM_SELF, meshes.sphere_surface(1e-3, 50e-6))
    mesh.have_thickness(0.1e-3)
    for through, turns in (((-0.6e-3, 0.8e-3, 0), 1.5), ((0.6e-3, -0.8e-3, 0), 0.5)):
        length = section(mesh, "line", [(1e-3, 0, 0), through, (0, -1e-3, 0)], 9)[1][-1]
        assert length == pytest.approx(turns * 1e-3 * np.pi, rel=1e-3)


@pytest.mark.parametrize(
    "ends",
    [
        [(0, 0.1e-3, -0.3e-3), (0.2e-3, 0.1e-3, -0.6e-3), (0, 0.2e-3, -0.6e-3)],
        [(0, 0.1e-3, -0.1e-3), (0, 0.3e-3, -0.7e-3), (0, 0.2e-3, -0.2e-3)],
    ],
    ids=["past the rim", "a plane that is the sheet"],
)
def test_a_cut_that_does_not_pass_the_point_is_refused(ends):
    mesh = Mesh(MPI.COMM_SELF, fold())
    mesh.have_thickness(50e-6)
    with pytest.raises(ConfigError, match="does not pass"):
        section(mesh, "line", ends, 10)


LINE = '[[line]]\nname = "way"\nstart = {}\nend = {}\n{}'
MM = '["-9.27 mm", "-0.643 mm", "64.94 mm"]', '["-10 mm", "-0.643 mm", "64.9 mm"]'


@pytest.mark.parametrize(
    ("mesh", "through", "words"),
    [
        ("sheet", "", "line 'way': through: missing; on a surface in space a line is where"),
        ("plane", 'through = ["0.5 mm", "0.1 mm"]\n', "through: has no effect where lines are"),
    ],
)
def test_lines_on_surfaces_go_through_a_third_point(tmp_path, mesh, through, words):
    if mesh == "sheet":
        text = TEXT.format(thickness=FIELD).replace("[time]", LINE.format(*MM, through) + "[time]")
    else:
        ends = '["0 mm", "0 mm"]', '["1 mm", "0 mm"]'
        text = f'title = "plane"\n{PLANE}[membrane]\nmodel = "nagumo"\n'
        text += LINE.format(*ends, through)
        text += '[time]\nend = "0.1 s"\n[output]\nevery = "0.1 s"\n'
    (tmp_path / "run.toml").write_text(text)
    with pytest.raises(ConfigError, match=words):
        api.simulation(tmp_path / "run.toml", MPI.COMM_SELF)


def test_a_gaussian_does_not_jump_over_a_fold():
    """The other bank is one width away through the gap, and 36 along the sheet."""
    mesh = Mesh(MPI.COMM_SELF, fold(gap=0.05e-3))
    mesh.have_thickness(20e-6)
    centre = (0.0, 0.2e-3, -0.1e-3)
    load = sources.gaussian_load(mesh, "source", centre, 50e-6, 1.0, time_course.constant())
    there = mesh.coordinates[load.nodes]
    assert there[:, 0].max() < 1e-9 and load.rates.sum() == pytest.approx(1.0, rel=1e-12)
    distance = np.linalg.norm(there - centre, axis=1)
    assert (load.rates * distance**2).sum() == pytest.approx(2 * 50e-6**2, rel=0.1)


NAGUMO = """
title = "front"
[mesh]
generator = "sphere_surface"
radius = "0.2 mm"
cell = "20 um"
[tissue]
thickness = "0.1 mm"
[membrane]
model = "nagumo"
[time]
end = "1 s"
[output]
every = "1 s"
"""


def test_the_mesh_of_a_sheet_is_checked_like_any_other(tmp_path):
    (tmp_path / "run.toml").write_text(NAGUMO)
    said = "\n".join(api.check(tmp_path / "run.toml", check_mesh=True))
    assert "fronts" in said
