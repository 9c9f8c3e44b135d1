"""The maximum principle: no step takes an ion out of the range that its surroundings allow.

Neither a consistent mass nor Crank-Nicolson nor obtuse cells keep it. After a step, a node is out
of range if it lies below all its neighbours and below all that it and they had when the step
began, sinks taken off; likewise above. That is the parabolic maximum principle, node by node.

A step that breaks it is done again as flux-corrected transport: a monotone step (lumped mass,
backward Euler, migration upwind, positive couplings of obtuse cells removed), plus the fluxes
between nodes that distinguish the accurate step from it. Only fluxes of nodes that would leave the
range of their neighbours, before the step and after the monotone one, are cut down, so that nothing
changes elsewhere. Fluxes go from node to node, so that the ion is conserved.

References:
    Protter & Weinberger (1967), Maximum Principles in Differential Equations, chapter 3.
    Zalesak (1979), J Comput Phys 31, 335.
    Kuzmin & Turek (2002), J Comput Phys 175, 525: algebraic form for finite elements.
"""

import ctypes
import functools
from dataclasses import asdict, dataclass

from ecs_model.native import MPI, PETSc

import numpy as np

from ecs_model.errors import SolutionError
from ecs_model.membrane.compiler import load

TOLERANCE = 1e-12  # [mM], and as a share of the concentration: what round-off may do
ROUNDS = 12  # after which fluxes of all nodes are cut down, as Zalesak does at once
ROUND_OFF = 1e-11  # [mM]: what a monotone step may be below zero
CLOSE = 1e-13  # residual of a monotone step, relative

