"""Single precision of the rates: what it changes is far below the tolerance, and no ion is lost."""

from dataclasses import replace

import numpy as np
import pytest

from ecs_model.membrane import MODELS
from ecs_model.membrane.drives import surroundings_with
from ecs_model.membrane.model import MembraneModel, Surroundings
from ecs_model.membrane.precision import allowed
from ecs_model.membrane.solver import Reaction, _scale, source
from ecs_model.record import Record, concentration, quantity, record
from tests.membrane.test_every_model import VARIANTS, contents, holds_charge, near_rest

TOLERANCE = 1e-3
LITTLE = ("nagumo", "threshold_release", "none")  # no more than some lines
FEW = [
    "pump_leak potential=charge",
    "kager_mori glia=False",
    "wei_ullah_schiff",
    "barreto_cressman",
    "huebel_dahlem gates=hn reservoir=closed",
]
SOME = [
    pytest.param(m, id=n, marks=[] if n in FEW else [pytest.mark.slow]) for n, m in VARIANTS.items()
]


def is_mixed(text):
    return text.startswith("#define MIXED 1")


def raised(model, n=64):
    """Random states around rest, K+ outside up to six times as high."""
    y = near_rest(model, n, 0.1)
    if not holds_charge(model):
        y.K_o[:] *= np.linspace(1.0, 6.0, n)
    return y


def after(model, precision, duration, p=None, **options):
    """The state that begins in `raised` after a while."""
    y = raised(model)
    env = Surroundings(alpha=model.alpha)
    Reaction(model, y, p or model.Parameters(), env, precision=precision, **options).advance(
        duration
    )
    return np.array(y)


@pytest.mark.parametrize("model", SOME)
def test_mixed_differs_from_double_by_less_than_a_tenth_of_the_tolerance(model):
    """Of a sub-step or, where errors grow as in the phase of spikes, of what became of it."""
    double, mixed, fine = (
        after(model, precision, 0.1, tolerance=tolerance)
        for precision, tolerance in (("double", 1e-3), ("mixed", 1e-3), ("double", 1e-5))
    )
    scales = np.array([_scale(q) for q in model.State.quantities.values()])[:, None]
    of_step = TOLERANCE * (scales + np.abs(double)).min(axis=1)
    grown = np.abs(double - fine).max(axis=1)
    assert (np.abs(mixed - double).max(axis=1) < 0.1 * np.maximum(of_step, grown)).all()
    is_double = model.name in LITTLE
    assert is_mixed(source(model, model.Parameters(), Surroundings(), "mixed")) != is_double


@pytest.mark.parametrize(
    "name",
    [
        "pump_leak",
        "pump_leak kcc2=True",
        "kager_mori",
        "kager_mori glia=False",
        "kager_mori swelling=True",
    ],
)
def test_cells_without_current_give_no_charge(name):
    """What the search for the potential leaves, in single precision, is no charge of a node."""
    model = VARIANTS.get(name) or next(m for n, m in VARIANTS.items() if n.startswith(name))
    y = raised(model)
    env = Surroundings(alpha=model.alpha)
    before, moved = charges(model, y, env), y.K_o.copy()
    Reaction(model, y, model.Parameters(), env, precision="mixed").advance(1.0)
    assert np.abs(y.K_o - moved).max() > 0.1
    assert np.abs(charges(model, y, env) - before).max() < 1e-11


def charges(model, y, env):
    """Charge outside and in neurons [mM], of tissue where they swell."""
    volumes = model.volumes(y, model.Parameters(), env) if model.volumes else {"_o": 1, "_i": 1}
    return np.array(
        [
            share * (getattr(y, f"K{end}") + getattr(y, f"Na{end}") - getattr(y, f"Cl{end}"))
            for end, share in volumes.items()
            if end != "_g"
        ]
    )


@pytest.mark.parametrize("model", SOME)
def test_every_ion_is_conserved_to_round_off(model):
    if model.fluxes is None or not model.closed or "Na_o" not in model.State._fields:
        pytest.skip("this model is not closed, or does not follow every ion")
    if model.volumes:
        pytest.skip("what cells that swell hold is in test_swelling.py")
    p, y = model.Parameters(), raised(model)
    before = contents(y, p, 0.17)
    Reaction(model, y, p, Surroundings(alpha=0.17), precision="mixed").advance(0.1)
    now = contents(y, p, 0.17)
    for ion in ("K", "Na", "Cl"):
        np.testing.assert_allclose(now[ion], before[ion], rtol=1e-13)


def test_the_searched_potential_holds_over_its_whole_range():
    """From 1 to 150 mM, pumps of up to 20 times the usual: rates to a tenth of the tolerance."""
    model, n, h = MODELS["pump_leak"], 4096, 1e-3
    rng = np.random.default_rng(5)
    begin = model.State(*np.exp(rng.uniform(0, np.log(150), (len(model.State._fields), n))))
    p = model.Parameters()._replace(J_max=model.Parameters().J_max * rng.uniform(0, 20, n))
    changes = []
    for precision in ("double", "mixed"):
        y = model.State(*(v.copy() for v in begin))
        Reaction(model, y, p, Surroundings(), substeps=1, precision=precision).advance(h)
        changes.append((np.array(y) - np.array(begin)) / h)
    double, mixed = changes
    assert (np.abs(mixed - double) < 0.1 * TOLERANCE * np.abs(double).max(axis=0)).all()


@record
class Pulsed(Record):
    """A node."""

    K_o = concentration(3.0, "extracellular potassium")


@record
class Pulse:
    """Its parameters."""

    start = quantity(1.0, "s", "when it begins")


def test_rates_that_read_the_time_need_double():
    """A float holds 1000 s to 60 us only; what synapses bring reads the time since their solve."""
    model = MembraneModel(
        name="pulsed",
        summary="",
        State=Pulsed,
        Parameters=Pulse,
        rhs=lambda y, p, env: [np.where(env.time < p.start, 0.0, 1.0) - 0.1 * y.K_o],
    )
    number, field = Pulse(), Pulse(start=np.ones(5))
    for p in (number, field):
        assert not is_mixed(source(model, p, Surroundings(), "mixed"))
    driven = MODELS["epileptor2"]
    around = surroundings_with(tuple(driven.drives))()
    text = source(driven, driven.Parameters(), around, "mixed")
    assert is_mixed(text) and "env_since" in text


def test_models_that_conserve_ions_by_their_rates_alone_need_double():
    model = MODELS["pump_leak"]
    whole = replace(model, fluxes=None, stoichiometry=None)
    assert not is_mixed(source(whole, model.Parameters(), Surroundings(), "mixed"))
    none = replace(model, single=False)
    assert not is_mixed(source(none, model.Parameters(), Surroundings(), "mixed"))
    assert is_mixed(source(model, model.Parameters(), Surroundings(), "mixed"))


def test_a_fine_tolerance_asks_for_double():
    assert allowed("mixed", 1e-3) == "mixed" and allowed("mixed", 1e-6) == "double"
