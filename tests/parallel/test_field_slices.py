"""Fields that all processes write together are the files that one process writes, byte for byte."""

import sys

import h5py
import numpy as np
import pytest

from ecs_model.errors import ConfigError
from ecs_model.parallel import CHUNK
from ecs_model.run.field_series import FieldSeries, read_field, write_maps
from tests.helpers import launch_program

NODES, CELLS = 3 * CHUNK + 77, 2 * CHUNK + 5
PROGRAM = """
import sys
from ecs_model.native import MPI
from ecs_model.errors import ConfigError
from ecs_model.parallel import CHUNK, bounds
from ecs_model.run.field_series import FieldSeries, write_maps
from tests.parallel.test_field_slices import arrays

comm = MPI.COMM_WORLD


def mine(values):
    low, high = bounds(len(values), comm.size, CHUNK)[comm.rank :][:2]
    return values[low:high]


mesh, still, fields, maps = arrays(mine)
series = FieldSeries.create(sys.argv[1], *mesh, **still, comm=comm)
series.write(0.0, fields)
series.write(1.0, fields)
series.close()
series = FieldSeries.resume(sys.argv[1], *mesh, **still, until=0.0, count=1, comm=comm)
series.write(2.0, fields)
series.close()
write_maps(sys.argv[1], maps, {"max_K_o": "mM"}, comm)
other = (mesh[0] * (1 + 1e-3 * (comm.rank == comm.size - 1)), *mesh[1:])  # one slice differs
try:
    FieldSeries.resume(sys.argv[1], *other, **still, until=0.0, comm=comm)
except ConfigError as error:
    print(error)
"""


def arrays(sliced):
    """The mesh, what never changes, fields and maps, of slices as `sliced` makes them."""
    random = np.random.default_rng(0)
    points = random.random((NODES, 2))
    cells = random.integers(0, NODES, (CELLS, 3))
    region = random.integers(0, 3, CELLS)
    alpha = random.random(NODES)
    fields = {"K_o": random.random(NODES), "J": random.random((NODES, 3)), "n": np.arange(NODES)}
    maps = {"max_K_o": np.where(random.random(NODES) < 0.1, np.nan, 1.0)}
    still = {"cell_data": {"region": sliced(region)}, "node_data": {"alpha": sliced(alpha)}}
    still["units"] = {"K_o": "mM", "alpha": "1"}
    return (
        (sliced(points), sliced(cells)),
        still,
        {k: sliced(v) for k, v in fields.items()},
        {k: sliced(v) for k, v in maps.items()},
    )


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    mesh, still, fields, maps = arrays(lambda values: values)
    series = FieldSeries.create(folder, *mesh, **still)
    series.write(0.0, fields)
    series.write(2.0, fields)
    series.close()
    write_maps(folder, maps, {"max_K_o": "mM"})
    with h5py.File(folder / "fields" / "t000001.h5") as file:
        assert file["K_o"].chunks == (CHUNK,) and file["J"].chunks == (CHUNK, 3)
        np.testing.assert_array_equal(file["J"][()], fields["J"].astype("f4"))
        np.testing.assert_array_equal(file["n"][()], fields["n"])
    np.testing.assert_array_equal(read_field(folder, "K_o", 0), fields["K_o"].astype("f4"))
    return folder


@pytest.mark.parametrize("n", [2, 3, pytest.param(8, marks=pytest.mark.slow)])
def test_the_bytes_are_the_same(n, alone, tmp_path):
    done = launch_program(n, [sys.executable, "-c", PROGRAM, str(tmp_path)])
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("holds another geometry") == n, done.stdout
    names = sorted(p.relative_to(alone) for p in alone.rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    assert len(names) == 5
    for name in names:
        assert (alone / name).read_bytes() == (tmp_path / name).read_bytes(), name


def test_another_number_of_nodes_is_refused(alone):
    mesh, still, *_ = arrays(lambda values: values)
    shorter = (mesh[0][:-1], mesh[1])
    with pytest.raises(ConfigError, match="another geometry"):
        FieldSeries.resume(alone, *shorter, **still, until=9.0)
