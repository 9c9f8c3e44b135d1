"""Files of checkpoints: the same bytes on any number of processes, and what is wrong is seen."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

from ecs_model.native import MPI

import h5py
import numpy as np
import pytest

from ecs_model import api
from ecs_model.errors import ConfigError
from ecs_model.files.versions import CHECKPOINT, SINCE
from ecs_model.launcher import own_mpiexec
from ecs_model.parallel import CHUNK
from ecs_model.run import checkpoint_file
from ecs_model.run.checkpoint import digest, newest
from tests.helpers import launch, launch_program, sharing_cores
from tests.parallel.runs import same_bytes
from tests.test_fieldfile import small_disk

COUNT = 2 * CHUNK + 99
PROGRAM = """
import sys
from pathlib import Path
from ecs_model.native import MPI
import numpy as np
from ecs_model.run.checkpoint import newest
from tests.parallel.test_checkpoint_file import write

comm, path = MPI.COMM_WORLD, Path(sys.argv[1])
write(comm, path)
newest(comm, path.parent)
for place in (3, -3):  # in the first chunk, in the last
    data = path.read_bytes()
    comm.barrier()
    if comm.rank == 0:
        import h5py
        with h5py.File(path) as file:
            first = file["a"].id.get_offset()
            length = file["a"].id.get_storage_size()
        torn = bytearray(data)
        torn[first + place % length] ^= 1
        path.write_bytes(torn)
    comm.barrier()
    try:
        newest(comm, path.parent)
    except Exception as error:
        print(error)
    comm.barrier()
    if comm.rank == 0:
        path.write_bytes(data)
    comm.barrier()
"""


def write(comm, path):
    """A checkpoint of three arrays, of rows that lie anywhere."""
    from ecs_model.tissue.slices import Slices

    owner = np.random.default_rng(0).integers(0, comm.size, COUNT)
    own = np.flatnonzero(owner == comm.rank)
    slices = Slices(comm, COUNT, own, len(own), CHUNK)
    nothing = Slices(comm, 0, [], 0, CHUNK)
    random = np.random.default_rng(1)
    whole = {
        "a": random.normal(size=COUNT),
        "state/b": random.normal(size=(COUNT, 2)),
        "state/n": random.integers(-9, 9, COUNT),
    }
    arrays = {
        name: checkpoint_file.Stored(slices, lambda v=v: v[own], v.dtype, v.shape[1:])
        for name, v in whole.items()
    }
    arrays["none"] = checkpoint_file.Stored(nothing, lambda: np.empty(0), np.dtype(float))
    manifest = {"format": 4, "version": "0", "tick": 1}
    manifest["digest"] = digest(manifest)
    checkpoint_file.write(comm, path, manifest, arrays)
    return whole


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    path = tmp_path_factory.mktemp("alone") / "ck_0000000001.h5"
    whole = write(MPI.COMM_SELF, path)
    with h5py.File(path) as file:
        for name, values in whole.items():
            np.testing.assert_array_equal(file[name][()], values, strict=True)
        assert len(file["crc32/a"]) == 3 and len(file["none"]) == 0
    assert newest(MPI.COMM_SELF, path.parent)[1]["tick"] == 1
    return path


@pytest.mark.parametrize("n", [2, 3, pytest.param(8, marks=pytest.mark.slow)])
def test_the_bytes_are_the_same_and_a_wrong_one_is_found(n, alone, tmp_path):
    path = tmp_path / alone.name
    done = launch_program(n, [sys.executable, "-c", PROGRAM, str(path)])
    assert done.returncode == 0, done.stderr
    assert path.read_bytes() == alone.read_bytes()
    assert done.stdout.count("is broken (a sum of a is wrong)") == 2 * n, done.stdout


@pytest.mark.parametrize("share", [0.01, 0.3, 0.999])
def test_a_torn_one_is_found(alone, tmp_path, share):
    data = alone.read_bytes()
    (tmp_path / alone.name).write_bytes(data[: int(share * len(data))])
    with pytest.raises(ConfigError, match=f"{alone.name} is broken"):
        newest(MPI.COMM_SELF, tmp_path)


def test_a_full_disk_leaves_nothing_behind(tmp_path):
    with small_disk(tmp_path / "disk", "2m") as folder:
        with pytest.raises(ConfigError, match=r"cannot write .*No space left on device; free"):
            write(MPI.COMM_SELF, folder / "ck_0000000001.h5")
        assert not list(folder.iterdir())


FOR_EVER = """
import itertools, sys
from pathlib import Path
from ecs_model.native import MPI
from tests.parallel.test_checkpoint_file import write

comm, folder = MPI.COMM_WORLD, Path(sys.argv[1])
for tick in itertools.count(1):
    write(comm, folder / f"ck_{tick:010d}.h5")
    if comm.rank == 0:
        for old in sorted(folder.glob("ck_*.h5"))[:-2]:
            old.unlink()
        print(tick, flush=True)
