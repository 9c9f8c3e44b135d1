"""Synapses of a neuron that spikes: the rate that it sends, the channels that what arrives opens.

    tau dx/dt = [d sigma(V)/dt]_+ - x,   tau dnu/dt = x - nu,   sigma = 1/(1 + exp(-(V - V_s)/k))
    ds/dt = a phi (1 - s) - s/tau_s      for AMPA (s_E) and GABA_A receptors (s_I)
    I_AMPA = g_AMPA s_E (V - E_AMPA),    I_GABA = g_GABA s_I (V - E_Cl)

A node stands for neurons that do not fire in step, so what it sends, nu, is smooth: spikes that are
counted and filtered twice, with a mean delay of 2 tau. What is counted is the rise of sigma, one
for every upstroke whatever its width; V that stays up, as in depolarization block, sends nothing.
phi is the rate that arrives, that of the node itself where no synapses join nodes.

The AMPA current is Na+ inward and K+ outward, each through a conductance of its own, so that they
carry its charge and their sum reverses at E_AMPA whatever the concentrations are; the GABA_A
current is Cl-. The gate is that of a synapse with its release averaged over spikes: a spike opens
the share a of the channels that are closed.

References:
    Ullah, Cressman, Barreto & Schiff (2009), J Comput Neurosci 26, 171: gates that saturate, their
    time constants, the reversal potential of excitation; no release in depolarization block.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ecs_model.membrane.compartment import Compartment, exchange
from ecs_model.membrane.drives import received
from ecs_model.membrane.mechanism import Concentrations, Conductance, Mechanism
from ecs_model.membrane.parts import Pool
from ecs_model.membrane.potentials import Capacitive
from ecs_model.physics.electrochemistry import nernst
from ecs_model.physics.transporters import sigmoid
from ecs_model.record import joined, quantity, record

V_S, K_S = -20e-3, 4e-3  # V: where a spike is counted, and over which rise

DRIVE, INHIBITION = "drive", "inhibition"  # what synapses may bring


@record
class Rate:
    """What a node sends."""

    nu_1 = quantity(0.0, "Hz", "spikes, smoothed once", scale=20.0)
    nu = quantity(0.0, "Hz", "firing rate that is sent", scale=20.0)


@record
class Smoothing:
    """Of spikes."""

    tau_nu = quantity(50.0, "ms", "time constant of each of two filters of spikes", low=0.1)


@record
class Excited:
    """AMPA receptors."""

    s_E = quantity(0.0, "1", "open AMPA receptors", high=1.0)


@record
class Excitation:
    """How what arrives opens AMPA receptors."""

    a_E = quantity(0.5, "1", "share of closed AMPA receptors that a spike opens", low=0.0, high=1.0)
    tau_E = quantity(4.0, "ms", "time constant of AMPA receptors", "Ullah et al. 2009", low=0.01)


@record
class AMPA:
    """The excitatory current."""

    g_AMPA = quantity(0.05, "mS/cm^2", "conductance of all AMPA receptors", low=0.0)
    E_AMPA = quantity(0.0, "mV", "reversal of the AMPA current", "Ullah et al. 2009")


@record
class Inhibited:
    """GABA_A receptors."""

    s_I = quantity(0.0, "1", "open GABA_A receptors", high=1.0)


@record
class Inhibition:
    """How what arrives opens GABA_A receptors."""

    a_I = quantity(
        0.5, "1", "share of closed GABA_A receptors that a spike opens", low=0.0, high=1.0
    )
    tau_I = quantity(8.0, "ms", "time constant of GABA_A receptors", "Ullah et al. 2009", low=0.01)


@record
class GABA:
    """The inhibitory current."""

    g_GABA = quantity(0.1, "mS/cm^2", "conductance of all GABA_A receptors", low=0.0)


def constant(y: Any) -> float:
    """Membrane area relative to rest of cells that do not swell."""
    return 1.0


def ampa(area: Callable[[Any], Any] = constant) -> Mechanism:
    """The Mechanism of AMPA receptors.

    Args:
        area: function of the state -> membrane area relative to rest.
    """

    def ampa_current(v, c: Concentrations, y, p, T):
        """Na+ and K+ through AMPA receptors."""
        E_K, E_Na = nernst(*c.K, +1, T), nernst(*c.Na, +1, T)
        g = area(y) * p.g_AMPA * y.s_E / (E_Na - E_K)
        return {"K": Conductance(g * (E_Na - p.E_AMPA)), "Na": Conductance(g * (p.E_AMPA - E_K))}

    return Mechanism(ampa_current, AMPA)


def gaba_a(area: Callable[[Any], Any] = constant) -> Mechanism:
    """The Mechanism of GABA_A receptors; argument as of `ampa`."""

    def gaba_current(v, c: Concentrations, y, p, T):
        """Cl- through GABA_A receptors."""
        return {"Cl": Conductance(area(y) * p.g_GABA * y.s_I)}

    return Mechanism(gaba_current, GABA)


def sent(y: Any, p: Any, env: Any) -> Any:
    """Firing rate that is sent [Hz]."""
    return y.nu


def drive(y: Any, p: Any, env: Any) -> Any:
    """Firing rate that reaches AMPA receptors [Hz]."""
    return received(env, DRIVE, y.nu)


def inhibition(y: Any, p: Any, env: Any) -> Any:
    """Firing rate that reaches GABA_A receptors [Hz]."""
    return received(env, INHIBITION, y.nu)


def upstrokes(V: Any, slope: Any) -> Any:
    """Rate [1/s] at which spikes are counted; its integral over an upstroke is one.

    Args:
        V: membrane potential [V].
        slope: its rate [V/s].
    """
    risen = sigmoid((V - V_S) / K_S)
    return risen * (1 - risen) / K_S * np.maximum(slope, 0.0)


def opening(arriving: Any, share: Any, tau: Any, open_: Any) -> Any:
    """Rate of the open share of receptors [1/s].

    Args:
        arriving: firing rate that reaches them [Hz]; extrapolated, a little below zero at times.
        share: of those that are closed that a spike opens.
        tau: time constant [s].
        open_: the open share.
    """
    return share * arriving * (1 - open_) - open_ / tau


def excitation_pool(cell: Compartment) -> Pool:
    """The Pool of the rate that a compartment sends, and of its AMPA receptors."""

    def rates(y, p, env, use):
        """Rates of what is sent [Hz/s] and of open receptors [1/s]."""
        (slope, *_) = cell.potential.rates(cell, exchange(cell, y, p, env), y, p)
        return [
            (upstrokes(y.V, slope) - y.nu_1) / p.tau_nu,
            (y.nu_1 - y.nu) / p.tau_nu,
            opening(drive(y, p, env), p.a_E, p.tau_E, y.s_E),
        ]

    states, parameters = joined(Rate, Excited), joined(Smoothing, Excitation)
    return Pool(states, parameters, rates, {"sent": ("Hz", sent), DRIVE: ("Hz", drive)})


def inhibition_pool(cell: Compartment) -> Pool:
    """The Pool of the GABA_A receptors of a compartment."""

    def rates(y, p, env, use):
        """Rate of open receptors [1/s]."""
        return [opening(inhibition(y, p, env), p.a_I, p.tau_I, y.s_I)]

    return Pool(Inhibited, Inhibition, rates, {INHIBITION: ("Hz", inhibition)})


@dataclass(frozen=True)
class Synapses:
    """What synapses add to the cells of a model.

    Attributes:
        receptors: functions of the area -> Mechanism.
        own: functions of the compartment -> Pool.
        drives: what may be brought -> the observable that takes its place.
    """

    receptors: tuple[Callable[..., Mechanism], ...] = ()
    own: tuple[Callable[[Compartment], Pool], ...] = ()
    drives: dict[str, str] = field(default_factory=dict)

    def mechanisms(self, area: Callable[[Any], Any] = constant) -> tuple[Mechanism, ...]:
        """Mechanisms for the membrane of the cells; argument as of `ampa`."""
        return tuple(make(area) for make in self.receptors)

    def pools(self, cell: Compartment) -> tuple[Pool, ...]:
        """States of what is sent and of receptors.

        Args:
            cell: the compartment, complete.

        Raises:
            TypeError: if its potential is not a state, so that its spikes cannot be counted.
        """
        if self.own and not isinstance(cell.potential, Capacitive):
            raise TypeError(f"{cell.cells}: only a neuron whose potential is a state sends spikes")
        return tuple(make(cell) for make in self.own)

    @property
    def traits(self) -> dict[str, Any]:
        """Attributes of the MembraneModel."""
        return {"sends": "sent", "drives": self.drives} if self.drives else {}


KINDS = {
    "none": Synapses(),
    "excitation": Synapses((ampa,), (excitation_pool,), {DRIVE: "sent"}),
    "excitation+inhibition": Synapses(
        (ampa, gaba_a),
        (excitation_pool, inhibition_pool),
        {DRIVE: "sent", INHIBITION: "sent"},
    ),
}