# Rows of the matrices with local columns, owned nodes first; `low` and `high` is what a node may
# come to by itself. Fluxes are those into the node of the row.
TEXT = r"""
#include <math.h>

/* Nodes out of range; `excuse` holds two neighbours of each node that were beyond it last time, in
   which it is looked first: fields change little from step to step. */
long ecs_out_of_range(long n, const int *first, const int *column, const double *low,
                      const double *high, const double *start, const double *change,
                      double tolerance, int *excuse, long *found, long *vanishing)
{
    long count = 0, none = 0;
    for (long i = 0; i < n; i++) {
        const double x = start[i] + change[i], room = tolerance * (1.0 + fabs(x));
        none += x < 0.0;
        if (x < low[i] - room) {
            int k = first[i], j = excuse[2 * i];
            while (!(start[j] + change[j] < x - room || low[j] <= x + room) && k < first[i + 1])
                excuse[2 * i] = j = column[k++];
            if (!(start[j] + change[j] < x - room || low[j] <= x + room)) found[count++] = i;
        } else if (x > high[i] + room) {
            int k = first[i], j = excuse[2 * i + 1];
            while (!(start[j] + change[j] > x + room || high[j] >= x - room) && k < first[i + 1])
                excuse[2 * i + 1] = j = column[k++];
            if (!(start[j] + change[j] > x + room || high[j] >= x - room)) found[count++] = i;
        }
    }
    *vanishing = none;
    return count;
}

/* The matrix of the monotone step; dt K with the migration of `pull`, upwind, if there is any. */
void ecs_monotone(long n, const int *first, const int *column, const double *stiffness, double dt,
                  double charge, const double *pull, const double *diagonal, double *matrix)
{
    for (long i = 0; i < n; i++) {
        double sum = diagonal[i];
        int own = first[i];
        for (int k = first[i]; k < first[i + 1]; k++) {
            const int j = column[k];
            if (j == i) { own = k; continue; }
            const double g = -dt * fmin(stiffness[k], 0.0);
            const double w = pull ? charge * g * (pull[j] - pull[i]) : 0.0;
            matrix[k] = -(g + fmax(w, 0.0));
            sum += g + fmax(-w, 0.0);
        }
        matrix[own] = sum;
    }
}

/* Fluxes of the monotone step, summed over each node, and what the accurate step has beyond. */
void ecs_fluxes(long n, const int *first, const int *column, const double *stiffness,
                const double *mass, double dt, double charge, const double *pull,
                const double *middle, const double *change, const double *z, double *arriving,
                double *extra)
{
    for (long i = 0; i < n; i++) {
        arriving[i] = 0.0;
        for (int k = first[i]; k < first[i + 1]; k++) {
            const int j = column[k];
            if (j == i) { extra[k] = 0.0; continue; }
            const double s = -dt * stiffness[k], g = -dt * fmin(stiffness[k], 0.0);
            const double up = pull ? charge * (pull[j] - pull[i]) : 0.0;
            const double basic = g * (z[j] - z[i]) + g * up * (up > 0.0 ? z[j] : z[i]);
            const double full = s * (middle[j] - middle[i] + up * 0.5 * (middle[i] + middle[j]))
                                - mass[k] * (change[j] - change[i]);
            arriving[i] += basic;
            extra[k] = full - basic;
        }
    }
}

/* What each node gets of the extra fluxes, each cut down to the smaller share of its two ends. */
void ecs_corrected(long n, const int *first, const int *column, const double *extra,
                   const double *in, const double *out, double *gain)
{
    for (long i = 0; i < n; i++) {
        gain[i] = 0.0;
        for (int k = first[i]; k < first[i + 1]; k++) {
            const int j = column[k];
            const double f = extra[k];
            gain[i] += f * (f > 0.0 ? fmin(in[i], out[j]) : fmin(out[i], in[j]));
        }
    }
}

/* Shares that keep nodes out of range (or all) within the range of their neighbours. */
long ecs_cut(long n, const int *first, const int *column, const double *extra, const double *low,
             const double *high, const double *base, const double *gain, const double *mass,
             const char *held, double tolerance, int all, double *in, double *out)
{
    long count = 0;
    for (long i = 0; i < n; i++) {
        if (held[i]) continue;
        const double x = base[i] + gain[i] / mass[i], room = tolerance * (1.0 + fabs(x));
        if (!all && x >= low[i] - room && x <= high[i] + room) continue;
        double least = low[i], most = high[i], gains = 0.0, losses = 0.0;
        for (int k = first[i]; k < first[i + 1]; k++) {
            least = fmin(least, low[column[k]]);
            most = fmax(most, high[column[k]]);
            if (extra[k] > 0.0) gains += extra[k]; else losses += extra[k];
        }
        if (!all && x >= least - room && x <= most + room) continue;
        if (all || x < least - room) {
            const double room = fmin((least - base[i]) * mass[i], 0.0);
            const double now = losses < 0.0 ? fmin(room / losses, 1.0) : 1.0;
            if (now < out[i]) { out[i] = now; count++; }
        }
        if (all || x > most + room) {
            const double room = fmax((most - base[i]) * mass[i], 0.0);
            const double now = gains > 0.0 ? fmin(room / gains, 1.0) : 1.0;
            if (now < in[i]) { in[i] = now; count++; }
        }
    }
    return count;
}
"""


@dataclass
class Corrections:
    """What was done to keep an ion within its range so far; the same on all processes.

    Attributes:
        steps: in how many steps.
        moved: amount [mol] that came to lie elsewhere.
        largest: change of a concentration in a step [mM].
    """

    steps: int = 0
    moved: float = 0.0
    largest: float = 0.0

    @property
    def memory(self):
        """What a restart needs."""
        return asdict(self)

    def add(self, change, operators):
        """Note a step in which concentrations changed by `change` [mM] at owned nodes."""
        size, comm = np.abs(change), operators.mesh.comm
        self.steps += 1
        self.moved += 0.5 * comm.allreduce(float(operators.lumped @ size))
        highest = comm.allreduce(float(size.max(initial=0.0)), MPI.MAX)
        self.largest = max(self.largest, highest)


@dataclass(frozen=True)
class Pull:
    """What drives an ion beside diffusion: its valence times psi = F Phi / R T at owned nodes."""

    valence: int
    psi: np.ndarray


