"""Surfaces in space against what is known of a sphere: its eigenvalues, diffusion, a front."""

from itertools import pairwise

from ecs_model.native import MPI

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import eigsh

from ecs_model import meshes
from ecs_model.meshes import meshdata
from ecs_model.meshes.meshdata import MeshData
from ecs_model.run import field_series
from ecs_model.tissue.mesh import Mesh
from ecs_model.transport.matrices import Operators
from tests.helpers import found, run_here, summary

RADIUS = 10.0  # mm: of the front's sphere, where it bends the path by 0.2 % of the speed
D = 1.96e-9 / 1.6**2
SIDE = 1.0514622242382672  # of an icosahedron whose corners are at distance 1
DEGREES = np.repeat([0, 1, 2, 3], [1, 3, 5, 7])


def eigenvalues(cuts):
    """The first sixteen of -Laplace on a sphere of radius 1 whose icosahedron is cut so finely."""
    side = SIDE / cuts
    mesh = Mesh(MPI.COMM_SELF, meshes.sphere_surface(1.0, side))
    assert mesh.nodes == 10 * cuts**2 + 2
    ones = np.ones(len(mesh.cell_tags))
    operators = Operators(mesh, ones, ones, 1.0)
    stiffness, mass = (
        csr_matrix(m.getValuesCSR()[::-1], (mesh.nodes, mesh.nodes))
        for m in (operators.stiffness, operators.mass)
    )
    return np.sort(eigsh(stiffness, 16, mass, sigma=-1.0)[0])


def test_eigenvalues_of_a_sphere():
    """l (l + 1), each 2 l + 1 times, to second order."""
    exact = DEGREES * (DEGREES + 1.0)
    errors = [np.abs(eigenvalues(cuts)[1:] / exact[1:] - 1).max() for cuts in (8, 16, 32)]
    found("sphere: error of l (l + 1), l to 3, 642 nodes", 100 * errors[0], 2.1, 0.1, "%")
    for one, two in pairwise(errors):
        found("sphere: errors of eigenvalues, edges halved", one / two, 4.0, 0.1, "times")


DECAY = """
title = "diffusion on a sphere"
[mesh]
generator = "sphere_surface"
radius = "0.2 mm"
cell = "{cell} um"
[tissue]
thickness = "{thickness} um"
[membrane]
model = "threshold_release"
parameters = {{ r = 0, k = 0 }}
initial = {{ K_o = {{ file = "{folder}/start.npy", unit = "mM", at = "nodes" }} }}
[time]
end = "20 s"
step = "0.1 s"
adaptive = false
[solver]
theta = 0.5
[output]
every = "20 s"
series = "20 s"
precision = "double"
"""


def decayed(folder, cell, thickness=10):
    """Amplitude [mM] of cos(theta), 10 mM at first, after 20 s; and the run."""
    mesh = meshes.sphere_surface(0.2e-3, cell * 1e-6)
    folder.mkdir()
    np.save(folder / "start.npy", 20 + 10 * mesh.points[:, 2] / 0.2e-3)
    run = run_here(DECAY.format(cell=cell, thickness=thickness, folder=folder), folder / "run")
    top = np.argmax(mesh.points[:, 2])
    share = mesh.points[top, 2] / 0.2e-3
    return (field_series.read_field(run.path, "K_o", 1)[top] - 20) / share, run


def test_diffusion_on_a_sphere(tmp_path):
    """The first harmonic decays as exp(-2 D t / R^2), to second order."""
    exact = 10 * np.exp(-2 * D * 20 / 0.2e-3**2)
    ours = [decayed(tmp_path / f"{cell}", cell)[0] for cell in (35, 17.5, 8.75)]
    found("sphere: cos(theta) after 20 s, 8.75 um", ours[-1], exact, 0.003, "mM", rel=True)
    errors = np.abs(np.array(ours) - exact)
    for one, two in pairwise(errors):
        found("sphere: errors of its decay, edges halved", one / two, 4.0, 0.25, "times")


def test_amounts_are_those_of_the_sheet(tmp_path):
    """K+ is counted in mol: alpha times area times thickness times 20 mM; and none is lost."""
    _, run = decayed(tmp_path / "one", 25)
    mesh = meshes.sphere_surface(0.2e-3, 25e-6)
    amount = 0.2 * meshdata.volumes(mesh).sum() * 10e-6 * 20
    assert summary(run)["balance"]["ecs_start"] == pytest.approx(amount, rel=1e-9)
    assert abs(summary(run)["balance"]["relative_error"]) < 1e-12


STRIP = """
title = "front on a sphere"
[mesh]
file = "{folder}/strip.vtu"
unit = "m"
[tissue]
thickness = "0.1 mm"
[[tissue.regions]]
name = "start"
box = {{ low = ["0 mm", "-1 mm", "{low} mm"], high = ["20 mm", "1 mm", "20 mm"] }}
initial = {{ K_o = "55 mM" }}
[membrane]
model = "nagumo"
[solver]
theta = 0.5
[time]
end = "36 s"
[output]
every = "36 s"
series = "1 s"
"""


def strip(h):
    """A band between two meridians from 60 to 73 degrees, so that fronts stay on parallels."""
    radius = RADIUS * 1e-3
    theta = np.radians(np.linspace(60, 73, round(np.radians(13) * radius / h) + 1))
    phi = np.arange(4) * h / radius
    t, f = np.meshgrid(theta, phi, indexing="ij")
    points = radius * np.stack([np.sin(t) * np.cos(f), np.sin(t) * np.sin(f), np.cos(t)], -1)
    n = np.arange(t.size).reshape(t.shape)
    a, b, c, d = n[:-1, :-1], n[1:, :-1], n[1:, 1:], n[:-1, 1:]
    even = (np.indices(a.shape).sum(axis=0) % 2 == 0)[..., None]
    pairs = np.where(even, np.stack([a, b, c], -1), np.stack([a, b, d], -1))
    others = np.where(even, np.stack([a, c, d], -1), np.stack([b, c, d], -1))
    cells = np.concatenate([pairs.reshape(-1, 3), others.reshape(-1, 3)])
    nothing = np.empty((0, 2)), np.empty(0)
    return MeshData(points.reshape(-1, 3), cells, np.ones(len(cells)), *nothing, {"tissue": 1}, {})


def test_a_front_on_a_sphere(tmp_path):
    """It travels as in a plane, slower by D cot(theta) / R, which is below 0.2 %."""
    meshdata.write(strip(10e-6), tmp_path / "strip.vtu")
    run = run_here(
        STRIP.format(folder=tmp_path, low=RADIUS * np.cos(np.radians(61))), tmp_path / "run"
    )
    mesh = meshdata.read(tmp_path / "strip.vtu", "m")
    arrival = field_series.read_maps(run.path)[0]["arrival_K_o"]
    theta = np.arccos(mesh.points[:, 2] / (RADIUS * 1e-3))
    way = (np.degrees(theta) > 64) & (np.degrees(theta) < 70)
    slope = np.polyfit(arrival[way], RADIUS * theta[way], 1)[0]
    curvature = 60e3 * D / (RADIUS * 1e-3) / np.tan(np.radians(67))
    assert 0 < curvature < 0.002 * 3.0917
    found(
        "nagumo front on a sphere of 10 mm, 10 um",
        60 * slope + curvature,
        3.0917,
        0.01,
        "mm/min",
        rel=True,
    )
