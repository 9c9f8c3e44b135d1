"""Fine steps of the nodes that a coarse step surprised, and what they bring to the nodes beside."""

import ctypes
from collections.abc import Sequence

import numpy as np

from ecs_model.membrane.c_function import c_function
from ecs_model.membrane.solver import Reaction
from ecs_model.physics.values import Array
from ecs_model.run.two_rates.fine_memory import OF_IONS, PLACES, arrays
from ecs_model.run.two_rates.kernel import text
from ecs_model.run.two_rates.patch import SPARE, Side, pointers
from ecs_model.run.two_rates.patch_kernel import PATCH
from ecs_model.run.two_rates.zone import Coarse, Zone
from ecs_model.transport.diffusion import Diffusion
from ecs_model.transport.flux_limiter import FAR, NEAR
from ecs_model.transport.neighbours import Neighbours
from ecs_model.transport.swelling_matrices import Following

COUNTS = ("rejected", "block_steps", "iterations", "level")


class Task(ctypes.Structure):
    """Numbers of the fine steps of a patch, as the C text has them."""

    _fields_ = [
        *((name, ctypes.c_long) for name in ("states", "inner", "local", "ticks", "level")),
        *((name, ctypes.c_long) for name in ("substeps", "swells")),
        *((name, ctypes.c_double) for name in ("start", "tick", "tolerance", "rtol")),
        *((name, ctypes.c_double) for name in ("membrane_tolerance", "nearest", "farthest")),
        ("exponent", ctypes.c_double),
    ]


