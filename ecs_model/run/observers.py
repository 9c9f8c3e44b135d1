"""What is measured during a run. Each observer looks when it is due and touches nothing."""

from ecs_model.native import MPI

import numpy as np

from ecs_model.memory import put_back
from ecs_model.parallel import Team, root_does
from ecs_model.units import from_si

FROM_CELLS = ("membranes", "syncytium")  # terms of a balance that only move ions out of cells


class Balance:
    """Where ions are and where they came from.

    Args:
        mesh: the mesh.
        reaction: the membranes.
        ledger: sources and boundaries.
    """

    def __init__(self, mesh, reaction, ledger):
        self._mesh, self._reaction, self._ledger = mesh, reaction, ledger
        model = reaction.model
        inside = reaction.contents() if model.closed else {}
        self._inside = [ion for ion in reaction.ions if ion in inside]
        self.start = self.amounts()

    def state(self):
        """What a restart needs."""
        return {"start": self.start}

    def load(self, state):
        """Continue from what `state` gave."""
        put_back(self, state)

    def names(self):
        """Names of the amounts, as columns of a table."""
        ions = self._reaction.ions
        return [
            *(f"ecs_{ion}" for ion in ions),
            *(f"cell_{ion}" for ion in self._inside),
            *(_of_membranes(ion) for ion in ions),
            *self._ledger.given,
        ]

    def unit(self):
        """The unit of amounts, by the coordinates of the mesh."""
        return {1: "mol/m^2", 2: "mol/m", 3: "mol"}[self._mesh.axes]

    def amounts(self):
        """Name -> amount: now stored outside and in cells; given by membranes and each term."""
        given = [*self._reaction.given, *self._ledger.given.values()]
        total = np.array([*self._stored_here(), *given])
        self._mesh.comm.Allreduce(MPI.IN_PLACE, total, MPI.SUM)
        return dict(zip(self.names(), map(float, total), strict=True))

    def report(self):
        """The balance from the start until now: amounts, and its residual.

        Returns:
            dict: that of K+, and under `ions` those of the others.
        """
        now, (first, *others) = self.amounts(), self._reaction.ions
        report = {"unit": self.unit(), **self._report_of(first, now)}
        if others:
            report["ions"] = {ion: self._report_of(ion, now) for ion in others}
        return report

    def _report_of(self, ion, now):
        start, ecs, cell = self.start, f"ecs_{ion}", f"cell_{ion}"
        given = {"membranes": now[_of_membranes(ion)] - start[_of_membranes(ion)]}
        given |= {name: now[label] - start[label] for name, label in self._terms(ion)}
        change = now[ecs] - start[ecs]
        report = {
            "ecs_start": start[ecs],
            "ecs_end": now[ecs],
            "given": given,
            "ecs_unexplained": change - sum(given.values()),
        }
        if ion in self._inside:
            outside = sum(amount for name, amount in given.items() if name not in FROM_CELLS)
            report |= {
                "cells_start": start[cell],
                "cells_end": now[cell],
                "total_unexplained": change + now[cell] - start[cell] - outside,
            }
        scale = abs(report["ecs_start"]) + abs(report.get("cells_start", 0.0))
        worst = max(abs(report["ecs_unexplained"]), abs(report.get("total_unexplained", 0.0)))
        return report | {"relative_error": worst / scale if scale else worst}

    def _terms(self, ion):
        """Pairs (name of a source or boundary, its column) of an ion."""
        end = "" if ion == "K" else f" ({ion})"
        others = [f" ({other})" for other in self._reaction.ions if other != "K"]
        for label in self._ledger.given:
            mine = label.endswith(end) if end else not any(label.endswith(x) for x in others)
            if mine:
                yield label.removesuffix(end), label

    def _stored_here(self):
        weights, inside = self._reaction.weights, self._reaction.contents() if self._inside else {}
        outside = [float(weights @ values) for values in self._reaction.ions.values()]
        return [*outside, *(float(np.sum(self._mesh.volumes * inside[i])) for i in self._inside)]


def _of_membranes(ion):
    return "membranes" if ion == "K" else f"membranes ({ion})"


