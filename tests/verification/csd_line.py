"""The CSD benchmark of the field solved anew, with nothing of ecs_model, by a scheme of its own.

A line of neurons and extracellular space (Mori 2015; Ellingsrud et al. 2021, 2022): per node the
neurons' share of the volume, Na+, K+, Cl- inside and outside, V and Phi_e, all in one implicit
Euler step by Newton's method; gates and pump are one step behind. Lumped masses, first order in
time. At 10 um and 3.125 ms it gives 5.03 mm/min, and 3.127 where lambda is 1.6.
"""

import numpy as np
from scipy.linalg import solve_banded

F, R, T = 96485.33212, 8.314462618, 310.15
Z = np.array([1.0, 1.0, -1.0])  # Na+, K+, Cl-
D = np.array([1.33e-9, 1.96e-9, 2.03e-9])  # m^2/s
LEAK = np.array([0.2, 0.7, 2.0])  # S/m^2
S, C_M, WATER = 6.3849e5, 0.75e-2, 5.4e-10 * R * T  # 1/m, F/m^2, m/s per mM
P_NAP, P_KDR, P_KA = 2e-7, 1e-5, 1e-6  # m/s
INSIDE, OUTSIDE, V_REST = (9.3, 132.0, 8.0), (137.0, 4.0, 114.0), -71e-3  # mM, V
PER_NODE = 9
PHI, IN, OUT, V, PHI_E = 0, slice(1, 4), slice(4, 7), 7, 8
SIZE = np.array([1, 10, 100, 10, 100, 10, 100, 0.05, 0.01])  # of unknowns
BAND = 2 * PER_NODE - 1
STEPS, CLOSE = 40, 1e-6  # of Newton's method


def opening(v):
    """Pairs (opening, opening + closing rate) [1/s] of m_NaP, h_NaP, m_KDR, m_KA, h_KA at mV."""
    e = np.exp
    yield 1000 / 6 / (1 + e(-(0.143 * v + 5.67))), 1000 / 6
    a = 5.12e-3 * e(-(0.056 * v + 2.94))
    yield a, a + 0.16 / (1 + e(-(0.2 * v + 8)))
    a = 16 * (v + 34.9) / (1 - e(-0.2 * (v + 34.9)))
    yield a, a + 250 * e(-(0.025 * v + 1.25))
    a = 20 * (v + 56.9) / (1 - e(-0.1 * (v + 56.9)))
    yield a, a + 17.5 * (v + 29.9) / (e(0.1 * (v + 29.9)) - 1)
    a = 16 * e(-(0.056 * v + 4.61))
    yield a, a + 500 / (1 + e(-(0.2 * v + 11.98)))


def ghk(potential, inside, outside):
    """Flux per permeability of a cation [mM]."""
    u = potential * F / (R * T)
    return u * (inside - outside * np.exp(-u)) / (1 - np.exp(-u))


