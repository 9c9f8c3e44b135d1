"""Where membranes rest: the steady state of every distinct set of parameters and surroundings.

A set is solved once, however many nodes have it. Among several stable steady states that is taken
which the model's own rest becomes as its values change to those of the set, or else the nearest
that is found from other beginnings; what is conserved has the amount of the given state.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.membrane.kernel import depends_on_time
from ecs_model.membrane.model import MembraneModel, Surroundings
from ecs_model.membrane.steady import NEUTRAL, STEPS, Flow, Steady, solve
from ecs_model.physics.values import Array
from ecs_model.units import from_si

MANY = 500  # sets of a process, at some 0.2 s each
SEARCHED = 2  # of the sets: for other stable states
TRIALS, SHORT = 6, 15  # beginnings of a search, and Newton steps from each
STRIDE, SHORTEST = 0.25, 1 / 64  # of the way from the model's own values
ALIKE = 1e-9  # relative difference of values that are the same
APART = 1e-3  # scaled difference of two steady states
SLOW_K, SLOW_V = 1e-3, 1e-3  # mM/s, V/s: slower is at rest
NAMED = 6  # quantities that a message names
NOWHERE: Mapping[str, Array] = MappingProxyType({})


@dataclass(frozen=True)
class Rests:
    """The states at rest of some nodes.

    Attributes:
        state: record of arrays over the nodes [SI].
        several: a sentence about a set with several stable states; empty if none was found.
    """

    state: Any
    several: str


def at_rest(
    model: MembraneModel,
    parameters,
    state,
    surroundings,
    regions: Mapping[str, Array] = NOWHERE,
) -> Rests:
    """The Rests of nodes.

    Args:
        model: the membrane model.
        parameters: record of numbers or arrays over the nodes [SI].
        state: record of arrays over the nodes [SI]: near which rest is looked for.
        surroundings: as `parameters`; without what synapses bring, a node hears itself.
        regions: name -> which of the nodes lie in it, for messages.

    Raises:
        ConfigError: for a model whose rates depend on time, for too many sets, and for a set that
            has no stable steady state.
    """
    _refuse_time(model)
    around = Surroundings(*(getattr(surroundings, n) for n in Surroundings._fields))
    around = around._replace(time=0.0)
    first, of_nodes = _sets((parameters, state, around), len(state[0]))
    told, found = "", []
    for k, node in enumerate(first):
        p, y, env = (_at(node, part) for part in (parameters, state, around))
        stable = _stable(model, p, y, env, everywhere=k < SEARCHED)
        if not stable:
            raise ConfigError(
                f"membrane.start: {model.name} has no stable steady state near the initial state "
                f"{_where(regions, node)}with {_named(model, p, env)}; it may oscillate there, "
                "choose start = 'initial', other parameters or another initial state"
            )
        if len(stable) > 1 and not told:
            told = _several(model, stable, _named(model, p, env))
        found.append(np.array(stable[0]))
    columns = np.array(found).reshape(-1, len(state))[of_nodes].T
    return Rests(type(state)(*np.ascontiguousarray(columns)), told)


def _refuse_time(model):
    if depends_on_time(model):
        raise ConfigError(
            f"membrane.start: the rates of the model {model.name} depend on time, so that it never "
            "rests; leave start out"
        )


def _sets(records, nodes):
    """One node of every distinct set of values, and of every node the number of its set."""
    columns = [np.asarray(v, float) for record in records for v in record if np.ndim(v)]
    varying = [c for c in columns if nodes and np.ptp(c) > ALIKE * np.abs(c).max()]
    if not varying:
        return np.arange(min(nodes, 1)), np.zeros(nodes, int)
    keys = np.array([np.round(c / (ALIKE * np.abs(c).max())) for c in varying]).T
    _, first, of_nodes = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    if len(first) > MANY:
        raise ConfigError(
            f"membrane.start: {len(first)} sets of parameters, alpha and initial state would have "
            f"to be brought to rest; at most {MANY} are possible, give regions instead of fields"
        )
    return first, of_nodes.ravel()


def _at(node, record):
    return type(record)(*(float(v[node]) if np.ndim(v) else float(v) for v in record))


def _stable(model, p, y, env, everywhere):
    """Stable steady states, the chosen one first.

    Others are looked for if there is none on the way from the model's own rest, or `everywhere`,
    unless steady states come in families, of which the nearest member is meant.
    """
    flow = Flow(model, p, env, y)
    near = [s for s in _followed(model, p, y, env) if s.stable]
    if near and (_is_of_a_family(near[0]) or not everywhere):
        return [s.state for s in near]
    others = [s for s in _elsewhere(flow, model, y) if near == [] or not _is_of_a_family(s)]
    states = [s.state for s in near]
    for other in sorted((s.state for s in others), key=partial(_distance, flow, y)):
        if all(_distance(flow, other, known) > APART for known in states):
            states.append(other)
    return states


def _followed(model, p, y, env):
    """The Steady that the model's own rest becomes on the straight way to other values; or none."""
    own = model.Parameters(), model.State(), Surroundings(model.alpha)
    share, stride, at = 0.0, STRIDE, np.array(own[1])
    while share < 1.0:
        here = min(share + stride, 1.0)
        p_here, y_here, env_here = map(_between, own, (p, y, env), [here] * 3)
        flow = Flow(model, p_here, env_here, y_here)
        found = _solved(flow, at)
        if found is not None:
            share, at = here, found
        elif stride > SHORTEST:
            stride /= 2
        else:
            return []
    return [_steady(flow, at)]


