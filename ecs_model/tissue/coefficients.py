"""Where the values of a configuration lie: regions and files to fields over cells and nodes."""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecs_model.config.parameters import check_range, read_array, settled
from ecs_model.config.types import ALPHA, DIFFUSIVITY, TORTUOSITY
from ecs_model.errors import ConfigError
from ecs_model.membrane.model import compartments
from ecs_model.meshes.meshdata import field_of
from ecs_model.parallel import kept_on_root
from ecs_model.quantities import parse
from ecs_model.tissue import regions as tissue
from ecs_model.units import to_si

FRACTIONS = {"_i": "phi", "_g": "phi_g"}  # compartment -> parameter: its volume fraction
LEAST = 1e-12  # of a volume fraction, so that shares of it exist


def regions(settings, mesh):
    """Name -> Part of every region that the settings of a tissue describe."""
    return {region.name: _region(region, mesh) for region in settings.regions}


def _region(region, mesh):
    if region.tag is not None:
        return tissue.tagged(mesh, region.name, region.tag)
    kind = next(k for k in ("ball", "box", "cylinder") if getattr(region, k) is not None)
    return getattr(tissue, kind)(mesh, region.name, **dict(getattr(region, kind)))


class _Fields:
    """Arrays in input order (rank 0 reads them) as fields over this process's cells or nodes."""

    def __init__(self, mesh, data, base):
        self.mesh, self._data, self._base = mesh, data, base

    def _read(self, setting, place, check, prepare=None, unit="1"):
        """The array [SI] on rank 0, which `check` may refuse, and what it lies at on all."""

        def found():
            array, at = self._find(setting, place, check, unit)
            return (array if prepare is None else prepare(array)), at

        array, at = kept_on_root(self.mesh.comm, found) or (None, None)
        return array, self.mesh.comm.bcast(at)

    def _find(self, setting, place, check, unit):
        array, at = self._given(setting, place)
        at = self._places(len(array), at, place)
        if check is not None and array.ndim > 1:
            raise ConfigError(f"{place}: the field has {array.shape[1:]} values a place, not one")
        array = _in_si(array, setting.unit, unit, place)
        if check is not None:
            check(array)
        return array, at

    def _given(self, setting, place):
        """The array as it was written, and what it lies at: "nodes", "cells" or None."""
        try:
            if setting.file is not None:
                return read_array(Path(self._base, setting.file), setting.field, setting.at)
            array, at = field_of(self._data, setting.field, setting.at)
        except ConfigError as error:
            subject = "" if setting.file is not None else "the mesh "
            raise ConfigError(f"{place}: {subject}{error}") from None
        return np.asarray(array, float), at

    def _places(self, length, at, place):
        """What so many values lie at, "nodes" or "cells"; ConfigError if that is not known."""
        counts = {"nodes": self.mesh.nodes, "cells": self.mesh.cells}
        found = [where for where in counts if counts[where] == length and at in (None, where)]
        if not found:
            raise ConfigError(
                f"{place}: the field has {length} values{f' at {at}' if at else ''}; the mesh has "
                f"{self.mesh.nodes} nodes and {self.mesh.cells} cells"
            )
        if len(found) > 1:
            raise ConfigError(
                f"{place}: the mesh has as many cells as nodes, {length}; say at which of them the "
                'values lie: at = "nodes" or at = "cells"'
            )
        return found[0]

    def over_cells(self, setting, place, check=None, prepare=None):
        """The field over local cells; what is given at nodes is averaged over corners.

        Args:
            setting: where the field comes from.
            place: what messages call it.
            check: raises ConfigError for numbers that cannot be; None for a field of vectors.
            prepare: what is made of the array, place by place, before it is averaged.
        """
        array, at = self._read(setting, place, check, prepare)
        if at == "cells":
            return self.mesh.from_root_cells(array)
        nodes = self.mesh.from_root(array)
        if nodes.ndim == 1:
            return self.mesh.with_ghosts(nodes)[self.mesh.cell_nodes].mean(axis=1)
        columns = [self.mesh.with_ghosts(np.ascontiguousarray(c)) for c in nodes.T]
        return np.stack([c[self.mesh.cell_nodes].mean(axis=1) for c in columns], axis=1)

    def over_nodes(self, setting, place, check, unit, weights=None):
        """The field [SI] over owned nodes; what is given in cells is averaged by volume.

        Args:
            setting: where the field comes from.
            place: what messages call it.
            check: as in `over_cells`.
            unit: that the model declares.
            weights: over local cells, by which volumes count; None for all alike.
        """
        array, at = self._read(setting, place, check, unit=unit)
        if at == "nodes":
            return self.mesh.from_root(array)
        values = self.mesh.from_root_cells(array)
        if weights is None:
            return self.mesh.node_average(values)
        return self.mesh.spread_cells(weights * values) / self.mesh.spread_cells(weights)