class Range:
    """Keeps one ion within the range that its surroundings allow, step by step.

    Args:
        rows: the Neighbours of the tissue.
        ledger: of the ion; books limited steps.
        values: its concentration at owned nodes [mM], as a step begins.
        increment: of the step at owned nodes [mM]; changed in place.
        ratio: diffusivity of the ion relative to that of the matrices.
        name: of the ion, for messages.

    Attributes:
        corrections: what was done so far.
    """

    def __init__(self, rows, ledger, values, increment, ratio, name):
        self.rows, self._ledger, self._ratio, self._name = rows, ledger, ratio, name
        self._values, self._increment = values, increment
        self._excuse, self._vanishes = rows.first_neighbours(2), False
        self.corrections = Corrections()

    def is_left(self, t, dt, migration=None):
        """Whether the step from `t` [s] leaves the range anywhere; asks all processes.

        Args:
            t: when the step begins [s].
            dt: its length [s].
            migration: what an electric field brings to each owned node [mol].
        """
        low, high = self._ledger.reach(self._values, t, dt, migration)
        left = self.rows.out_of_range(
            low, high, self._values, self._increment, self._ledger.held, self._excuse
        )
        self._vanishes = self.rows.vanishes or left
        return left

    def take(self):
        """Add the increment; what is below zero by round-off becomes zero."""
        self._values += self._increment
        if self._vanishes:
            self._values[(self._values < 0.0) & (self._values > -ROUND_OFF)] = 0.0

    @functools.cached_property
    def _limiter(self):
        return _Limiter(self.rows, self._ledger, self._ratio)

    def limit(self, t, dt, middle, pull=None):
        """Change the increment of a step that leaves the range, and book it.

        Args:
            t: when the step begins [s].
            dt: its length [s].
            middle: what is there on average during the step, beyond its start [mM].
            pull: the Pull of an electric field.

        Raises:
            SolutionError: on all processes, where there would be less than nothing.
        """
        made = self._limiter.increment(self._values, self._increment, middle, t, dt, pull)
        self.corrections.add(made - self._increment, self.rows.operators)
        self._increment[:] = made
        self.refuse_negative(t, dt)

    def refuse_negative(self, t, dt):
        """Raise SolutionError, which names the place and who takes, where there is less than none.

        To be called on all processes together.
        """
        comm = self.rows.operators.mesh.comm
        now = self._values + self._increment
        node = int(now.argmin()) if len(now) else -1
        lowest = (float(now[node]) if len(now) else np.inf, comm.rank)
        lowest, rank = comm.allreduce(lowest, MPI.MINLOC)
        if lowest < -ROUND_OFF:
            told = self._complaint(node, t, dt) if comm.rank == rank else None
            raise SolutionError(comm.bcast(told, root=rank))

    def _complaint(self, node, t, dt):
        mesh = self.rows.operators.mesh
        where = ", ".join(f"{1e3 * x:.4g}" for x in mesh.coordinates[node, : mesh.dimension])
        taker = self._ledger.taker(node, t, dt)
        if taker is not None:
            return f"{taker} takes more {self._name} than there is at ({where}) mm"
        return f"{self._name} becomes negative at ({where}) mm; try a shorter time.step"


