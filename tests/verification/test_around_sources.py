"""K+ around sources in closed form, and where and among which ions a source acts."""

from ecs_model.native import MPI

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erfc, exp1

from ecs_model import api
from ecs_model.tissue.mesh import Mesh
from ecs_model.tissue.points import Points
from tests.helpers import brick, run_here, series, summary
from tests.verification.answers import ALPHA, COURSES, EFFECTIVE

WIDE = {
    1: ('generator = "interval"\nlength = "1 mm"\ncell = "10 um"', '["0.43 mm"]', "60 um"),
    2: (
        'generator = "rectangle"\nsize = ["1 mm", "1 mm"]\ncell = "20 um"',
        '["0.43 mm", "0.5 mm"]',
        "70 um",
    ),
    3: (
        'generator = "box"\nsize = ["1 mm", "0.8 mm", "0.8 mm"]\ncell = "50 um"',
        '["0.5 mm", "0.4 mm", "0.4 mm"]',
        "100 um",
    ),
}


@pytest.mark.parametrize("d", [1, 2, 3])
def test_a_gaussian_has_the_width_that_was_set(tmp_path, d):
    """Second moments along each axis: sigma^2 and what diffusion adds, 2 D* t.

    Where a share theta of the mass is consistent, node by node theta h^2 / 3 less.
    """
    mesh, centre, sigma = WIDE[d]
    text = f"""
[mesh]
{mesh}
[membrane]
model = "none"
[[source]]
name = "cloud"
gaussian = {{ centre = {centre}, radius = "{sigma}" }}
amount = "{3e-2 * 1e-3**d} mol"
profile = {{ kind = "pulse", duration = "20 ms" }}
[time]
end = "20 ms"
step = "2 ms"
"""
    (tmp_path / "run.toml").write_text(text)
    s = api.simulation(tmp_path / "run.toml")
    s.run()
    s.synchronise()
    operators = s.diffusion.operators
    x = operators.mesh.coordinates[: operators.mesh.owned, :d]
    weights = operators.lumped * (s.reaction.variables[0] - 3.0)
    middle = weights @ x / weights.sum()
    spread = weights @ (x - middle) ** 2 / weights.sum()
    consistent = operators.theta * (float(mesh.split('"')[-2].split()[0]) * 1e-6) ** 2 / 3
    expected = (float(sigma.split()[0]) * 1e-6) ** 2 + 2 * EFFECTIVE * 10e-3 - consistent
    np.testing.assert_allclose(spread, expected, rtol=5e-3)
    wished = [float(c.strip('" []').split()[0]) * 1e-3 for c in centre.split(",")]
    np.testing.assert_allclose(middle, wished, atol=1e-6)


@pytest.mark.parametrize("d", [1, 2])
def test_the_middle_of_a_gaussian_rises_as_in_endless_tissue(tmp_path, d):
    mesh, centre, sigma = WIDE[d]
    text = f"""
[mesh]
{mesh}
[membrane]
model = "none"
[[source]]
name = "cloud"
gaussian = {{ centre = {centre}, radius = "{sigma}" }}
rate = "{6e-3 * 1e-3**d} mol/s"
[[probe]]
name = "middle"
at = {centre}
[time]
end = "2 s"
step = "20 ms"
[output]
every = "1 s"
series = "0.5 s"
"""
    rows = series(run_here(text, tmp_path / "run", "time.tolerance=0.005 mM"))
    s2 = (float(sigma.split()[0]) * 1e-6) ** 2
    rate = 6e-3 * 1e-3**d / ALPHA
    density = lambda u: (2 * np.pi * (s2 + 2 * EFFECTIVE * u)) ** (-d / 2)  # noqa: E731
    rise = [rate * quad(density, 0, t)[0] for t in rows["t"]]
    np.testing.assert_allclose(rows["K_o@middle"] - 3.0, rise, rtol=5e-3)


def test_a_point_on_a_line(tmp_path):
    """Constant rate: Q / alpha (sqrt(t / pi D*) exp(-x^2 / 4 D* t) - x / 2 D* erfc(...))."""
    text = """
[mesh]
generator = "interval"
length = "2 mm"
cell = "5 um"
[membrane]
model = "none"
[[source]]
name = "point"
point = ["1 mm"]
rate = "10 umol/s"
[[probe]]
name = "here"
at = ["1 mm"]
[[probe]]
name = "near"
at = ["1.05 mm"]
[[probe]]
name = "left"
at = ["0.95 mm"]
[time]
end = "10 s"
step = "20 ms"
[output]
every = "10 s"
series = "2 s"
"""
    rows = series(run_here(text, tmp_path / "run", "time.tolerance=0.01 mM"))
    t = rows["t"][1:]

    def rise(x):
        spread = np.sqrt(4 * EFFECTIVE * t)
        near = spread / np.sqrt(np.pi) * np.exp(-((x / spread) ** 2)) - x * erfc(x / spread)
        return 1e-5 / ALPHA / (2 * EFFECTIVE) * near

    for name, x in (("here", 0.0), ("near", 5e-5), ("left", 5e-5)):
        np.testing.assert_allclose(rows[f"K_o@{name}"][1:] - 3.0, rise(x), rtol=4e-3)
    np.testing.assert_allclose(rows["K_o@near"], rows["K_o@left"], rtol=1e-6)


