"""Synapses of the spiking models: what is sent, what opens, and which ions carry it."""

import numpy as np
import pytest

from ecs_model.membrane import MODELS
from ecs_model.membrane.compartment import Compartment
from ecs_model.membrane.derivation import derived
from ecs_model.membrane.mechanisms import hodgkin_huxley, synapses
from ecs_model.membrane.mechanisms.synapses import KINDS
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.models import barreto_cressman
from ecs_model.membrane.parts import Parts
from ecs_model.membrane.potentials import Capacitive, QuasiSteady
from ecs_model.membrane.solver import Reaction
from ecs_model.physics.electrochemistry import nernst
from ecs_model.physics.regimes import Firing
from ecs_model.record import joined
from ecs_model.units import FARADAY

BARRETO, WEI, HUEBEL = (
    MODELS[name] for name in ("barreto_cressman", "wei_ullah_schiff", "huebel_dahlem")
)
BOTH = "excitation+inhibition"
MODEL = pytest.mark.parametrize(
    "model", [BARRETO, WEI, HUEBEL], ids=["barreto_cressman", "wei", "huebel_dahlem"]
)
JOINED = pytest.mark.parametrize("kind", [k for k in KINDS if k != "none"])


def cell(model, tolerance=1e-4, substeps=0, **parameters):
    """One node of a model that notes its spikes: the Reaction."""
    one = lambda record: type(record)(*(np.array([float(v)]) for v in record))  # noqa: E731
    p, env = one(model.Parameters(**parameters)), Surroundings(alpha=model.alpha)
    made = Reaction(model, one(model.State()), p, env, tolerance=tolerance, substeps=substeps)
    made.follow(Firing())
    return made


def around_rest(model, n=50, seed=3):
    """Random states, parameters and surroundings, receptors open."""
    rng = np.random.default_rng(seed)
    y = model.State(*(v * rng.uniform(0.98, 1.02, n) for v in model.State()))
    y = y._replace(V=rng.uniform(-65e-3, 10e-3, n))._replace(
        **{s: rng.uniform(0.1, 0.9, n) for s in ("s_E", "s_I") if s in y._fields}
    )
    return y, model.Parameters(), Surroundings(alpha=model.alpha)


@MODEL
@JOINED
def test_without_conductance_rates_are_the_same(model, kind):
    """Bit for bit."""
    silent = dict.fromkeys(("g_AMPA", "g_GABA")[: 1 + (kind == BOTH)], 0.0)
    other = model.variant(synapses=kind)
    y, p, env = around_rest(other)
    ours = other.rhs(y, p._replace(**silent), env)
    alone = model.rhs(model.State(*y[: len(model.State._fields)]), model.Parameters(), env)
    for name, value in alone._asdict().items():
        np.testing.assert_array_equal(getattr(ours, name), value)


@MODEL
def test_without_conductance_steps_are_the_same(model):
    """To round-off, as more states are eliminated in another order."""
    alone = cell(model, substeps=1000, I_stim=0.15)
    other = cell(model.variant(synapses=BOTH), substeps=1000, I_stim=0.15, g_AMPA=0.0, g_GABA=0.0)
    for k in range(15):
        alone.advance(0.01, 0.01 * k)
        other.advance(0.01, 0.01 * k)
    assert len(alone.trace.events()) > 3 and other.variables.s_E[0] > 0.01
    for name, value in alone.variables._asdict().items():
        np.testing.assert_allclose(getattr(other.variables, name), value, rtol=1e-10)


@MODEL
def test_every_spike_is_sent_once(model):
    """What was sent, and what the filters still hold, are the spikes; to 1 %, by their height."""
    current = 0.03 if model is HUEBEL else 0.15  # with more its ions change until spikes are low
    made = cell(model.variant(synapses="excitation"), I_stim=current, g_AMPA=0.0)
    step, given = 2e-3, 0.0
    for k in range(2500):
        before = made.variables.nu[0]
        made.advance(step, step * k)
        given += 0.5 * step * (before + made.variables.nu[0])
    y, spikes = made.variables, len(made.trace.events())
    held = made.parameters.tau_nu[0] * (y.nu_1[0] + y.nu[0])
    assert spikes > 50
    assert given + held == pytest.approx(spikes, rel=1e-2)