class Fine:
    """Takes the fine steps of a zone, in one call of a compiled function.

    Args:
        reaction: the membranes.
        movers: the ions that move.
        rows: of the tissue.

    Attributes:
        ions: which states of the membranes the ions are.
        side: the membranes of the zone.
        counts: rejected steps, sub-steps of blocks, iterations of solves, and the level of the
            steps at the end.
        given: amount of each ion [mol] that the membranes of the zone gave.
        moved: what transport brought of each ion [mM] to the nodes that were advanced, first.
        slope: change of K+ there in the last step [mM/s], first.
        times: when the first step began, and when each ended [s].
        course: K+ there after each step [mM], shape (steps, nodes).
    """

    def __init__(self, reaction: Reaction, movers: Sequence[Diffusion], rows: Neighbours) -> None:
        self._reaction, self._movers, self._rows = reaction, list(movers), rows
        self.side = Side(reaction)
        self.ions = [_index(reaction.variables, mover.values) for mover in movers]
        self._ratio = np.array([mover.ratio for mover in movers])
        code = text(len(self._movers))
        self._steps = c_function(code, "ecs_fine")
        self._take_rows, self._border = (c_function(PATCH, f"ecs_{n}") for n in ("rows", "border"))
        self._bring = c_function(PATCH, "ecs_bring")
        self.counts = np.zeros(len(COUNTS), np.int64)
        self.given = np.zeros(len(self._movers))
        self._corrections = np.zeros((len(self._movers), 3))
        self._room, self._entries = 0, 0
        self._course, self._times, self.slope = np.empty(0), np.empty(0), np.empty(0)
        self._swelling = rows.operators if isinstance(rows.operators, Following) else None
        self._alpha = reaction.variables._fields.index("alpha") if self._swelling else 0
        self._fastest = max(_fastest(mover) for mover in movers)

    def _reserve(self, zone, ticks):
        """Have room for a zone."""
        if len(zone.nodes) > self._room or zone.entries > self._entries:
            self.side.reserve(len(zone.nodes))
            self._room, self._entries = self.side.room, int(SPARE * zone.entries)
            self._allocate()
        if ticks * zone.inner > len(self._course) or ticks >= len(self._times):
            self._course = np.empty(int(SPARE * ticks * zone.inner))
            self._times = np.empty(ticks + 1)

    def _allocate(self):
        """Have arrays, and note where they are."""
        state, ions = self.side.state, len(self._movers)
        self._a = arrays(self._room, self._entries, ions)
        self._a |= {"kept": np.zeros_like(state), "kept_trial": np.zeros_like(self.side.trial)}
        self._a["alpha"] = state[self._alpha] if self._swelling else np.zeros(1)
        self._value = [state[k] for k in self.ions]
        self.moved, self.slope = self._a["moved"], self._a["slope"]
        tables = {name: pointers([*self._a[name]]) for name in (*OF_IONS, "kept")}
        self._tables = tables | {"value": pointers(self._value), "state": self.side.rows}

    def begin(self, zone: Zone, coarse: Coarse, ticks: int) -> None:
        """Take a zone, for some ticks, and what the coarse step brought to its border."""
        self._reserve(zone, ticks)
        a, n = self._a, len(zone.nodes)
        rows = a["first"], a["column"], a["stiffness"], a["mass"]
        self._rows.over_rows(self._take_rows, *self._rows.entries, n, zone.nodes, zone.place, *rows)
        a["volume"][:n] = self._rows.operators.lumped[zone.nodes]
        for k, mover in enumerate(self._movers):
            step = coarse.duration, a["volume"], coarse.middle[k], mover.increment, a["coarse"][k]
            left = self._border(zone.inner, n, *rows, zone.nodes, mover.ratio, *step)
            self._close(k, left, zone)
        if self._swelling is not None:
            self._begin_to_swell(self._swelling, zone, coarse)

    def _begin_to_swell(self, matrices, zone, coarse):
        """Take the matrices at rest, and how alpha changes beside a zone."""
        a, at, border = self._a, zone.nodes, slice(zone.inner, len(zone.nodes))
        before = coarse.before[self._alpha]
        rows = a["first"], a["column"], a["stiffness_rest"], a["mass_rest"]
        rest = matrices.at_rest.entries
        self._rows.over_rows(self._take_rows, *rest, len(at), at, zone.place, *rows)
        a["volume_rest"][: len(at)] = matrices.at_rest.lumped[at]
        a["alpha_rest"][: len(at)] = matrices.alpha_rest[at]
        a["alpha_edge"][border] = before[zone.border]
        a["alpha_rate"][border] = matrices.alpha[zone.border] - before[zone.border]
        a["alpha_rate"][border] /= coarse.duration

    def _close(self, k, left, zone):
        """Bring elsewhere what solving left over in a zone, in which that comes to nothing."""
        mover, volume = self._movers[k], self._rows.operators.lumped
        volumes = volume, self._reaction.weights
        self._bring(len(volume), left, zone.mark, *volumes, mover.increment, mover.values)

    def advance(self, zone: Zone, coarse: Coarse, trial: Array, slope: Array, how: Task) -> bool:
        """Take the steps; whether that can be done. Then `course` and `times` tell how K+ went.

        Args:
            zone: where.
            coarse: the coarse step of the same time, in its range.
            trial: trial sub-step of every node [s].
            slope: change of K+ at every node that is expected [mM/s].
            how: a Task of which the numbers of nodes are not known yet.
        """
        self._fill(zone, coarse, trial, slope)
        how.states, how.inner = len(self._reaction.variables), zone.inner
        how.local = len(zone.nodes)
        if self._swelling is not None:
            how.swells, how.exponent = 1, self._swelling.exponent
        how.nearest, how.farthest = (x / self._fastest for x in (NEAR, FAR))
        for sums in (self.counts, self.given, self._corrections):
            sums[:] = 0
        steps = self._steps(ctypes.addressof(how), self._table())
        self._note_corrections()
        self.times = self._times[: steps + 1]
        self.course = self._course[: steps * zone.inner].reshape(steps, zone.inner)
        return steps > 0

    def _fill(self, zone, coarse, trial, slope):
        """Take the state of the zone, and what becomes of its border."""
        a, n, inner = self._a, len(zone.nodes), zone.inner
        self.side.fill(zone.advanced, coarse.before, trial)
        for k in range(len(self._movers)):
            self._fill_ion(k, zone, coarse)
        a["last"][:inner], a["slope"][:inner] = self._value[0][:inner], slope[zone.advanced]
        a["fixed"][:inner], a["fixed"][inner:n] = 0, 1
        places = np.repeat(np.arange(n, dtype=np.int32), 2)
        a["excuse"][: 2 * n * len(self._movers)] = np.tile(places, len(self._movers))

    def _fill_ion(self, k, zone, coarse):
        a, inner, border = self._a, zone.inner, slice(zone.inner, len(zone.nodes))
        before, now = coarse.before[self.ions[k]], self._movers[k].values
        a["change"][k, :inner] = self._movers[k].increment[zone.advanced]
        a["edge"][k, border] = before[zone.border]
        a["rate"][k, border] = (now[zone.border] - before[zone.border]) / coarse.duration
        a["transported"][k, border] = self._movers[k].increment[zone.border] / coarse.duration
        a["moved"][k, :inner], a["gained"][k, border] = 0.0, 0.0

    def _table(self):
        """Where everything is, as the C text has it."""
        a, step = self._a | self._tables, self._reaction.step
        here = {"trial": self.side.trial, "blocks": self.side.counts, "ratio": self._ratio}
        here |= {"input": self.side.inputs, "course": self._course, "times": self._times}
        here |= {"counts": self.counts, "given": self.given, "corrections": self._corrections}
        found = pointers([(a | here)[name] for name in PLACES])
        self._kept = np.concatenate([[np.uintp(step.address)], found])
        return self._kept

    def _note_corrections(self):
        comm = self._rows.operators.mesh.comm
        for mover, row in zip(self._movers, self._corrections, strict=True):
            steps, moved, largest = row.tolist()
            if steps:
                mover.range.corrections.add(moved, largest, comm)
                mover.range.corrections.steps += int(steps) - 1

    def correct(self, zone: Zone) -> float:
        """Give the border what fine steps brought instead; the largest change of K+ [mM].

        That is inf where a change of any ion is not finite.
        """
        a, at, largest = self._a, slice(zone.inner, len(zone.nodes)), []
        volume = self._reaction.weights[zone.border]
        for k, mover in enumerate(self._movers):
            change = (a["gained"][k, at] - a["coarse"][k, at]) / volume
            mover.values[zone.border] += change
            largest.append(float(np.abs(change).max(initial=0.0)))
        return largest[0] if np.isfinite(largest).all() else np.inf


def _index(columns, values):
    """Which of some arrays another is."""
    return next(k for k, column in enumerate(columns) if column is values)


def _fastest(mover):
    """A bound of the fastest rate of an ion [1/s]."""
    return mover.ratio * mover.operators.fastest + mover.ledger.fastest
