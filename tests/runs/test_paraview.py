"""ParaView opens a run, lists its times, and reads at a probe what series.csv says."""

import json

import numpy as np
import pytest

from ecs_model.run.field_series import read_mesh, read_times
from tests.helpers import run_here, series

RUN = """
title = "for ParaView"
[mesh]
generator = "box"
size = ["0.4 mm", "0.2 mm", "0.2 mm"]
cell = "50 um"
[[tissue.regions]]
name = "core"
ball = { centre = ["0 mm", "0 mm", "0 mm"], radius = "0.12 mm" }
parameters = { J_max = 0 }
[[probe]]
name = "node"
at = ["0.1 mm", "0.05 mm", "0.1 mm"]
[time]
end = "4 s"
[output]
every = "1 s"
"""
SCRIPT = """
import json, sys
from paraview.simple import *
from paraview.servermanager import Fetch
reader = Xdmf3ReaderS(FileName=[sys.argv[1]])
reader.UpdatePipelineInformation()
times, found = list(reader.TimestepValues), []
for t in times:
    reader.UpdatePipeline(t)
    data = Fetch(reader)
    while not data.IsA("vtkDataSet"):
        data = data.GetBlock(0)
    found.append(data.GetPointData().GetArray("K_o").GetValue(int(sys.argv[2])))
print("RESULT" + json.dumps([times, found]))
"""


def test_paraview_reads_what_the_series_says(in_paraview, tmp_path):
    run = run_here(RUN, tmp_path / "run")
    points, _, _ = read_mesh(run.path)
    node = int(np.argmin(np.linalg.norm(points - [0.1, 0.05, 0.1], axis=1)))
    script = tmp_path / "read.py"
    script.write_text(SCRIPT)
    printed = in_paraview(script, run.index, node)
    text = next(x for x in printed.splitlines() if x.startswith("RESULT"))
    times, found = json.loads(text.removeprefix("RESULT"))
    columns = series(run)
    at_outputs = np.isin(columns["t"], read_times(run.path))
    assert times == pytest.approx(columns["t"][at_outputs])
    assert found == pytest.approx(columns["K_o@node"][at_outputs], rel=1e-7)  # single precision