class _Limiter:
    """Flux-corrected steps of one ion; made when the first step needs it."""

    def __init__(self, rows, ledger, ratio):
        operators = rows.operators
        self._rows, self._operators, self._ledger, self._ratio = rows, operators, ledger, ratio
        self._b, self._right = operators.vector()
        self._x, self._solution = operators.vector()
        self._held = np.zeros(operators.mesh.owned, np.int8)
        self._held[ledger.held] = 1
        self._made = self._matrix = None
        self._entries = (None, None, None)

    def increment(self, u, d, middle, t, dt, pull):
        """The limited increment [mM] of a step whose accurate increment is `d`; books it."""
        rows, lumped, ledger = self._rows, self._operators.lumped, self._ledger
        loads = np.zeros_like(u)
        ledger.add_loads(loads, t, dt)
        pulled = (pull.valence, rows.spread(pull.psi)) if pull else (0.0, None)
        z = u + self._monotone(u, d, loads, dt, pulled)
        edges = self._edges(rows.spread(u + middle), rows.spread(d), rows.spread(z), dt, pulled)
        arriving, extra = edges
        outer = loads - dt * ledger.exchange * z
        base = u + _free(arriving + outer, ledger.held) / lumped
        low, high = ledger.reach(u, t, dt)
        bounds = rows.spread(np.minimum(low, z)), rows.spread(np.maximum(high, z))
        arriving = arriving + self._correction(base, extra, bounds)
        ledger.settle_limited(z, arriving, t, dt)
        return _free(arriving + outer, ledger.held) / lumped

    def _matrices(self):
        """Entries of stiffness and mass, as they are now."""
        if self._entries[0] != self._operators.version:
            stiffness, mass = self._operators.stiffness, self._operators.mass
            entries = self._ratio * stiffness.getValuesCSR()[2], mass.getValuesCSR()[2]
            self._entries = self._operators.version, *entries
        return self._entries[1:]

    def _edges(self, middle, change, z, dt, pulled):
        """What arrives at each node in the monotone step, and the further fluxes [mol]."""
        stiffness, mass = self._matrices()
        arriving, extra = np.empty(self._operators.mesh.owned), np.empty(len(stiffness))
        self._rows.call("fluxes", stiffness, mass, dt, *pulled, middle, change, z, arriving, extra)
        return arriving, extra

    def _correction(self, base, extra, bounds):
        """What each node gets of the further fluxes [mol], such that it stays within bounds."""
        rows, lumped, owned = self._rows, self._operators.lumped, len(base)
        shares, gain = [np.ones(owned), np.ones(owned)], np.empty(owned)
        for k in range(ROUNDS + 2):
            spread = [rows.spread(share) for share in shares]
            rows.call("corrected", extra, *spread, gain)
            if k > ROUNDS:
                break
            cut = rows.call(
                "cut", extra, *bounds, base, gain, lumped, self._held, TOLERANCE, k == ROUNDS,
                *shares,
            )  # fmt: skip
            if not self._operators.mesh.comm.allreduce(cut):
                break
        return gain

    def _monotone(self, u, d, loads, dt, pulled):
        """The increment [mM] of the monotone step."""
        ledger = self._ledger
        self._fill(dt, pulled)
        self._right[:] = self._operators.lumped * u + loads
        self._right[ledger.held] = u[ledger.held]
        self._solution[:] = u + d
        self._solver.solve(self._b, self._x)
        if (reason := self._solver.getConvergedReason()) < 0:
            raise SolutionError(
                "the monotone step that keeps concentrations in their range does not converge "
                f"(PETSc reason {reason}); try a shorter time.step"
            )
        return self._solution - u

    def _fill(self, dt, pulled):
        """Make the matrix of the monotone step, unless it is that of the last one."""
        key = (dt, self._operators.version)
        if self._made == key and pulled[1] is None:
            return
        diagonal = self._operators.lumped + dt * self._ledger.exchange
        stiffness, _ = self._matrices()
        values = np.empty(len(stiffness))
        self._rows.call("monotone", stiffness, dt, *pulled, diagonal, values)
        self._take(values, pulled[1] is None and not self._ledger.baths)
        self._made = key

    def _take(self, values, symmetric):
        mesh, (pointers, columns) = self._operators.mesh, self._rows.pattern
        if self._matrix is None:
            size = (mesh.owned, mesh.nodes)
            self._matrix = PETSc.Mat().createAIJ(
                (size, size), csr=(pointers, columns, values), comm=mesh.comm
            )
            self._matrix.setOption(PETSc.Mat.Option.KEEP_NONZERO_PATTERN, True)
            self._solver = _solver(self._matrix, symmetric)
        else:
            self._matrix.setValuesCSR(pointers, columns, values)
            self._matrix.assemble()
        rows = self._ledger.held + self._matrix.getOwnershipRange()[0]
        if self._ledger.baths:
            self._matrix.zeroRows(rows.astype(PETSc.IntType), diag=1.0)


def _solver(matrix, symmetric):
    solver = PETSc.KSP().create(matrix.comm)
    solver.setOperators(matrix)
    solver.setType("cg" if symmetric else "bcgs")
    solver.getPC().setType("jacobi")
    solver.setInitialGuessNonzero(True)
    solver.setTolerances(rtol=CLOSE, atol=1e-50, divtol=1e300, max_it=5000)
    return solver


