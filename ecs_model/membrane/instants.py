"""Edges in time of a model's formulas, at which its steps end.

A pulse of a millisecond within a step of a second would be missed by both stages of the step. Every
comparison (also those in `np.abs`, `np.minimum`, `np.maximum` and `np.floor`) of what depends on
time and on no state is therefore an edge: its next instant follows from value and slope, which is
exact for straight lines in time; others cannot be compiled. Where exp, sin and the like depend on
time, a step with error control is at most as long as their argument takes to change by one, and
where a divisor or the argument of a logarithm does, as long as that takes to vanish, so that the
error is looked at where they change.
"""

import re

import numpy as np

from ecs_model.membrane.autodiff import Dual, Witness, slope_of, value_of
from ecs_model.membrane.expressions import Symbol, as_c

SATURATED = 40.0  # beyond it exp(-x) and 1 - tanh(x) are zero to the last digit
_COMPARISONS = {np.less, np.less_equal, np.greater, np.greater_equal, np.minimum, np.maximum}
_WAVES = {np.sin, np.cos, np.tan}
_BENDS = {np.exp, np.expm1, np.tanh, np.arctan}


def instants(model, recording, y, p, env):
    """C that shortens `longest` to the next edges in time of a model's rates.

    Two lists of lines: what is computed, and what shortens. They read parameters and `env_time`,
    which is `near` ahead of the state, so that an edge just reached is passed. Only where
    `adaptive` is set do smooth functions limit the step.

    Args:
        model: the membrane model.
        recording: takes the formulas that the lines need.
        y: record of symbols of the state.
        p: record of symbols of the parameters.
        env: record of symbols of the surroundings.

    Raises:
        TypeError: for a comparison with what is no straight line in time.
    """
    lines: list[str] = []
    again, state = Witness(_ignore), Witness(_ignore)

    def note(witness, ufunc, inputs):
        if not any(state in x.slopes for x in inputs if isinstance(x, Dual)):
            lines.extend(_limit(ufunc, inputs, witness, again))

    ticking = Dual(Dual(env.time, {again: 1.0}), {Witness(note): 1.0})
    moving = type(y)(*(Dual(v, {state: 1.0}) for v in y))
    rates = model.rhs if model.fluxes is None else model.fluxes
    rates(moving, p, env._replace(time=ticking))
    lines = [x for x in dict.fromkeys(lines) if not _of_states(*recording.needed(x), x)]
    return recording.needed(*lines), lines


def _ignore(witness, ufunc, inputs):
    """Note nothing: the key alone tells what depends on its variable."""


def _of_states(*texts):
    """Whether a text reads the state: error control alone sees what it decides."""
    return any(re.search(r"\by_", text) for text in texts)


def _limit(ufunc, inputs, witness, again):
    """Lines for one function of time."""
    x = inputs[0] - inputs[1] if ufunc in _COMPARISONS else inputs[-1 if ufunc is np.divide else 0]
    value, slope = value_of(value_of(x)), slope_of(x, witness)
    bend, slope = slope_of(slope, again), value_of(slope)
    if not isinstance(slope, Symbol) and slope == 0.0:
        return []
    if ufunc in _COMPARISONS or ufunc in (np.abs, np.floor):
        if isinstance(bend, Symbol) or bend != 0.0:
            raise TypeError(
                "a comparison with time must be with a straight line in time, as in "
                "`env.time < p.start`; write others so"
            )
        return [_whole(value, slope) if ufunc is np.floor else _crossing(value, slope)]
    if ufunc in _WAVES:
        return [_shorten(1.0 / np.abs(slope), smooth=True)]
    if ufunc in (np.divide, np.log) or (ufunc is np.power and inputs[1] < 0):
        return [_vanishing(value, slope)]
    return [_bending(value, slope)] if ufunc in _BENDS else []


def _crossing(value, slope):
    return _shorten(-value / slope)


def _whole(value, slope):
    """The time to the next whole number of what grows or falls."""
    ahead = np.where(slope < 0.0, -value, value)
    return _shorten((np.floor(ahead) + 1.0 - ahead) / np.abs(slope))


def _bending(value, slope):
    """The time in which an argument changes by one, or reaches what is not saturated."""
    beyond = np.maximum(np.abs(value) - SATURATED, 1.0)
    leaving = (value * slope > 0.0) & (np.abs(value) > SATURATED)
    return _shorten(np.where(leaving, 1e300, beyond / np.abs(slope)), smooth=True)


def _vanishing(value, slope):
    """The time in which what comes closer to zero would reach it."""
    return _shorten(np.where(value * slope < 0.0, -value / slope, 1e300), smooth=True)


def _shorten(ahead, smooth=False):
    condition = "adaptive && " if smooth else ""
    return (
        f"{{ const double a = {as_c(ahead)}; "
        f"if ({condition}a > 0.0 && a + near < longest) longest = a + near; }}"
    )