def _in_si(array, written, declared, place):
    """An array in SI; ConfigError where its unit cannot be, or is not told and not obvious."""
    if written is None:
        if to_si(1.0, declared) == 1.0:
            return array
        raise ConfigError(
            f'{place}: say which unit the numbers of the array have: unit = "{declared}"'
        )
    try:
        return array * parse(f"1 {written}", declared)
    except ValueError as error:
        raise ConfigError(f"{place}: unit: {error}") from None


class Cells:
    """alpha, tortuosity and diffusivity over local cells."""

    def __init__(self, settings, mesh, parts, data, base):
        self._settings, self._mesh, self._parts = settings, mesh, parts
        self._fields = _Fields(mesh, data, base)

    def fields(self):
        """Name -> field over local cells; `diffusivity` may hold tensors."""
        alpha = self._scalar("alpha", self._settings.alpha, ALPHA)
        free = self._scalar("D", self._settings.D, DIFFUSIVITY)
        if not any(_is_anisotropic(v) for v in self._tortuosities()):
            tortuosity = self._scalar("tortuosity", self._settings.tortuosity, TORTUOSITY)
            effective = tissue.diffusivity(free, tortuosity)
            return {"alpha": alpha, "tortuosity": tortuosity, "diffusivity": effective}
        parallel, across = self._along("parallel"), self._along("across")
        effective = tissue.diffusivity_tensor(free, parallel, across, self._axes())
        return {"alpha": alpha, "tortuosity": across, "diffusivity": effective}

    def _tortuosities(self):
        return [self._settings.tortuosity, *(r.tortuosity for r in self._settings.regions)]

    def _scalar(self, name, base, limits):
        if hasattr(base, "file"):
            base = self._fields.over_cells(base, f"tissue.{name}", _range(name, limits))
        return tissue.over_cells(self._mesh, base, self._overrides(name))

    def _overrides(self, name):
        regions = self._settings.regions
        values = [(self._parts[r.name], getattr(r, name)) for r in regions]
        return [(part, value) for part, value in values if value is not None]

    def _along(self, way):
        """Tortuosity along or across fibres; an isotropic one is the same both ways."""
        base = self._settings.tortuosity
        if hasattr(base, "file"):
            check = _range("tortuosity", TORTUOSITY)
            base = self._fields.over_cells(base, "tissue.tortuosity", check)
        pick = lambda v: getattr(v, way) if _is_anisotropic(v) else v  # noqa: E731
        overrides = [(part, pick(v)) for part, v in self._overrides("tortuosity")]
        return tissue.over_cells(self._mesh, pick(base), overrides)

    def _axes(self):
        """Axes of fibres over cells as `tissue.axes` gives them, shape (cells, d, d)."""
        d = self._mesh.dimension
        axes = np.zeros((len(self._mesh.cell_tags), d, d))
        axes[:, 0, 0] = 1.0
        if _is_anisotropic(self._settings.tortuosity):
            axes[:] = self._fibres(self._settings.tortuosity)
        for part, value in self._overrides("tortuosity"):
            if _is_anisotropic(value):
                axes[part.cells] = np.broadcast_to(self._fibres(value), axes.shape)[part.cells]
        return axes

    def _fibres(self, setting):
        d = self._mesh.dimension
        if setting.field is not None:
            prepare = functools.partial(_axes_of_vectors, d=d)
            flat = self._fields.over_cells(
                _FieldOnly(setting.field, setting.at), "tissue.tortuosity.field", prepare=prepare
            )
            return flat.reshape(-1, d, d)
        vector = np.asarray(setting.direction[:d], float)
        if len(vector) < d or not np.linalg.norm(vector) > 0 or any(setting.direction[d:]):
            raise ConfigError(
                f"tissue.tortuosity.direction: needs {d} numbers that are not all zero "
                f"(found {setting.direction})"
            )
        return tissue.axes(vector, d)