def _free(amounts, held):
    amounts = amounts.copy()
    amounts[held] = 0.0
    return amounts


class Neighbours:
    """The rows of the matrices of a tissue with local columns: owned nodes, then ghosts.

    Args:
        operators: matrices of the tissue.
    """

    def __init__(self, operators):
        mesh, (pointers, columns, _) = operators.mesh, operators.stiffness.getValuesCSR()
        start, end = operators.stiffness.getOwnershipRange()
        far = (columns < start) | (columns >= end)
        ghosts, places = np.unique(columns[far], return_inverse=True)
        local = columns.astype(np.int64) - start
        local[far] = mesh.owned + places
        self.operators, self._code = operators, _compiled()
        self._first, self._column = pointers.astype(np.int32), local.astype(np.int32)
        self._found, self._vanishing = np.empty(mesh.owned, np.int64), np.zeros(1, np.int64)
        self._source, self._values = operators.vector()
        self._target, self._kept = np.zeros(len(ghosts)), {}
        self._halo = PETSc.Vec().createWithArray(self._target, comm=PETSc.COMM_SELF)
        wanted = PETSc.IS().createGeneral(ghosts.astype(PETSc.IntType), comm=PETSc.COMM_SELF)
        self._scatter = PETSc.Scatter().create(self._source, wanted, self._halo, None)

    def first_neighbours(self, count):
        """The first neighbour of every owned node, or itself, so many times each."""
        return np.repeat(self._column[self._first[:-1]], count)

    @property
    def pattern(self):
        """Pointers and global columns of the rows."""
        return self.operators.stiffness.getValuesCSR()[:2]

    def spread(self, values, kept=None):
        """Values of owned nodes, then of ghosts; `values` itself on one process.

        Args:
            values: at owned nodes.
            kept: name of an array that the next call with this name may overwrite; None for a new
                one.
        """
        if self.operators.mesh.comm.size == 1:
            return values
        self._values[:] = values
        self._source.stateIncrease()
        self._scatter.scatter(self._source, self._halo)
        size = len(values) + len(self._target)
        out = self._kept.get(kept)
        if out is None:
            out = np.empty(size)
            self._kept |= {kept: out} if kept else {}
        out[: len(values)], out[len(values) :] = values, self._target
        return out

    @property
    def vanishes(self):
        """Whether an owned node was below zero when it was last asked what is out of range."""
        return bool(self._vanishing[0])

    def out_of_range(self, low, high, start, change, held, excuse):
        """Whether any owned node but those held is out of range; asks all processes.

        Args:
            low: the least that each owned node may come to by itself [mM].
            high: the most [mM].
            start: concentrations before a step [mM].
            change: what it adds [mM].
            held: nodes that do not count.
            excuse: array of two places per owned node, for use from step to step.
        """
        before = self.spread(start, "start")
        least = before if low is start else self.spread(low, "low")
        most = before if high is start else self.spread(high, "high")
        count = self.call(
            "out_of_range", least, most, before, self.spread(change, "change"), TOLERANCE, excuse,
            self._found, self._vanishing,
        )  # fmt: skip
        if count and len(held):
            count = np.count_nonzero(~np.isin(self._found[:count], held))
        comm = self.operators.mesh.comm
        return bool(count if comm.size == 1 else comm.allreduce(count))

    def call(self, name, *arguments):
        """Call a function of the compiled code with the rows and further arguments."""
        rows = ctypes.c_long(self.operators.mesh.owned), *map(_as_c, (self._first, self._column))
        return getattr(self._code, f"ecs_{name}")(*rows, *map(_as_c, arguments))


def _as_c(value):
    if value is None or isinstance(value, np.ndarray):
        return ctypes.c_void_p(value if value is None else value.ctypes.data)
    return ctypes.c_int(value) if isinstance(value, bool) else ctypes.c_double(value)


@functools.cache
def _compiled():
    code = load(TEXT)
    for name in ("out_of_range", "cut"):
        getattr(code, f"ecs_{name}").restype = ctypes.c_long
    return code
