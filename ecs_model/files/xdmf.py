"""The XDMF text of fields over time: an index that is complete whenever the program is killed.

All fields of a time are in one Grid, nothing is included by reference, and the numbers are in HDF5
files: what every XDMF reader of ParaView and VTK understands.
"""

import errno
import os
import re
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.files import atomic, foreign

_HEAD = (
    b'<?xml version="1.0"?>\n<Xdmf Version="3.0">\n<Domain>\n'
    b'<Grid Name="run" GridType="Collection" CollectionType="Temporal">\n'
)
_TAIL = b"</Grid>\n</Domain>\n</Xdmf>\n"
_GRID = re.compile(rb'<Grid Name="t".*?</Grid>\n', re.DOTALL)
_TIME = re.compile(rb'<Time Value="([^"]+)"')
_ATTRIBUTE = re.compile(rb'<Attribute Name="([^"]+)".*?>([^<>]+)</DataItem>')
_TOPOLOGY = {
    2: 'TopologyType="Polyline" NodesPerElement="2"',
    3: 'TopologyType="Triangle"',
    4: 'TopologyType="Tetrahedron"',
}
_PAGE = 4096


class Index:
    """An XDMF file to which Grids are added; it holds complete XML at every instant."""

    def __init__(self, path, grids=()):
        self.path = Path(path)
        content = _HEAD + b"".join(grids)
        atomic.write_bytes(self.path, content + _TAIL)
        self._file = open(self.path, "r+b", buffering=0)
        self._end = len(content)

    def append(self, grid):
        """Add a Grid; raises ConfigError, with the file as it was, if there is no room for it.

        A kill cannot tear a write inside one memory page; a longer write goes through a copy.
        """
        data = grid + _TAIL
        with atomic.explained(self.path):
            if self._end // _PAGE == (self._end + len(data) - 1) // _PAGE:
                self._overwrite_tail(data)
            else:
                self._replace(data)
        self._end += len(grid)

    def close(self):
        """Close the file; it is complete already."""
        self._file.close()

    def _overwrite_tail(self, data):
        if os.pwrite(self._file.fileno(), data, self._end) < len(data):
            os.pwrite(self._file.fileno(), _TAIL, self._end)
            os.ftruncate(self._file.fileno(), self._end + len(_TAIL))
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _replace(self, data):
        atomic.write_bytes(self.path, os.pread(self._file.fileno(), self._end, 0) + data)
        self._file.close()
        self._file = open(self.path, "r+b", buffering=0)


def read_grids(path):
    """The complete Grids of an index, one `bytes` per output time."""
    try:
        grids = _GRID.findall(Path(path).read_bytes())
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}; give a run directory") from error
    with foreign.damaged(path):
        for one in grids:
            time_of(one), attributes_of(one)
    return grids


def time_of(grid):
    """Time [s] of a Grid."""
    if (found := _TIME.search(grid)) is None:
        raise TypeError("a Grid without a time")
    return float(found[1])


def attributes_of(grid):
    """File and dataset of every field of a Grid, by name of the field."""
    return {name.decode(): where.decode() for name, where in _ATTRIBUTE.findall(grid)}


def grid(t, mesh_and_fields):
    """The Grid of time `t` [s], from the text of its mesh and fields."""
    opening = f'<Grid Name="t" GridType="Uniform"><Time Value="{t!r}"/>\n'
    return (opening + mesh_and_fields + "</Grid>\n").encode()


def mesh(topology, topology_file, geometry, geometry_file):
    """The text of a mesh, from its arrays and the "file:/dataset" that hold them."""
    return (
        f'<Topology {_TOPOLOGY[topology.shape[1]]} NumberOfElements="{topology.shape[0]}">'
        f"{_item(topology, topology_file)}</Topology>\n"
        f'<Geometry GeometryType="XYZ">{_item(geometry, geometry_file)}</Geometry>\n'
    )


def attribute(name, centre, array, file):
    """The text of a field on a "Node" or "Cell" `centre`, held by `file` ("file:/dataset")."""
    kind = "Scalar" if array.ndim == 1 else "Vector"
    return (
        f'<Attribute Name="{name}" AttributeType="{kind}" Center="{centre}">'
        f"{_item(array, file)}</Attribute>\n"
    )


def _item(array, file):
    number = "Int" if np.issubdtype(array.dtype, np.integer) else "Float"
    return (
        f'<DataItem Dimensions="{" ".join(map(str, array.shape))}" NumberType="{number}" '
        f'Precision="{array.dtype.itemsize}" Format="HDF">{file}</DataItem>'
    )
