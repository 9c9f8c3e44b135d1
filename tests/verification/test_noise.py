"""Nodes that noise drives: the variance of V in closed form, and seizures as published."""

from ecs_model.native import MPI

import numpy as np
import pytest

from ecs_model import api
from tests.helpers import found
from tests.verification.discharges import NOWHERE, rate_of
from tests.verification.noisy_tissue import TEXT, bursts, discharges, durations, intervals

SOURCE = "independent computation"
PERIOD, LASTS, NEVER = "S_noise_period_05ms", "S_noise_duration", "S_noise_none_Kbath7"
SIGMA, DURATION, TAU = 25e-3, 0.5e-3, 10e-3


@pytest.mark.parametrize("bin", [1.0, 0.25, 4.0])
def test_variance_of_a_membrane_that_does_not_fire(tmp_path, bin):
    """Of 4000 nodes after 10 times the time of the membrane: intensity/(2 tau) as bins shrink."""
    path = tmp_path / "noise.toml"
    values = {"end": 0.1, "bin": bin, "step": 4, "K_bath": 8.5, "seed": 2}
    path.write_text(TEXT.format(length=3999, D=NOWHERE, **values).replace('"1 um"', '"10 um"'))
    quiet = "membrane.parameters.V_th=1 V", "membrane.substeps=4"
    simulation = api.simulation(path, MPI.COMM_SELF, quiet)
    begin = np.copy(simulation.reaction.variables.V)
    simulation.run()
    simulation.synchronise()
    moved = simulation.reaction.variables.V - begin
    assert rate_of(simulation.reaction).max() == 0.0
    share = 1e-3 * bin / TAU
    exact = SIGMA**2 * DURATION / (1e-3 * bin) * np.tanh(share / 2)
    what = f"epileptor2, variance of V in noise with bins of {bin:g} ms"
    found(what, moved.var() * 1e6, exact * 1e6, 0.07, "mV^2", rel=True)
    assert abs(moved.mean()) < 4 * moved.std() / np.sqrt(4000)
    assert exact == pytest.approx(SIGMA**2 * DURATION / (2 * TAU), rel=share**2 / 10)


def test_discharges_are_trains_of_bursts():
    """Three bursts with gaps of at most 8 s are one; what is cut off at the end is left out."""
    trains = [[10, 11], [15, 16], [24, 25], [40, 41], [60, 61], [61.5, 62], [70, 71], [90, np.inf]]
    np.testing.assert_array_equal(discharges(trains), [[10, 25], [60, 71]])
    np.testing.assert_array_equal(durations([trains]), [15, 11])
    np.testing.assert_array_equal(intervals([trains], 11), [50])
    assert len(intervals([trains], 10)) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bin", "nodes", "until", "end"),
    [(1.0, 512, 600.0, 1500.0), (0.5, 256, 360.0, 1000.0), (0.25, 256, 360.0, 1000.0)],
)
def test_seizures_by_noise(tmp_path, bin, nodes, until, end):
    """Their period and duration, whatever the bin is; intervals scatter by 130 s."""
    seen = bursts(tmp_path, nodes, end, bin)
    periods, lasted = intervals(seen, until), durations(seen)
    assert len(periods) > 123  # those of the reference
    at = f"bins of {bin:g} ms"
    found(f"{PERIOD}, {at}", periods.mean(), 345.0, 22.0, "s", SOURCE)
    found(f"{LASTS}, {at}", lasted.mean(), 29.5, 0.9, "s", SOURCE)


@pytest.mark.slow
def test_no_seizures_in_less_potassium(tmp_path):
    """In 15,360 s of 64 nodes at K_bath 7 mM."""
    seen = bursts(tmp_path, 64, 240.0, K_bath=7.0)
    found(NEVER, sum(len(discharges(of_node)) for of_node in seen), 0.0, 0.0, "1", SOURCE)
