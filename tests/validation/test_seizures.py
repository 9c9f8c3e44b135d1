"""Seizures of one neuron over the K+ of its bath, `barreto_cressman`."""

from types import SimpleNamespace

import numpy as np
import pytest

from ecs_model.cell.population import Bench
from ecs_model.cell.regime_map import judged
from ecs_model.membrane import MODELS
from ecs_model.membrane.model import Surroundings
from ecs_model.physics.regimes import Firing
from tests.validation.experiments import is_inside, measured

pytestmark = pytest.mark.slow
ALPHA = 0.125  # of the published neuron


def regimes(bath, alpha, **parameters):
    """What neurons do in baths of so much K+ [mM], one Regime each."""
    model = MODELS["barreto_cressman"]
    p = model.Parameters(K_bath=bath, **parameters)
    records = model.State(), p, Surroundings(alpha=alpha)
    each = (type(r)(*(np.broadcast_to(v, bath.shape).copy() for v in r)) for r in records)
    bench = Bench(model, *each, tolerance=1e-4)
    return judged(bench, SimpleNamespace(observe=60.0, every=0.1), Firing())


def highest(found):
    """K+ [mM] that seizures reach."""
    return max(regime.highest for regime in found if regime.name == "seizure")


def test_seizures_over_the_bath():
    bath = np.arange(7.0, 9.0, 0.25)
    found = regimes(bath, ALPHA)
    seizing = np.array([x.name == "seizure" for x in found])
    why = "`barreto_cressman` at its own volume fraction, 0.125"
    measured("seizures: bath", bath[np.argmax(seizing)], True, why)
    narrow = highest(regimes(bath, 0.0667))
    more, usual = np.arange(12.0, 15.5), MODELS["barreto_cressman"].Parameters().G_glia
    driven, without = (highest(regimes(more, ALPHA, G_glia=f * usual)) for f in (1.0, 0.5))
    assert is_inside("seizures: K+", narrow) and is_inside("seizures: K+", without)
    assert driven < without
    why = (
        f"in baths of 12 to 15 mM {driven:.1f} mM, and {without:.1f} mM there if glia take up half "
        f"(G_glia); where space is 0.067, {narrow:.1f} mM in baths of 7 to 9 mM"
    )
    measured("seizures: K+", highest(found), False, why)