class Columns:
    """The named fields of a model in the units of its declaration.

    Args:
        reaction: the membranes.
        names: of states and observables.
        transported: further fields: name -> (unit, function that returns them at owned nodes).
    """

    def __init__(self, reaction, names, transported=None):
        self._reaction, model = reaction, reaction.model
        self._transported = transported or {}
        states = {name: q.unit for name, q in model.State.quantities.items()}
        seen = {name: unit for name, (unit, _) in model.observables.items()}
        moved = {name: unit for name, (unit, _) in self._transported.items()}
        self.units = {name: (moved | seen | states)[name] for name in names}

    def values(self, nodes=slice(None)):
        """Name -> array in its unit, at all owned nodes or at some of them."""
        seen = self._reaction.at(nodes, self.units)
        return {
            name: from_si(
                self._transported[name][1]()[nodes] if name in self._transported else seen(name),
                unit,
            )
            for name, unit in self.units.items()
        }


class SeriesRow:
    """One row of series.csv: probes, extremes, balance.

    Args:
        mesh, columns, balance, spending, neurons, tracker: what is measured; the neurons are None
            for models that do not say when they fire.
        probes: names of points; `sampler`: their values.
        table: SeriesFile on rank 0, None elsewhere.
        every: ticks between rows.
    """

    def __init__(
        self, mesh, columns, balance, spending, neurons, tracker, probes, sampler, table, every
    ):
        self._mesh, self._columns, self._balance, self._spending = mesh, columns, balance, spending
        self._neurons, self._tracker = neurons, tracker
        self._probes, self._sampler = probes, sampler
        self._table, self.every = table, every

    @staticmethod
    def header(columns, balance, spending, neurons, probes):
        """Names and units of the columns."""
        units = {f"{field}@{p}": unit for field, unit in columns.units.items() for p in probes}
        units |= {"max_K_o": "mM", "min_K_o": "mM", "recruited": "1"}
        units |= {"firing": "1"} if neurons else {}
        units |= {"power": "W/m^3"} if spending.known else {}
        units |= dict.fromkeys(balance.names(), balance.unit())
        return ["t", *units], units

    def observe(self, t, simulation):
        """Append the row of time `t` [s]."""
        row = [t]
        if self._probes:
            for values in self._columns.values(self._sampler.nodes).values():
                row.extend(self._sampler(values))
        row.extend(self._extremes(simulation.reaction.variables[0]))
        row.extend(self._firing())
        row.extend([self._spending.so_far["power"]] if self._spending.known else [])
        row.extend(self._balance.amounts().values())
        root_does(self._mesh.comm, self._table.append, row)

    def _firing(self):
        """Share of the tissue that is in a burst; the range of V that is shown begins anew."""
        if self._neurons is None:
            return []
        self._neurons.renew()
        bursting = self._mesh.volumes * self._neurons.activity.is_bursting()
        return [self._mesh.sum(bursting) / self._mesh.sum(self._mesh.volumes)]

    def _extremes(self, potassium):
        low, high = lowest_and_highest(self._mesh.comm, potassium)
        reached = self._mesh.volumes * (self._tracker.highest >= self._tracker.threshold)
        return high, low, self._mesh.sum(reached) / self._mesh.sum(self._mesh.volumes)


class Pause:
    """Lets the loop come to rest at the times at which a run that writes tables would.

    Args:
        every: ticks between these times.
    """

    def __init__(self, every):
        self.every = every

    def observe(self, t, simulation):
        """Do nothing: whoever is due makes the loop pay what it owes."""


class LineProfile:
    """Profiles along a line.

    Args:
        name: of the line.
        sampler: values at the points of the line.
        columns: what is recorded.
        table: LineSeries on rank 0, None elsewhere.
        every: ticks between profiles.
    """

    def __init__(self, name, sampler, columns, table, every):
        self.name, self.sampler = name, sampler
        self._columns, self._table, self.every = columns, table, every

    def observe(self, t, simulation):
        """Append the profiles of time `t` [s]."""
        fields = self._columns.values(self.sampler.nodes)
        profiles = {name: self.sampler(values) for name, values in fields.items()}
        root_does(self.sampler.comm, self._table.append, t, profiles)


class FieldWriter:
    """Fields for ParaView.

    Args:
        mesh, columns: what is written.
        series: SharedFile of a FieldSeries.
        every: ticks between output times.
    """

    def __init__(self, mesh, columns, series, every):
        self._mesh, self._columns, self._series, self.every = mesh, columns, series, every

    def observe(self, t, simulation):
        """Write the fields of time `t` [s]."""
        slices, values = self._mesh.node_slices, self._columns.values()
        self._series.write(t, {name: slices.to_slice(v) for name, v in values.items()})


def lowest_and_highest(comm, values):
    """Lowest and highest of the values of all processes."""
    high, low = Team(comm).highest([values.max(initial=0.0), -values.min(initial=np.inf)]).tolist()
    return -low, high
