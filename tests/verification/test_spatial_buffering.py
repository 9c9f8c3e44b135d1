"""Spatial buffering against an independent solution: the method of lines with dense matrices."""

import numpy as np
from scipy.integrate import solve_ivp

from ecs_model.membrane import MODELS
from ecs_model.membrane.compartment import exchange
from ecs_model.membrane.model import Surroundings
from ecs_model.units import FARADAY, GAS_CONSTANT
from tests.helpers import found
from tests.transport.test_syncytium import LINE, built, places

NODES, LENGTH, END = 11, 0.5e-3, 0.1
Z, RATIO = np.array([1, 1, -1])[:, None], np.array([1.0, 1.33 / 1.96, 2.03 / 1.96])[:, None]
OUTSIDE, INSIDE = ("K_o", "Na_o", "Cl_o"), ("K_g", "Na_g", "Cl_g")
MODEL, ENV = MODELS["kager_mori"], Surroundings()
P, GLIA = MODEL.Parameters(), MODEL.parts.cells[1]
UNIT = GAS_CONSTANT * ENV.temperature / FARADAY
H = LENGTH / (NODES - 1)
VOLUMES = H * np.array([0.5, *np.ones(NODES - 2), 0.5])


def inflow(c, psi, conductance):
    """What enters every node through its neighbours [mol/s]: shape (ions, nodes)."""
    mean = (c[:, 1:] + c[:, :-1]) / 2
    flux = -conductance * RATIO * (np.diff(c) + Z * mean * np.diff(psi)) / H
    ends = np.zeros((len(c), 1))
    return -np.diff(np.hstack([ends, flux, ends]))


def outward(y, v):
    """Outward fluxes of K+, Na+, Cl- from glia at the potential `v` [mol/m^2/s]."""
    return np.array([*exchange(GLIA, y, P, ENV, v).ions.values()])


def exchanged(y, v, u):
    """What the shift `u` of `v` drives from glia at every node [mol/s]: shape (ions, nodes)."""
    more, less = (outward(y, x) for x in (v + u, v))
    return P.S_g * VOLUMES * (more - less)


def transported(y, v, x):
    """Gain of both spaces [mol/s] for potentials and shifts of v, x in units of R T / F."""
    psi, u = x[:NODES], x[NODES:]
    out = exchanged(y, v, UNIT * u)
    c_o, c_g = (np.array([getattr(y, n) for n in names]) for names in (OUTSIDE, INSIDE))
    inside = psi + u + v / UNIT
    D = 1.96e-9
    return (inflow(c_o, psi, 0.2 * D / 1.6**2) + out, inflow(c_g, inside, 0.3 * D / 4) - out)


def charge(y, v, x):
    """Charge that every node of either space gains [mol/s]."""
    return np.concatenate([(Z * gain).sum(0) for gain in transported(y, v, x)])


def newton(y, v, x):
    """Inverse of the derivative of the charge; a constant potential changes nothing."""
    rows = [charge(y, v, x + 1e-6 * e) - charge(y, v, x - 1e-6 * e) for e in np.eye(2 * NODES)]
    return np.linalg.pinv(np.transpose(rows) / 2e-6, rcond=1e-10)


def independent(start):
    """State at the end, from the whole system as one set of ordinary differential equations."""
    x, y = np.zeros(2 * NODES), MODEL.State(*start)
    inverse = newton(y, exchange(GLIA, y, P, ENV).v, x)

    def rates(t, flat):
        nonlocal x
        y = MODEL.State(*flat.reshape(-1, NODES))
        v = exchange(GLIA, y, P, ENV).v
        while np.abs(step := inverse @ charge(y, v, x)).max() > 1e-8:
            x = x - step
        dy = MODEL.rhs(y, P, ENV)._asdict()
        for names, gain, share in zip(
            (OUTSIDE, INSIDE), transported(y, v, x), (0.2, 0.3), strict=True
        ):
            for name, g in zip(names, gain, strict=True):
                dy[name] = dy[name] + g / (share * VOLUMES)
        return np.concatenate([*dy.values()])

    flat = np.concatenate([*start])
    done = solve_ivp(rates, (0.0, END), flat, method="RK45", rtol=1e-5, atol=1e-6)
    return MODEL.State(*done.y[:, -1].reshape(-1, NODES))


def test_a_load_is_buffered_as_an_independent_solution_says():
    text = LINE.replace('length = "1 mm"', 'length = "0.5 mm"').replace("20 um", "50 um")
    parts = built(
        text,
        'tissue.ions=["K", "Na", "Cl"]',
        "solver.theta=0",
        "solver.rtol=1e-8",
        f"time.end={END} s",
        f"output.every={END} s",
        f"output.series={END} s",
        "time.step=0.00625 s",
        "membrane.substeps=50",
    )
    simulation = parts.simulation
    state = simulation.reaction.variables
    for values in (state.K_o, state.Cl_o):
        values += 4 * np.exp(-((places(parts) / 0.1e-3) ** 2))
    simulation.control.start(state[0])
    order = np.argsort(places(parts))
    expected = independent([column[order].copy() for column in state])
    simulation.run()
    simulation.synchronise()
    for name in (*OUTSIDE, *INSIDE, "K_i"):
        seen, right = getattr(state, name)[order], getattr(expected, name)
        worst, what = np.abs(seen - right).argmax(), f"spatial buffering, {name} where worst"
        found(what, seen[worst], right[worst], 2e-5, "mM", "method of lines, dense Newton")
