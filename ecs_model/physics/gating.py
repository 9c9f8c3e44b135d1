"""Kinetics of gates: rates of opening and closing in the forms that published models use.

References:
    Hodgkin & Huxley (1952), J Physiol 117, 500.
"""

from ecs_model.physics.electrochemistry import bernoulli


def linoid(x, scale):
    """`x` / (1 - exp(-x / scale)), finite at x = 0; the unit of `x`."""
    return scale * bernoulli(-x / scale)


def relaxation(steady, tau):
    """Opening and closing rate of a gate that approaches `steady` with the time constant `tau`."""
    return steady / tau, (1 - steady) / tau


def gate_rate(opening, closing, gate):
    """Rate [1/s] of a gate that opens and closes at the given rates [1/s]."""
    return opening * (1 - gate) - closing * gate


def steady_gate(opening, closing):
    """Open fraction at which opening balances closing."""
    return opening / (opening + closing)
