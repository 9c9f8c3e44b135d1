"""Meshes as NumPy archives, exactly as they are: for the cache."""

import io
import json

import numpy as np

from ecs_model.errors import ConfigError, plainly
from ecs_model.files import atomic
from ecs_model.meshes.meshdata import ARRAYS, MeshData

_FIELDS = ("node_fields", "cell_fields")


def save_npz(mesh, path):
    """Make `path` hold the mesh, exactly, as a NumPy archive; never half a file."""
    names = {"regions": mesh.regions, "boundaries": mesh.boundaries, "notes": mesh.notes}
    arrays = {name: getattr(mesh, name) for name in ARRAYS}
    for kind in _FIELDS:
        arrays |= {f"{kind}:{name}": values for name, values in getattr(mesh, kind).items()}
    buffer = io.BytesIO()
    np.savez(buffer, names=np.array(json.dumps(names)), **arrays)
    atomic.write_bytes(path, buffer.getbuffer())


def load_npz(path):
    """The mesh that `save_npz` put into `path`; raises ConfigError if it is not such a file."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            stored = dict(archive)
        names = json.loads(str(stored["names"]))
        fields = {kind: _with_prefix(stored, f"{kind}:") for kind in _FIELDS}
        return MeshData(**{name: stored[name] for name in ARRAYS}, **fields, **names)
    except Exception as error:
        raise ConfigError(
            f"{path} holds no mesh written by save_npz ({plainly(error)}); make it anew"
        ) from error


def _with_prefix(stored, prefix):
    return {k.removeprefix(prefix): v for k, v in stored.items() if k.startswith(prefix)}