@pytest.mark.parametrize("uptake", [0.0, 0.5])
def test_a_point_on_a_plane_with_linear_uptake(tmp_path, uptake):
    """Q / (4 pi alpha D*) times the integral of exp(-r^2 / 4 D* u - k u) / u; exp1 without."""
    text = f"""
[mesh]
generator = "rectangle"
size = ["1 mm", "1 mm"]
cell = "10 um"
[membrane]
model = "threshold_release"
parameters = {{ r = 0.0, k = {uptake} }}
[[source]]
name = "point"
point = ["0.5 mm", "0.5 mm"]
rate = "2e-9 mol/s"
[[probe]]
name = "near"
at = ["0.6 mm", "0.5 mm"]
[[probe]]
name = "up"
at = ["0.5 mm", "0.6 mm"]
[time]
end = "6 s"
step = "50 ms"
[output]
every = "6 s"
series = "2 s"
"""
    rows = series(run_here(text, tmp_path / "run", "time.tolerance=0.01 mM"))
    r2, unit = 1e-8, 2e-9 / (4 * np.pi * ALPHA * EFFECTIVE)
    law = lambda u: np.exp(-r2 / (4 * EFFECTIVE * u) - uptake * u) / u  # noqa: E731
    rise = unit * np.array([quad(law, 0, t)[0] for t in rows["t"][1:]])
    if not uptake:
        np.testing.assert_allclose(rise, unit * exp1(r2 / (4 * EFFECTIVE * rows["t"][1:])))
    for name in ("near", "up"):
        np.testing.assert_allclose(rows[f"K_o@{name}"][1:] - 3.0, rise, rtol=1e-2)


@pytest.mark.parametrize("companion", [None, "Cl", "Na"])
def test_what_keeps_a_source_neutral(tmp_path, companion):
    line = f'companion = "{companion}"\n' if companion else ""
    text = (
        TISSUE_OF_IONS
        + f'[[source]]\nname = "KCl"\npoint = ["0.2 mm"]\namount = "30 nmol"\n{line}'
        + f"profile = {COURSES['short pulse'].text}\n"
    )
    found = summary(run_here(text, tmp_path / "run"))["balance"]
    assert found["given"]["source KCl"] == pytest.approx(3e-8, rel=1e-12)
    others = {ion: found["ions"][ion]["given"] for ion in ("Na", "Cl")}
    signs = {"Na": -1.0, "Cl": 0.0} if companion == "Na" else {"Na": 0.0, "Cl": 1.0}
    for ion, sign in signs.items():
        assert others[ion].get("source KCl", 0.0) == pytest.approx(3e-8 * sign, rel=1e-12)
    change = {ion: found["ions"][ion]["ecs_end"] - found["ions"][ion]["ecs_start"] for ion in signs}
    for ion, sign in signs.items():
        membranes = others[ion]["membranes"]
        assert change[ion] - membranes == pytest.approx(3e-8 * sign, abs=1e-16)


TISSUE_OF_IONS = """
[mesh]
generator = "interval"
length = "0.4 mm"
cell = "40 um"
[tissue]
ions = ["K", "Na", "Cl"]
transport = "electrodiffusion"
[membrane]
model = "pump_leak"
[time]
end = "2 s"
"""


@pytest.mark.parametrize("ion", ["K", "Na", "Cl", "TMA"])
@pytest.mark.parametrize("options", ["false", "true"])
def test_each_ion_gets_what_its_source_brings(tmp_path, ion, options):
    """Of each of four ions, without and with swelling; a probe that cells do not take stays."""
    text = f"""
[mesh]
generator = "interval"
length = "0.4 mm"
cell = "40 um"
[tissue]
ions = ["K", "Na", "Cl", "TMA"]
[membrane]
model = "kager_mori"
options = {{ swelling = {options} }}
[[source]]
name = "mine"
ion = "{ion}"
point = ["0.1 mm"]
amount = "30 nmol"
profile = {{ kind = "pulse", start = "0.0371 s", duration = "33.3 ms" }}
[time]
end = "0.2 s"
"""
    found = summary(run_here(text, tmp_path / "run"))["balance"]
    mine = found if ion == "K" else found["ions"][ion]
    assert mine["given"]["source mine"] == pytest.approx(3e-8, rel=1e-12)
    assert mine["relative_error"] < 1e-12
    if ion == "TMA":
        assert mine["ecs_end"] - mine["ecs_start"] == pytest.approx(3e-8, rel=1e-11)


@pytest.mark.parametrize("cell", [3e-6, 5e-7])
@pytest.mark.parametrize("d", [1, 2, 3])
def test_points_lie_where_they_were_put(d, cell):
    """Also in cells of a micrometre, and close to their borders: weights give the point back."""
    size = np.full(d, 4 * cell)
    mesh = Mesh(MPI.COMM_SELF, brick([4] * d, size, jitter=0.2))
    points = np.random.default_rng(0).uniform(0.01, 0.99, (40, d)) * size
    located = Points(mesh, "points", points)
    for k, point in enumerate(points):
        nodes, weights = located.owned_shares(k)
        x = weights @ mesh.coordinates[nodes][:, :d]
        np.testing.assert_allclose(x, point, rtol=0, atol=1e-6 * cell)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_a_point_lies_in_the_same_cell_alone_and_among_others(d):
    """On corners, sides and faces of cells, too, where few cells are looked at and where all are.

    The cells are far larger than a micrometre, by which those looked at are wider than the point.
    """
    size, rng = np.full(d, 1e-3), np.random.default_rng(1)
    mesh = Mesh(MPI.COMM_SELF, brick([8] * d, size))
    points = rng.choice(mesh.coordinates[:, :d], (30, 2)).mean(axis=1)  # most on borders
    points = np.vstack([points, rng.uniform(0, 1, (30, d)) * size, 0 * size, size])
    among = Points(mesh, "points", points)
    assert "tree" in mesh.__dict__  # of all cells
    for k, point in enumerate(points):
        mesh.__dict__.pop("tree", None)
        alone = Points(mesh, "point", [point])
        assert alone.mine[0] == among.mine[k]
        assert "tree" not in mesh.__dict__
        np.testing.assert_array_equal(alone.weights[0], among.weights[k])
