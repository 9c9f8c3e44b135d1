"""Meshes in HDF5 files, exactly as they are, with a checksum of every chunk: for the cache."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from ecs_model.errors import ConfigError, plainly
from ecs_model.files import atomic, foreign, hdf5
from ecs_model.meshes.meshdata import ARRAYS, MeshData

ROWS = 2**16  # of a chunk
_FIELDS = ("node_fields", "cell_fields")


def save(mesh: MeshData, path: Path) -> None:
    """Make `path` hold the mesh, exactly; never half a file."""
    arrays = {name: getattr(mesh, name) for name in ARRAYS}
    about = {"regions": mesh.regions, "boundaries": mesh.boundaries, "notes": mesh.notes}
    for kind in _FIELDS:
        fields = getattr(mesh, kind)
        about[kind] = [*fields]
        arrays |= {f"{kind}/{k}": np.asarray(v) for k, v in enumerate(fields.values())}
    with atomic.replacing(path) as temporary, hdf5.created(temporary) as file:
        file.attrs["about"] = json.dumps(about)
        for name, values in arrays.items():
            chunks = {"chunks": (min(ROWS, len(values)), *values.shape[1:]), "fletcher32": True}
            file.create_dataset(name, data=values, **(chunks if values.size else {}))


class Archive:
    """A mesh in a file that `save` made, open; for a part of its rows.

    Attributes:
        regions, boundaries, notes: as those of the MeshData.
        fields: names of nodal fields and of cell fields, by `node_fields` and `cell_fields`.
    """

    def __init__(self, file: h5py.File):
        about = json.loads(file.attrs["about"])
        self._file, self.fields = file, {kind: about[kind] for kind in _FIELDS}
        self.regions, self.boundaries = about["regions"], about["boundaries"]
        self.notes = about["notes"]

    def count(self, name: str) -> int:
        """Rows of one of the arrays of a MeshData."""
        return len(self._file[name])

    def rows(self, name: str, low: int = 0, high: int | None = None) -> np.ndarray:
        """Some rows of one of the arrays of a MeshData."""
        return self._file[name][low:high]

    def field_rows(self, kind: str, low: int = 0, high: int | None = None) -> dict[str, np.ndarray]:
        """Some rows of all fields of a kind, by name."""
        names = self.fields[kind]
        return {n: self._file[f"{kind}/{k}"][low:high] for k, n in enumerate(names)}


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """A block with the Archive in a file; ConfigError for whatever is wrong with it."""
    try:
        with h5py.File(path, "r") as file:
            yield Archive(file)
    except foreign.UNREADABLE as error:
        raise ConfigError(
            f"{path} holds no sound mesh of the cache ({plainly(error)}); remove it"
        ) from error


def load(path: Path) -> MeshData:
    """The mesh that `save` put into `path`; raises ConfigError if it is not such a file."""
    with opened(path) as archive:
        return MeshData(
            **{name: archive.rows(name) for name in ARRAYS},
            **{kind: archive.field_rows(kind) for kind in _FIELDS},
            regions=archive.regions,
            boundaries=archive.boundaries,
            notes=archive.notes,
        )