"""


@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_a_kill_while_one_is_written_loses_none(tmp_path, kills):
    """On four processes, at any moment: the newest that was told of is there, and is sound."""
    rng = np.random.default_rng(kills)
    for trial in range(kills):
        folder = tmp_path / str(trial)
        folder.mkdir()
        command = [own_mpiexec(), "-n", "4", sys.executable, "-c", FOR_EVER, str(folder)]
        writer = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, start_new_session=True,
            env=os.environ | sharing_cores(4),
        )  # fmt: skip
        told = [writer.stdout.readline() for _ in range(2)]
        time.sleep(rng.uniform(0.0, 0.5))
        os.killpg(writer.pid, signal.SIGKILL)
        told += writer.communicate()[0].split()
        path, _ = newest(MPI.COMM_SELF, folder)
        assert int(path.stem[3:]) >= int(told[-1])


CONFIG = """\
[mesh]
generator = "rectangle"
size = ["1 mm", "0.2 mm"]
cell = "50 um"
[membrane]
model = "pump_leak"
substeps = 2
[[tissue.regions]]
name = "left"
box = { low = ["0 mm", "0 mm"], high = ["0.2 mm", "1 mm"] }
initial = { K_o = 30.0 }
[[line]]
name = "axis"
start = ["0 mm", "0.1 mm"]
end = ["1 mm", "0.1 mm"]
points = 5
[time]
end = "0.4 s"
step = "50 ms"
adaptive = false
[output]
every = "0.1 s"
series = "0.1 s"
precision = "double"
[checkpoint]
every = "0.2 s"
[solver]
rtol = 1e-12
"""


@pytest.mark.parametrize("n", [3, pytest.param(2, marks=pytest.mark.slow)])
def test_the_mesh_and_the_checkpoint_lie_alike_on_any_number_of_processes(run, tmp_path, n):
    """All of mesh.h5, and where in a checkpoint things are; numbers there differ by round-off."""
    out = tmp_path / "out"
    done = launch(n, "run", run.parent / "run.toml", "-o", out, "--quiet")
    assert done.returncode == 0, done.stderr
    assert (out / "fields/mesh.h5").read_bytes() == (run / "fields/mesh.h5").read_bytes()
    one, other = (sorted(r.glob("checkpoints/ck_*.h5"))[-1] for r in (run, out))
    with h5py.File(one) as a, h5py.File(other) as b:
        assert [*checkpoint_file.arrays_of(a)] == [*checkpoint_file.arrays_of(b)] != []
        for name in a["state"]:
            found, expected = (file["state"][name][()] for file in (b, a))
            np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-12, err_msg=name)


def as_before(path):
    """Make a checkpoint one of format 3: all in chunks that HDF5 sums, no sums beside them."""
    with h5py.File(path) as file:
        manifest = json.loads(file.attrs["manifest"])
        arrays = {name: file[name][()] for name in checkpoint_file.arrays_of(file)}
    with h5py.File(path, "w") as file:
        manifest["format"] = 3
        file.attrs["manifest"] = json.dumps(manifest | {"digest": digest(manifest)})
        for name, values in arrays.items():
            file.create_dataset(name, data=values, fletcher32=True, chunks=True)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("before")
    (folder / "run.toml").write_text(CONFIG)
    assert api.run(folder / "run.toml", folder / "out", quiet=True).code == 0
    return folder / "out"


@pytest.mark.parametrize("n", [1, 2])
def test_a_run_goes_on_from_a_checkpoint_of_the_format_before(run, tmp_path, n):
    copy = shutil.copytree(run, tmp_path / "out")
    old, new = sorted((copy / "checkpoints").glob("ck_*.h5"))
    new.unlink()
    as_before(old)
    left = copy / "checkpoints" / ".ck_0000000099.h5.elsewhere-1.tmp"
    left.write_bytes(b"by a run that was killed")
    done = launch(n, "resume", copy, "--quiet")
    assert done.returncode == 0, done.stderr
    assert not left.exists()
    if n == 1:
        same_bytes(copy, run)
    with h5py.File(sorted((copy / "checkpoints").glob("ck_*.h5"))[-1]) as file:
        assert json.loads(file.attrs["manifest"])["format"] == CHECKPOINT and "crc32" in file
    with h5py.File(old) as file:
        assert "crc32" not in file


BOUND = """\
[mesh]
generator = "interval"
length = "0.5 mm"
cell = "25 um"
[tissue]
ions = ["K", "Na", "Cl"]
transport = "electrodiffusion"
syncytium = { tortuosity = 2.0 }
[[tissue.regions]]
name = "core"
box = { low = ["-1 um"], high = ["0.1 mm"] }
initial = { K_o = "20 mM", Cl_o = "129 mM" }
[membrane]
model = "kager_mori"
[time]
end = "0.4 s"
step = "0.1 s"
adaptive = false
[checkpoint]
every = "0.2 s"
"""


def test_what_a_format_before_did_not_hold_is_zero(tmp_path):
    """A run with potentials goes on from format 4, which has no rates of them."""
    (tmp_path / "run.toml").write_text(BOUND)
    assert api.run(tmp_path / "run.toml", tmp_path / "out", quiet=True).code == 0
    old, new = sorted((tmp_path / "out/checkpoints").glob("ck_*.h5"))
    with h5py.File(new) as file:
        end = file["state/K_o"][()]
    new.unlink()
    with h5py.File(old, "r+") as file:
        gone = [n for n in checkpoint_file.arrays_of(file) if n.rpartition("/")[2] in SINCE]
        for name in gone:
            del file[name]
        manifest = json.loads(file.attrs["manifest"]) | {"format": 4}
        file.attrs["manifest"] = json.dumps(manifest | {"digest": digest(manifest)})
    assert len(gone) == len(SINCE)
    assert api.resume(tmp_path / "out", quiet=True).code == 0
    with h5py.File(new) as file:
        np.testing.assert_allclose(file["state/K_o"][()], end, atol=0.02)
        assert np.abs(file["state/K_o"][()] - end).max() > 0.0
