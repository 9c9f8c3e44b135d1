"""Seizures of one neuron over the K+ of its bath, `barreto_cressman`."""

from types import SimpleNamespace

import numpy as np
import pytest

from ecs_model.cell.population import Bench
from ecs_model.cell.regime_map import judged
from ecs_model.membrane import MODELS
from ecs_model.membrane.model import Surroundings
from ecs_model.physics.regimes import Firing
from tests.validation.experiments import measured

pytestmark = pytest.mark.slow


def regimes(bath, alpha):
    """What neurons do in baths of so much K+ [mM], one Regime each."""
    model = MODELS["barreto_cressman"]
    records = model.State(), model.Parameters(K_bath=bath), Surroundings(alpha=alpha)
    each = (type(r)(*(np.broadcast_to(v, bath.shape).copy() for v in r)) for r in records)
    bench = Bench(model, *each, tolerance=1e-4)
    return judged(bench, SimpleNamespace(observe=60.0, every=0.1), Firing())


def test_seizures_over_the_bath():
    bath = np.arange(7.0, 9.0, 0.25)
    found = regimes(bath, 0.125)  # that of the published neuron
    seizing = np.array([x.name == "seizure" for x in found])
    why = "`barreto_cressman` at its own volume fraction, 0.125"
    measured("seizures: bath", bath[np.argmax(seizing)], True, why)
    highest = max(x.highest for x in found if x.name == "seizure")
    narrow = max(x.highest for x in regimes(bath, 0.0667) if x.name == "seizure")
    assert 14.6 <= narrow <= 25.1
    why = f"its ceiling follows the volume fraction: {narrow:.1f} mM at 0.067"
    measured("seizures: K+", highest, False, why)