def test_a_steady_neuron_sends_its_rate():
    made = cell(BARRETO.variant(synapses="excitation"), I_stim=0.02, g_AMPA=0.0, K_bath=4.0)
    made.advance(20.0)
    made.trace.clear()
    sent = []
    for k in range(1000):
        made.advance(2e-3, 20.0 + 2e-3 * k)
        sent.append(made.variables.nu[0])
    times = made.trace.events()[:, 1]
    rate = 1 / np.diff(times).mean()
    assert rate > 20 and np.mean(sent) == pytest.approx(rate, rel=5e-3)
    assert np.ptp(sent) < 0.1 * rate, "it is smooth"


@MODEL
def test_a_blocked_neuron_sends_nothing(model):
    """In the block of a strong current V stays up; its slow drift is all that is counted."""
    made = cell(model.variant(synapses="excitation"), 1e-3, I_stim=2.0, g_AMPA=0.0)
    made.advance(0.1)
    assert made.variables.nu[0] > 2
    made.advance(0.9, 0.1)
    made.trace.clear()
    made.advance(1.0, 1.0)
    assert made.variables.V[0] > -45e-3 and len(made.trace.events()) == 0
    assert -1e-6 < made.variables.nu[0] < 0.1


@MODEL
def test_ions_carry_the_current_of_excitation(model):
    """It reverses at 0 mV whatever the concentrations are, Na+ goes in and K+ out."""
    model = model.variant(synapses="excitation")
    y, p, env = around_rest(model)
    (neuron,) = model.parts.cells
    c, T = neuron.concentrations(y, p, env), neuron.temperature(p, env)
    kinds = synapses.ampa().flux(y.V, c, y, p, T)
    current = {
        ion: kind.value * (y.V - nernst(*getattr(c, ion), +1, T)) for ion, kind in kinds.items()
    }
    total = current["K"] + current["Na"]
    np.testing.assert_allclose(total, p.g_AMPA * y.s_E * y.V, rtol=1e-12)
    assert (current["Na"] < 0).all() and (current["K"] > 0).all()


def change(model, y, p, env):
    """What open receptors add to the rates of the state."""
    shut = y._replace(**{s: 0.0 * getattr(y, s) for s in ("s_E", "s_I") if s in y._fields})
    return [a - b for a, b in zip(model.rhs(y, p, env), model.rhs(shut, p, env), strict=True)]


def test_barreto_books_what_synapses_carry():
    """Na+ enters, K+ leaves, and together they are the current that charges the membrane."""
    model = BARRETO.variant(synapses=BOTH)
    y, p, env = around_rest(model)
    added = model.State(*change(model, y, p, env))
    current = p.g_AMPA * y.s_E * (y.V - p.E_AMPA)
    reversal = -p.V_T * np.log(p.Cl_o / p.Cl_i)
    inhibiting = p.g_GABA * y.s_I * (y.V - reversal)
    ions = FARADAY / p.S * (env.alpha * added.K_o - p.phi * added.Na_i)
    np.testing.assert_allclose(ions, current, rtol=1e-9)
    np.testing.assert_allclose(p.C * added.V, -current - inhibiting, rtol=1e-9)
    assert (added.Na_i > 0).all() and (added.K_o > 0).all()


