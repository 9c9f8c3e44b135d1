"""Membrane parameters and initial states over nodes: regions hold what they were given."""

import functools
from dataclasses import dataclass

import numpy as np

from ecs_model.membrane.model import compartments
from ecs_model.record import check_range
from ecs_model.tissue import regions
from ecs_model.tissue.input_fields import InputField
from ecs_model.tissue.regions import Layered

FRACTIONS = {"_i": "phi", "_g": "phi_g"}  # compartment -> parameter: its volume fraction
LEAST = 1e-12  # of a volume fraction, so that shares of it exist


@dataclass(frozen=True)
class MembraneValues:
    """What is not at the defaults of a membrane model, everywhere and in regions.

    Attributes:
        parameters: name -> number [SI] or InputField; in regions numbers only.
        initial: likewise, the state at the start.
    """

    parameters: Layered
    initial: Layered


class Nodes:
    """Membrane parameters and initial states over owned nodes.

    Args:
        model: the membrane model.
        values: MembraneValues that replace its defaults.
        packing: what another alpha means: "scaled", "swollen" or "fixed".
        inputs: InputFields of the mesh.
        alpha: volume fraction outside over local cells.
    """

    def __init__(self, model, values, packing, inputs, alpha):
        self.model, self.mesh = model, inputs.mesh
        self._values, self._packing = values, packing
        self._inputs, self._alpha, self._fractions = inputs, alpha, {}

    def parameters(self):
        """Record of numbers and arrays over owned nodes [SI]."""
        return self._record(self.model.Parameters, "parameters")

    def state(self):
        """Record of arrays over owned nodes [SI]: the initial state."""
        record = self._record(self.model.State, "initial")
        columns = [np.array(np.broadcast_to(v, self.mesh.owned), float) for v in record]
        return self.model.State(*columns)

    def regions(self):
        """Name of each region with values of its own -> which of the owned nodes lie in it."""
        kinds = (self._values.parameters, self._values.initial)
        parts = {part.name: part for kind in kinds for part, own in kind.overrides if own}
        return {name: self.mesh.node_average(1.0 * part.cells) > 0 for name, part in parts.items()}

    def _record(self, table, kind):
        return table(*(self._column(table, kind, name) for name in table._fields))

    def _column(self, table, kind, name):
        value, overrides = self.layers(table, kind, name)
        return regions.over_nodes(self.mesh, value, overrides, self.weights(kind, name))

    def weights(self, kind, name):
        """By what, over local cells, a node between regions takes the mean of a value.

        So that a node holds what its cells do: a concentration counts by the volume fraction that
        it is dissolved in, what grows with the share of cells by that share; None: all alike.

        Args:
            kind: "parameters" or "initial".
            name: of the value.
        """
        if kind == "parameters":
            return 1 - self._alpha if self._is_scaled(name) else None
        ending = compartments(self.model.State).get(name)
        if ending is not None and ending not in self._fractions:
            self._fractions[ending] = self._fraction(ending)
        return self._fractions.get(ending)

    def _fraction(self, ending):
        """The volume fraction of a compartment over local cells, in some unit; None for all."""
        name, parameters = FRACTIONS.get(ending), self.model.Parameters
        if ending == "_o":
            return self._alpha
        if name not in parameters._fields:
            return None
        base, overrides = self.layers(parameters, "parameters", name)
        if np.ndim(base):
            base = self.mesh.with_ghosts(base)[self.mesh.cell_nodes].mean(axis=1)
        cells = np.maximum(regions.over_cells(self.mesh, base, overrides), LEAST)
        return cells * (1 - self._alpha) if self._is_scaled(name) else cells

    def _is_scaled(self, name):
        return self._packing == "scaled" and name in self.model.scaled

    def layers(self, table, kind, name):
        """What a value [SI] is: a number or array over owned nodes, and pairs (Part, number).

        Args:
            table: the record type that declares it.
            kind: "parameters" or "initial".
            name: of the value.
        """
        known = getattr(self._values, kind)
        value = known.base.get(name, getattr(table(), name))
        if isinstance(value, InputField):
            place = f"membrane.{kind}.{name}"
            quantity = table.quantities[name]
            check = functools.partial(_check, quantity, place)
            weights = self.weights(kind, name)
            value = self._inputs.over_nodes(value, place, check, quantity.unit, weights)
        return value, [(part, here[name]) for part, here in known.overrides if name in here]


def _check(quantity, place, seen):
    """Raise ConfigError if an array is not finite or out of the range of a Quantity."""
    check_range(seen.extremes(), quantity, place)