def _axes_of_vectors(array, d):
    """Axes of the vectors of a field, one row of d * d numbers each."""
    place = "tissue.tortuosity.field"
    if array.ndim != 2 or not d <= array.shape[1] <= 3:
        shape = array.shape[1:] or 1
        raise ConfigError(f"{place}: needs {d} to 3 numbers a place, a direction (found {shape})")
    if not np.isfinite(array).all():
        where = np.flatnonzero(~np.isfinite(array).all(axis=1))[0]
        raise ConfigError(f"{place}: direction number {where} is not finite")
    return tissue.axes(array, d).reshape(len(array), d * d)


def _range(name, limits):
    """A function that refuses an array with values outside two limits."""
    low, high = limits

    def check(array):
        wrong = np.flatnonzero(~((array >= low) & (array <= high)))
        if len(wrong):
            raise ConfigError(
                f"tissue.{name}: must be between {low:g} and {high:g}, but is "
                f"{array[wrong[0]]:g} in {len(wrong)} values of the field, the first is number "
                f"{wrong[0]}"
            )

    return check


@dataclass(frozen=True)
class _FieldOnly:
    field: str
    at: str | None
    file: None = None
    unit: None = None


def _is_anisotropic(value):
    return hasattr(value, "parallel")


class Nodes:
    """Membrane parameters and initial states over owned nodes.

    Args:
        config: the Config.
        model: the membrane model.
        mesh, parts, data, base: as in `Cells`.
        alpha: volume fraction outside over local cells.
    """

    def __init__(self, config, model, mesh, parts, data, base, alpha):
        self.config, self.model, self.mesh, self._parts = config, model, mesh, parts
        self._fields = _Fields(mesh, data, base)
        self._alpha, self._known = alpha, {}

    def parameters(self):
        """Record of numbers and arrays over owned nodes [SI]."""
        return self._record(self.model.Parameters, "parameters")

    def state(self):
        """Record of arrays over owned nodes [SI]: the initial state."""
        record = self._record(self.model.State, "initial")
        columns = [np.array(np.broadcast_to(v, self.mesh.owned), float) for v in record]
        return self.model.State(*columns)

    def _record(self, table, kind):
        return table(*(self._column(table, kind, name) for name in table._fields))

    def _column(self, table, kind, name):
        value, overrides = self.layers(table, kind, name)
        return tissue.over_nodes(self.mesh, value, overrides, self.weights(kind, name))

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
        if ending is not None and ending not in self._known:
            self._known[ending] = self._fraction(ending)
        return self._known.get(ending)

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
        cells = np.maximum(tissue.over_cells(self.mesh, base, overrides), LEAST)
        return cells * (1 - self._alpha) if self._is_scaled(name) else cells

    def _is_scaled(self, name):
        return self.config.tissue.packing == "scaled" and name in self.model.scaled

    def layers(self, table, kind, name):
        """What a value [SI] is: a number or array over owned nodes, and pairs (Part, number)."""
        settings = self._settled(table, kind)
        value = settings[0].get(name, getattr(table(), name))
        if hasattr(value, "file"):
            place = f"membrane.{kind}.{name}"
            quantity = table.quantities[name]
            check = functools.partial(check_range, quantity=quantity, place=place)
            weights = self.weights(kind, name)
            value = self._fields.over_nodes(value, place, check, quantity.unit, weights)
        return value, [(part, here[name]) for part, here in settings[1] if name in here]

    def _settled(self, table, kind):
        """What all of the tissue and its regions say of a kind of values; looked up once."""
        if kind not in self._known:
            self._known[kind] = self._look_up(table, kind)
        return self._known[kind]

    def _look_up(self, table, kind):
        base = settled(getattr(self.config.membrane, kind), table, f"membrane.{kind}")
        return base, [
            (self._parts[r.name], settled(getattr(r, kind), table, f"{r.name}: {kind}"))
            for r in self.config.tissue.regions
        ]
