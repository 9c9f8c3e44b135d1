"""Tissue without oxygen: `kager_mori` whose pumps follow ATP, at one node that swells."""

import numpy as np
import pytest

from tests.helpers import run_here, series
from tests.validation.experiments import measured

pytestmark = pytest.mark.slow
STOPPED = 10.0  # s
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


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    return series(run_here(NODE, tmp_path_factory.mktemp("ischemia") / "run"))


def test_an_hour_without_blood(node):
    alpha = node["alpha@tip"][-1]
    why = "the node is closed: no K⁺ is lost to vessels; how much that is, is not known yet"
    measured("ischemia: K+", node["K_o@tip"][-1], False, why)
    sodium = node["ecs_Na"][-1] / (alpha * 20e-6)
    measured("ischemia: Na+", sodium, False, "the same; what K⁺ is too high, Na⁺ is too low")
    measured("ischemia: alpha", alpha, True, "cells swell by what enters with Na⁺ and Cl⁻")


def test_how_it_depolarizes(node):
    t, K = node["t"], node["K_o@tip"]
    rate = np.gradient(K, t)
    abrupt = int(np.argmax(rate > 1.0))  # mM/s
    why = (
        "K⁺ rises slowly until the persistent Na⁺ current ignites, here 25 s after the blood "
        "stopped and below the measured ceiling"
    )
    measured("anoxia: ceiling", K[abrupt], False, why)
    start = max(K[abrupt], 10.0)
    first, second = (
        float(np.interp(level, K[: K.argmax()], t[: K.argmax()])) for level in (start, 2 * start)
    )
    measured(
        "anoxia: doubling",
        second - first,
        False,
        "a node is one neuron: all ignite at once; a spread of neurons has not been computed yet",
    )
