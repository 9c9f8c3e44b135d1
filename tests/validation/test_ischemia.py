"""Tissue without oxygen: `kager_mori` whose pumps follow ATP, at one node that swells."""

import numpy as np
import pytest

from ecs_model.membrane import MODELS
from tests.helpers import run_here, series
from tests.validation.experiments import is_inside, measured

pytestmark = pytest.mark.slow
IONS = ("K_o", "Na_o")
NODE = """\
[mesh]
generator = "interval"
length = "20 um"
cell = "10 um"
[tissue]
alpha = 0.189
ions = ["K", "Na", "Cl"]
[membrane]
model = "kager_mori"
options = { swelling = true, pump = "post_albers", energy = true }
[[event]]
name = "no blood"
parameters = { k_O2 = 0.0 }
profile = { kind = "pulse", start = "10 s", duration = "3700 s" }
[[probe]]
name = "tip"
at = ["10 um"]
[time]
end = "3600 s"
step = "10 ms"
[output]
every = "3600 s"
series = "0.25 s"
"""


COLUMN = (
    NODE.replace("20 um", "2 mm")
    .replace('cell = "10 um"', 'cell = "100 um"\n[[boundary]]\non = "left"\nbath = "4 mM"')
    .replace('["K", "Na", "Cl"]', '["K", "Na", "Cl"]\ntransport = "electrodiffusion"')
    .replace('name = "tip"\nat = ["10 um"]', 'name = "shallow"\nat = ["0.4 mm"]')
    .replace("[time]", '[[probe]]\nname = "deep"\nat = ["1 mm"]\n[time]\ntolerance = "0.05 mM"')
    .replace('series = "0.25 s"', 'series = "60 s"\nfields = ["K_o", "Na_o", "alpha"]')
)
USUAL = MODELS["kager_mori"].Parameters()


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    return series(run_here(NODE, tmp_path_factory.mktemp("ischemia") / "run"))


def changed(folder, **factors):
    """The node with parameters multiplied, for a quarter of an hour."""
    more = (f"membrane.parameters.{n}={f * getattr(USUAL, n):.6g}" for n, f in factors.items())
    return series(run_here(NODE, folder, *more, "time.end=900 s", "output.every=900 s"))


def onset(columns):
    """K+ where it begins to rise by 1 mM/s [mM], and the time in which it then doubles [s]."""
    t, K = columns["t"], columns["K_o@tip"]
    abrupt = int(np.argmax(np.gradient(K, t) > 1.0))
    start, top = max(K[abrupt], 10.0), int(K.argmax())
    first, second = (float(np.interp(x, K[:top], t[:top])) for x in (start, 2 * start))
    return K[abrupt], second - first


def test_an_hour_without_blood(node, tmp_path):
    alpha = node["alpha@tip"][-1]
    without = changed(tmp_path / "without", P_NaP=0.5, S=0.25, S_g=0.25)["K_o@tip"][-1]
    assert abs(without - node["K_o@tip"][-1]) < 5
    under_fluid = series(run_here(COLUMN, tmp_path / "column"))
    K, Na = ({at: under_fluid[f"{c}@{at}"][-1] for at in ("shallow", "deep")} for c in IONS)
    assert is_inside("ischemia: K+", K["shallow"]) and is_inside("ischemia: Na+", Na["deep"])
    assert Na["shallow"] > 53.0
    why = (
        "equilibrium of a closed tissue whose pumps stand still, whatever its membranes are: "
        f"{without:.0f} mM with half of P_NaP and a quarter of S and S_g; fluid on the surface "
        f"that stayed at 4 mM would leave {K['shallow']:.0f} mM 0.4 mm and {K['deep']:.0f} mM 1 mm "
        "deep"
    )
    measured("ischemia: K+", node["K_o@tip"][-1], False, why)
    sodium = node["ecs_Na"][-1] / (alpha * 20e-6)
    why = (
        "that of a closed tissue, where theirs is of fluid which exchanges with it: under fluid "
        f"that stayed as it was {Na['deep']:.0f} mM 1 mm and {Na['shallow']:.0f} mM 0.4 mm deep"
    )
    measured("ischemia: Na+", sodium, False, why)
    measured("ischemia: alpha", alpha, True, "cells swell by what enters with Na⁺ and Cl⁻")


def test_how_it_depolarizes(node, tmp_path):
    ceiling, doubling = onset(node)
    half, _ = onset(changed(tmp_path / "half", P_NaP=0.5))
    _, slow = onset(changed(tmp_path / "slow", P_NaP=0.5, S=0.25, S_g=0.25))
    assert 6 <= half <= 12 and 5 <= slow <= 14
    why = (
        "the persistent Na⁺ current ignites, 25 s after the blood stopped, below the measured "
        f"ceiling; with half of it (P_NaP) at {half:.1f} mM"
    )
    measured("anoxia: ceiling", ceiling, False, why)
    why = (
        "that current and the membrane per volume: with half of P_NaP and a quarter of S and S_g "
        f"it is {slow:.0f} s"
    )
    measured("anoxia: doubling", doubling, False, why)