class Line:
    """The benchmark on a line; `u` has a row of unknowns per node.

    Args:
        length: of the line [m].
        h: size of cells [m].
        dt: step [s].
        tortuosity: lambda.
        drift: whether ions outside follow the field.
    """

    def __init__(self, length, h, dt, tortuosity=1.0, drift=True):
        nodes = round(length / h) + 1
        self.x, self.h, self.dt, self.time = np.linspace(0.0, length, nodes), h, dt, 0.0
        self.D, self.drift = D / tortuosity**2, drift
        self.u = np.tile([0.8, *INSIDE, *OUTSIDE, V_REST, 0.0], (nodes, 1))
        charge = S * C_M * V_REST / F
        self.fixed_inside = Z @ INSIDE * 0.8 - charge
        self.fixed_outside = Z @ OUTSIDE * 0.2 + charge
        self.gates = [np.full(nodes, a / s) for a, s in opening(1e3 * V_REST)]
        self.cell = np.where((self.x == 0) | (self.x == length), h / 2, h)
        shape = 5.0 * np.cos(np.pi * self.x / 40e-6) ** 2  # S/m^2
        self.stimulus = np.where(self.x < 20.1e-6, shape, 0.0)
        self._jacobian, self._age = None, np.inf

    def step(self):
        """One step in time."""
        old = self.u
        self.gates = [
            a / s + (gate - a / s) * np.exp(-s * self.dt)
            for gate, (a, s) in zip(self.gates, opening(1e3 * old[:, V]), strict=True)
        ]
        self._pump = 0.1372 / F / ((1 + 2 / old[:, 5]) ** 2 * (1 + 7.7 / old[:, 1]) ** 3)
        self.u, self.time = self._newton(old), self.time + self.dt

    def _newton(self, old):
        u = old.copy()
        for k in range(STEPS):
            if self._age > 8 or k >= 4:
                self._jacobian, self._age = self._derivative(u, old), 0
            change = solve_banded((BAND, BAND), self._jacobian, -self.residual(u, old).ravel())
            change = change.reshape(u.shape)
            worst = np.abs(change / SIZE).max()
            u += change * min(1.0, 0.9 / worst)
            if worst < CLOSE:
                self._age += 1
                return u
        raise RuntimeError(f"Newton's method does not converge at {self.time} s")

    def residual(self, u, old):
        """What the equations of a step are wrong by, a row per node."""
        phi, inside, outside = u[:, PHI], u[:, IN], u[:, OUT]
        alpha, J = 1 - phi, self._membrane(u)
        water = WATER * (
            self.fixed_outside / alpha - self.fixed_inside / phi + (outside - inside).sum(axis=1)
        )
        r = np.empty_like(u)
        r[:, PHI] = phi - old[:, PHI] + self.dt * S * water
        r[:, IN] = phi[:, None] * inside - old[:, :1] * old[:, IN] + self.dt * S * J
        r[:, OUT] = alpha[:, None] * outside - (1 - old[:, :1]) * old[:, OUT]
        r[:, OUT] += self.dt * (self._divergence(u) - S * J)
        charge = S * C_M * u[:, V] / F
        r[:, V] = phi * (inside @ Z) - self.fixed_inside - charge
        r[:, PHI_E] = u[:, PHI_E]
        if self.drift:  # one node's potential is free
            r[:-1, PHI_E] = (alpha * (outside @ Z) - self.fixed_outside + charge)[:-1]
        return r

    def _membrane(self, u):
        """Outward fluxes of Na+, K+, Cl- [mol/m^2/s]."""
        inside, outside, v = u[:, IN], u[:, OUT], u[:, V]
        now = self.time + self.dt
        more = self.stimulus * np.sin(np.pi * now / 2) if now <= 2 else 0.0 * self.x
        reversal = R * T / (Z * F) * np.log(outside / inside)
        J = (LEAK + more[:, None]) * (v[:, None] - reversal) / (Z * F)
        m_nap, h_nap, m_kdr, m_ka, h_ka = self.gates
        J[:, 0] += P_NAP * m_nap**2 * h_nap * ghk(v, inside[:, 0], outside[:, 0]) + 3 * self._pump
        J[:, 1] += (P_KDR * m_kdr**2 + P_KA * m_ka**2 * h_ka) * ghk(v, inside[:, 1], outside[:, 1])
        J[:, 1] -= 2 * self._pump
        return J

    def _divergence(self, u):
        alpha, c = 1 - u[:, PHI], u[:, OUT]
        pull = np.diff(c, axis=0)
        if self.drift:
            field = np.diff(u[:, PHI_E])[:, None] * F / (R * T)
            pull += Z * (c[1:] + c[:-1]) / 2 * field
        flux = -(alpha[1:] + alpha[:-1])[:, None] / 2 * self.D * pull / self.h
        return np.diff(flux, axis=0, prepend=0.0, append=0.0) / self.cell[:, None]

    def _derivative(self, u, old):
        """Jacobian as bands, by differences: of each unknown at every third node at once."""
        nodes, base = len(u), self.residual(u, old)
        bands = np.zeros((2 * BAND + 1, nodes * PER_NODE))
        for first in range(3):
            here = np.arange(first, nodes, 3)
            for k in range(PER_NODE):
                tried = u.copy()
                tried[here, k] += 1e-7 * SIZE[k]
                slope = (self.residual(tried, old) - base) / (1e-7 * SIZE[k])
                for beside in (-1, 0, 1):
                    met = here[(here + beside >= 0) & (here + beside < nodes)]
                    column, rows = met * PER_NODE + k, (met + beside) * PER_NODE
                    for i in range(PER_NODE):
                        bands[BAND + rows + i - column, column] = slope[met + beside, i]
        return bands


def speed(line, high=10.0, part=1e-3):
    """Speed [mm/min] at which [K+]o reaches `high` [mM], over the last `part` [m]."""
    arrival = np.full(len(line.x), np.nan)
    while np.isnan(arrival[-2]):
        time, before = line.time, line.u[:, 5].copy()
        line.step()
        now = line.u[:, 5]
        new = np.isnan(arrival) & (now >= high)
        arrival[new] = time + line.dt * (high - before[new]) / (now[new] - before[new])
    last = (line.x >= line.x[-2] - part) & ~np.isnan(arrival)
    return 6e4 * np.polyfit(arrival[last], line.x[last], 1)[0]
