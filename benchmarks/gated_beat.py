"""The gated cell in fenicsx-beat, K+ in place of its potential; `gated.py` starts it.

Usage: python benchmarks/gated_beat.py CELL SUBSTEP ACROSS

Tetrahedra of CELL [um], ACROSS cubes of them across, first-order splitting with steps of transport
of 0.1 s. In them the cell takes sub-steps of SUBSTEP [s], compiled with numba: exponential Euler of
V and n, which is stable at any sub-step, and explicit Euler of concentrations.
"""

import json
import sys
import time

import gated_cell as cell
import monodomain
import numpy as np

STEP = 0.1  # s


def main(h, substep, across):
    """Run until the front has passed; print what it took."""
    import dolfinx_solver  # noqa: F401  # isort: skip
    import beat

    counts = [round(cell.LENGTH / h), across, across]
    pde = monodomain.transport(beat, counts, h, cell.DIFFUSIVITY / cell.TORTUOSITY**2, STEP)
    x = pde.V.tabulate_dof_coordinates()
    potassium = [cell.potassium(a) for a in x[:, 0]]
    ode = monodomain.cells(beat, pde, cell.REST, potassium, exponential(substep))
    solver = beat.MonodomainSplittingSolver(pde=pde, ode=ode, theta=1.0)
    axis = np.flatnonzero((x[:, 1] == 0) & (x[:, 2] == 0))
    axis = axis[np.argsort(x[axis, 0])]
    front = cell.Front(x[axis, 0].tolist(), [cell.potassium(a) for a in x[axis, 0]])
    taken = []
    while front.under_way:
        began = time.process_time()
        solver.step((front.time, front.time + STEP))
        taken.append(time.process_time() - began)
        front.see(front.time + STEP, pde.state.x.array[axis].tolist())
    volume = 1e-9 * cell.LENGTH * (across * h) ** 2
    print(json.dumps(cell.result(front, len(x), volume, taken[1:])))  # the first compiles


def exponential(longest):
    """A step of all cells in sub-steps, compiled."""
    import numba

    currents, gate = numba.njit(cell.currents), numba.njit(cell.gate)
    outside, inside = cell.BRING / cell.ALPHA, cell.BRING / cell.PHI

    @numba.njit
    def substep(k_o, k_i, cl_i, v, n, dt):
        g_na, e_na, g_k, e_k, g_cl, e_cl, pump = currents(k_o, k_i, cl_i, v, n, np.log, np.exp)
        opens, closes = gate(v, np.exp)
        g, out = g_na + g_k + g_cl, g_k * (v - e_k) - 2.0 * pump
        to = (g_na * e_na + g_k * e_k + g_cl * e_cl - pump) / g
        steady = opens / (opens + closes)
        return (
            k_o + dt * outside * out,
            k_i - dt * inside * out,
            cl_i + dt * inside * g_cl * (v - e_cl),
            to + (v - to) * np.exp(-1e3 * dt * g),
            steady + (n - steady) * np.exp(-3e3 * dt * (opens + closes)),
        )

    @numba.njit
    def advance(states, t, parameters, dt):
        new = states.copy()
        count = int(np.ceil(dt / longest - 1e-9))
        for i in range(states.shape[1]):
            y = (new[0, i], new[1, i], new[2, i], new[3, i], new[4, i])
            for _ in range(count):
                y = substep(y[0], y[1], y[2], y[3], y[4], dt / count)
            for j in range(5):
                new[j, i] = y[j]
        return new

    return advance


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(print(__doc__))
    main(float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