def test_wei_conserves_ions_and_charge():
    """Without glia, bath and pump nothing but the membrane moves ions; its charge is theirs."""
    model = WEI.variant(synapses=BOTH)
    y, p, env = around_rest(model)
    p = p._replace(rho=0.0, G_glia=0.0, eps=0.0)
    assert np.abs(change(model, y, p, env)[model.State._fields.index("Cl_i")]).min() > 0
    rates = model.rhs(y, p, env)
    space = 1 + env.alpha / p.phi - y.v
    inside = lambda i: rates.v * getattr(y, f"{i}_i") + y.v * getattr(rates, f"{i}_i")  # noqa: E731
    for ion in ("K", "Na", "Cl"):
        outside = -rates.v * getattr(y, f"{ion}_o") + space * getattr(rates, f"{ion}_o")
        scale = np.abs(inside(ion)) + 1e-3
        np.testing.assert_allclose((inside(ion) + outside) / scale, 0.0, atol=1e-10)
    charge = p.phi * FARADAY * (inside("K") + inside("Na") - inside("Cl"))
    stored = p.S * y.v ** (2 / 3) * p.C * rates.V
    np.testing.assert_allclose(charge, stored, rtol=1e-9)


@JOINED
def test_a_closed_neuron_stays_electroneutral(kind):
    """What receptors carry changes no charge of ions on either side."""
    model = HUEBEL.variant(synapses=kind)
    assert model.electroneutral
    y, p, env = around_rest(model)
    rates = model.rhs(y, p, env)
    for end in "oi":
        K, Na, Cl = (getattr(rates, f"{ion}_{end}") for ion in ("K", "Na", "Cl"))
        np.testing.assert_allclose(K + Na, Cl, atol=1e-12 * np.abs(K).max())
    assert np.abs(change(model, y, p, env)[model.State._fields.index("K_o")]).min() > 0


@MODEL
def test_a_cell_is_driven_by_its_own_rate(model):
    """And by what arrives where that is known."""
    model = model.variant(synapses=BOTH)
    y, p, env = around_rest(model)
    for name, own in model.drives.items():
        law, its = model.observables[name][1], model.observables[own][1]
        np.testing.assert_array_equal(law(y, p, env), its(y, p, env))


def test_inhibition_silences():
    """A neuron that excites itself fires more slowly with inhibition."""
    counts = []
    for kind, g in (("excitation", {}), (BOTH, {"g_GABA": 1.0})):
        made = cell(BARRETO.variant(synapses=kind), 1e-3, K_bath=8.2, **g)
        made.advance(40.0)
        counts.append(len(made.trace.events()))
    assert counts[1] < 0.5 * counts[0]


def own_model(potential, kind="excitation"):
    """A user's neuron, of parts, with synapses."""
    joins = KINDS[kind]
    neuron = Compartment(
        "i",
        "neurons",
        barreto_cressman.Inside,
        joined(barreto_cressman.Geometry, hodgkin_huxley.Membrane, hodgkin_huxley.Speed),
        (
            hodgkin_huxley.delayed_rectifier,
            hodgkin_huxley.fast_sodium(),
            hodgkin_huxley.chloride_leak,
            *joins.mechanisms(),
        ),
        potential,
        pairs=barreto_cressman.ions,
        temperature=hodgkin_huxley.temperature,
    )
    parts = Parts(barreto_cressman.Outside, (neuron,), pools=joins.pools(neuron))
    return derived(parts, {}, name="own", summary="of a user", alpha=0.125, **joins.traits)


def test_a_model_of_ones_own_takes_them_up():
    model = own_model(Capacitive(), BOTH)
    made = cell(model, 1e-3, I_stim=0.03)
    made.advance(0.5)
    assert made.variables.nu[0] > 5 and made.variables.s_I[0] > 0.01
    assert model.drives == {"drive": "sent", "inhibition": "sent"}


def test_a_potential_that_is_no_state_sends_no_spikes():
    with pytest.raises(TypeError, match="neurons: only a neuron whose potential is a state sends"):
        own_model(QuasiSteady())


def test_models_without_synapses_are_as_they_were():
    assert BARRETO.drives == WEI.drives == HUEBEL.drives == {}
    assert "nu" not in BARRETO.State._fields
