"""Speed of fronts that are known exactly: Nagumo (Hodgkin-Grafstein) and threshold release."""

import numpy as np
import pytest

from ecs_model.run.rundir import RunDir
from tests.helpers import found, summary
from tests.verification.fronts import MESHES, error, exact_speed, front

WATCHED = ["output.series=1 s", "output.every=1 s", "line.way.points=1201"]


def test_exact_speeds_are_the_published_ones():
    numbers = [
        ("nagumo", 1.6, 3.0917107),
        ("nagumo", 2.0, 2.473368553208),
        ("threshold_release", 1.6, 2.473666184077),
    ]
    for model, tortuosity, speed in numbers:
        what = f"speed law of {model}, lambda {tortuosity}"
        found(what, exact_speed(model, tortuosity), speed, 1e-6, "mm/min")


@pytest.mark.parametrize("mesh", MESHES)
@pytest.mark.parametrize(("h", "tolerance"), [(10, 0.003), (20, 0.022)])
def test_nagumo_speed(tmp_path, mesh, h, tolerance):
    ours = front(tmp_path / "run", mesh=mesh, h=h)["speed_mm_per_min"]
    what = f"nagumo front, {mesh}, {h} um"
    found(what, ours, exact_speed("nagumo"), tolerance, "mm/min", rel=True)


def test_nagumo_width_and_shape(tmp_path):
    """10-90 % width 42.692 um."""
    width = front(tmp_path / "run", h=5, overrides=WATCHED)["width_um"]
    found("nagumo front, 10 to 90 % width", width, 42.692, 0.01, "um", rel=True)


def test_speed_converges_with_the_mesh(tmp_path):
    errors = [abs(error(tmp_path / f"h{h}", h=h, theta=0.0, step=10)) for h in (10, 5)]
    found("nagumo front: errors on half the cells", errors[0] / errors[1], 4.0, 0.6, "times")


def test_threshold_release_speed(tmp_path):
    about = {"model": "threshold_release", "h": 2.5, "theta": 1.0, "length": 800, "step": 5}
    ours, exact = front(tmp_path / "run", **about)["speed_mm_per_min"], exact_speed(about["model"])
    found("threshold_release front, 2.5 um", ours, exact, 0.01, "mm/min", rel=True)


@pytest.mark.parametrize("adaptive", [False, True])
def test_speed_is_inverse_to_tortuosity(tmp_path, adaptive):
    """c lambda is the same for lambda 1.2 to 2.2, where the mesh resolves the narrowest front."""
    overrides = ["time.adaptive=true", "time.tolerance=0.05 mM"] if adaptive else []
    products = [
        x
        * front(tmp_path / f"{x}", h=6, tortuosity=x, length=900, overrides=overrides)[
            "speed_mm_per_min"
        ]
        for x in (1.2, 1.6, 2.2)
    ]
    for x, product in zip((1.2, 1.6, 2.2), products, strict=True):
        what = f"speed x lambda at lambda {x}" + ", adaptive steps" * adaptive
        found(what, product, np.mean(products), 0.003, "mm/min", "mean of the three", rel=True)


@pytest.mark.parametrize("model", ["nagumo"])
def test_explicit_scheme_gives_the_same_front(tmp_path, model):
    """RKL2 is lumped: at h = 5 um its front is 0.5 % slow, as the lumped mass is."""
    ours = error(tmp_path / "run", model=model, h=5, theta=None, overrides=["solver.scheme=rkl2"])
    found("error of a front with RKL2, lumped mass, 5 um", 100 * ours, -0.5, 0.2, "%")


@pytest.mark.parametrize(("h", "coarse"), [(10, False), (40, True)])
def test_a_run_says_when_its_mesh_is_too_coarse_for_its_front(tmp_path, h, coarse):
    front(tmp_path / "run", h=h, overrides=["output.series=1 s", "output.every=1 s"])
    cells = summary(RunDir(tmp_path / "run"))["cells_per_front"]
    assert (cells < 3.0) == coarse
    share = (12.0 - 3.0) / (55.0 - 3.0)  # of the front's height, where it is looked at
    exact = 0.8 * 9.715 / (share * (1 - share) * h)  # from the slope of the exact profile there
    assert coarse or cells == pytest.approx(exact, rel=0.15)
    assert ("too coarse for the front" in (tmp_path / "run" / "run.log").read_text()) == coarse


@pytest.mark.parametrize("points", [201, 173, 100, 37])
@pytest.mark.parametrize("h", [10, 20])
def test_a_width_does_not_depend_on_the_points_of_the_line(tmp_path, h, points):
    width = front(tmp_path / "run", h=h, overrides=[f"line.way.points={points}"])["width_um"]
    what = f"nagumo front, {h} um, {points} points: width"
    found(what, width, 42.692, 0.013, "um", rel=True)