def _between(a, b, share):
    return type(b)(*(u + share * (v - u) for u, v in zip(a, b, strict=True)))


def _elsewhere(flow, model, y):
    """Each Steady, if stable, that Newton's method finds from other beginnings."""
    ends = (_solved(flow, start, SHORT) for start in _beginnings(model, y))
    return [s for s in (_steady(flow, end) for end in ends if end is not None) if s.stable]


def _steady(flow, y):
    return Steady(tuple(map(float, y)), flow.eigenvalues(y))


def _is_of_a_family(steady):
    sizes = np.abs(steady.eigenvalues)
    return not len(sizes) or bool(sizes.min() <= NEUTRAL * sizes.max())


def _solved(flow, start, steps=STEPS):
    """The steady state [SI] near a beginning; None if there is none, or none that may be."""
    try:
        with np.errstate(all="ignore"):
            y = solve(flow, start, steps)
    except (ArithmeticError, np.linalg.LinAlgError):
        return None
    return y if y is not None and np.isfinite(y).all() and flow.allowed(y) else None


def _beginnings(model, y):
    """States around `y` [SI]: other potentials, gates and concentrations."""
    rng = np.random.default_rng(1)
    for _ in range(TRIALS):
        yield np.array([_moved(q, v, rng) for q, v in zip(_quantities(model), y, strict=True)])


def _moved(quantity, value, rng):
    share = rng.uniform()
    if quantity.unit == "mV":
        return -90e-3 + 90e-3 * share
    if quantity.unit == "1" and (quantity.low, quantity.high) == (0.0, 1.0):
        return share
    return value * 4 ** (share - 0.5)


def _quantities(model):
    return model.State.quantities.values()


def _distance(flow, a, b):
    return float(np.abs((np.array(a) - np.array(b)) / flow.scales).max())


def _where(regions, node):
    """The regions that a node lies in, in words."""
    names = [f"'{name}'" for name, inside in regions.items() if inside[node]]
    return f"of the region {' and '.join(names)} " if names else ""


def _several(model, stable, where):
    K = ", ".join(f"{y[0]:.4g}" for y in stable)
    return (
        f"start: {model.name} has {len(stable)} stable steady states with {where} (K_o = {K} mM); "
        "the run begins in the first"
    )


def _named(model, p, env):
    """Alpha and the parameters that are not the model's own, in words."""
    pairs = zip(p._fields, p, model.Parameters(), strict=True)
    other = [(n, v) for n, v, usual in pairs if abs(v - usual) > ALIKE * abs(usual)]
    shown = [_shown(model, n, v) for n, v in other if n not in model.scaled]
    return ", ".join([f"alpha = {env.alpha:.4g}", *shown[:NAMED]])


def _shown(model, name, value):
    unit = model.Parameters.quantities[name].unit
    return f"{name} = {from_si(value, unit):.6g} {unit}".removesuffix(" 1")


def drift(model: MembraneModel, parameters, state, surroundings) -> tuple[float, float]:
    """Largest rates of K_o [mM/s] and V [V/s] of nodes; 0 without nodes, or without V.

    Args:
        model: the membrane model.
        parameters: record of numbers or arrays over the nodes [SI].
        state: record of arrays over the nodes [SI].
        surroundings: as `parameters`.
    """
    with np.errstate(all="ignore"):
        rates = model.rhs(state, parameters, surroundings)
    has_potential = "V" in state._fields and state.quantities["V"].unit == "mV"
    return _largest(rates[0]), _largest(rates.V) if has_potential else 0.0


def lines(potassium: float, potential: float) -> list[str]:
    """Sentences about a start that is not a steady state; none if it is one.

    Args:
        potassium: largest rate of K_o [mM/s].
        potential: largest rate of V [V/s].
    """
    if potassium < SLOW_K and potential < SLOW_V:
        return []
    of_potential = f" and V by up to {1e3 * potential:.2g} mV/s" if potential else ""
    return [
        f"start: not a steady state, K_o changes by up to {potassium:.2g} mM/s{of_potential}; "
        "membrane.start = 'rest' begins in one"
    ]


def _largest(values: Array) -> float:
    return float(np.nan_to_num(np.abs(values)).max(initial=0.0))
