"""Nodes for tests: many cells side by side, parameters and states as arrays that may be changed."""

import numpy as np

from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.solver import Reaction


def nodes(model, n, alpha=None, tolerance=1e-4, initial=None, **parameters):
    """`n` nodes of a model: (advance by seconds, state, parameters)."""
    fill = lambda v: np.array(np.broadcast_to(v, n), float)  # noqa: E731
    p = model.Parameters(*map(fill, model.Parameters(**parameters)))
    y = model.State(*map(fill, initial or model.State()))
    env = Surroundings(alpha=model.alpha if alpha is None else alpha)
    return Reaction(model, y, p, env, tolerance=tolerance).advance, y, p


def first_true(sizes, triggered):
    """The middle between the largest size that did not trigger and the smallest that did."""
    assert not triggered[0], "the smallest size triggers already"
    assert triggered[-1], "the largest size does not trigger"
    k = int(np.argmax(triggered))
    return (sizes[k - 1] + sizes[k]) / 2
