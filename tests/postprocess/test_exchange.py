"""Other programs read back what was written: VTK, PyVista, ParaView."""

import subprocess
import sys

import numpy as np
import pytest
import pyvista
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkIOHDF import vtkHDFReader

from ecs_model.errors import ConfigError
from ecs_model.postprocess.paraview import write_paraview_script
from ecs_model.postprocess.vtkhdf import export_vtkhdf
from tests.helpers import room_for

COARSE = {1: (41,), 2: (21, 13), 3: (10, 7, 4)}
TIMES = (0.0, 20.0, 100 / 3)

READ_IN_PARAVIEW = """
import sys
from paraview.simple import *
from paraview.servermanager import Fetch
from vtkmodules.util.numpy_support import vtk_to_numpy
for name in ("Xdmf3ReaderS", "Xdmf3ReaderT", "XDMFReader"):
    argument = "FileNames" if name == "XDMFReader" else "FileName"
    reader = globals()[name](**{argument: [sys.argv[1]]})
    reader.UpdatePipelineInformation()
    for t in reader.TimestepValues:
        reader.UpdatePipeline(t)
        grid = Fetch(reader)
        if grid.IsA("vtkMultiBlockDataSet"):
            grid = grid.GetBlock(0)
        values = vtk_to_numpy(grid.GetPointData().GetArray("K_o"))
        region = vtk_to_numpy(grid.GetCellData().GetArray("region"))
        print("READ", name, repr(t), repr(float(values[17])), values.size, int(region[1]))
"""


PRINT_SCENE = """
print("TIMES", names["times"])
for name in ("K_o", "V"):
    table = names["GetColorTransferFunction"](name)
    bar = names["GetScalarBar"](table, names["view"])
    print(name, table.RGBPoints[0], table.RGBPoints[-4], bar.Visibility)
"""


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_vtk_reads_the_export(run_of, dimension):
    run = run_of(dimension, TIMES, counts=COARSE[dimension])
    reader = vtkHDFReader()
    reader.SetFileName(str(export_vtkhdf(run.path)))
    reader.UpdateInformation()
    assert reader.GetNumberOfSteps() == len(TIMES)
    for k, t in enumerate(TIMES):
        reader.SetStep(k)
        reader.Update()
        grid = reader.GetOutput()
        assert reader.GetTimeValue() == t
        for name, law in run.laws.items():
            found = vtk_to_numpy(grid.GetPointData().GetArray(name))
            np.testing.assert_array_equal(found, law(run.points, t).astype("f4"))
        region = vtk_to_numpy(grid.GetCellData().GetArray("region"))
        np.testing.assert_array_equal(region, np.arange(len(run.cells)) % 2)
        found = vtk_to_numpy(grid.GetPoints().GetData())[:, :dimension]
        np.testing.assert_allclose(found, run.points * 1e3, rtol=1e-14)
        corners = vtk_to_numpy(grid.GetCells().GetConnectivityArray())
        np.testing.assert_array_equal(corners.reshape(run.cells.shape), run.cells)


def test_an_export_that_cannot_be_written_leaves_the_old_one(run_of):
    run = run_of(3, TIMES, counts=COARSE[3])
    path = export_vtkhdf(run.path)
    before, there = path.read_bytes(), {*path.parent.iterdir()}
    with room_for(8000), pytest.raises(ConfigError) as caught:
        export_vtkhdf(run.path)
    assert str(caught.value) == f"cannot write {path}: File too large; check the disk"
    assert path.read_bytes() == before
    assert {*path.parent.iterdir()} == there


READ_IN_PYVISTA = """
import sys, pyvista
reader = pyvista.get_reader(sys.argv[1])
for k, t in enumerate(reader.time_values):
    reader.set_active_time_value(t)
    grid = reader.read()
    grid = grid[0] if isinstance(grid, pyvista.MultiBlock) else grid
    print("READ", repr(float(t)), repr(float(grid["K_o"][17])), grid.n_cells)
"""


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_pyvista_reads_the_fields(run_of, dimension):
    """In a process of its own: a wrong file would end it, not raise."""
    run = run_of(dimension, TIMES, counts=COARSE[dimension])
    command = [sys.executable, "-c", READ_IN_PYVISTA, str(run.path / "fields.xdmf")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("READ")]
    expected = [[t, _at_17(run, t), len(run.cells)] for t in TIMES]
    np.testing.assert_array_equal(np.array(rows, float), expected)


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_paraview_reads_the_fields(in_paraview, run_of, tmp_path, dimension):
    run = run_of(dimension, TIMES, counts=COARSE[dimension])
    script = tmp_path / "read.py"
    script.write_text(READ_IN_PARAVIEW)
    printed = in_paraview(script, str(run.path / "fields.xdmf"))
    rows = [line.split()[1:] for line in printed.splitlines() if line.startswith("READ")]
    expected = [
        [reader, repr(t), repr(_at_17(run, t)), str(len(run.points)), "1"]
        for reader in ("Xdmf3ReaderS", "Xdmf3ReaderT", "XDMFReader")
        for t in TIMES
    ]
    assert rows == expected


def test_the_paraview_script_draws_a_run_that_was_moved(in_paraview, run_of, tmp_path):
    run = run_of(3, TIMES, counts=COARSE[3])
    write_paraview_script(run.path)
    moved = run.path.rename(tmp_path / "moved")
    in_paraview(moved / "open_in_paraview.py", "--shot")
    assert pyvista.read(moved / "pictures" / "paraview.png")["PNGImage"].std() > 5


def test_the_paraview_script_sets_limits_and_knows_its_run_without_its_own_name(
    in_paraview, run_of, tmp_path
):
    """As in the window of ParaView, which does not set `__file__`."""
    run = run_of(3, TIMES, counts=COARSE[3])
    script = write_paraview_script(run.path)
    wrapper = tmp_path / "window.py"
    wrapper.write_text(f"names = {{}}\nexec(open({str(script)!r}).read(), names)\n{PRINT_SCENE}")
    printed = in_paraview(wrapper)
    assert "TIMES [0.0, 20.0, 33.333333333333336]" in printed
    assert "K_o 0.0 60.0 1" in printed
    assert "V -70.0 0.0 0" in printed


def test_the_paraview_script_is_python_and_names_the_fields(run_of):
    run = run_of(2, TIMES, counts=COARSE[2])
    text = write_paraview_script(run.path).read_text()
    compile(text, "open_in_paraview.py", "exec")
    assert "('K_o', '[K+]o [mM]', 'Inferno (matplotlib)', 0.0, 60.0)" in text


def _at_17(run, t):
    return float(run.laws["K_o"](run.points, t).astype("f4")[17])


def test_no_mesh_is_read_whole_for_the_paraview_script(run_of, monkeypatch):
    run = run_of(3)
    written = write_paraview_script(run.path).read_text()
    monkeypatch.setattr("ecs_model.run.field_series.read_mesh", None)
    assert write_paraview_script(run.path).read_text() == written
