"""What a run is made of goes with it: one process may make as many as it likes."""

import gc
import weakref

from ecs_model.native import MPI

from ecs_model.config import reader, resolve
from ecs_model.run import build

TEXT = """
[mesh]
generator = "interval"
length = "0.4 mm"
cell = "40 um"
[membrane]
model = "pump_leak"
[[tissue.regions]]
name = "half"
box = { low = ["0 mm"], high = ["0.2 mm"] }
initial = { K_o = "5 mM" }
[[event]]
name = "pump"
region = "half"
parameters = { J_max = 0.0 }
profile = { kind = "pulse", duration = "0.1 s" }
[time]
end = "0.4 s"
"""


def test_a_tissue_that_nobody_needs_is_freed():
    config = resolve.with_intervals(reader.parse_config(TEXT, "test"))
    parts = build.build(config, MPI.COMM_SELF)
    parts.simulation.run()
    mesh = weakref.ref(parts.mesh)
    del parts
    gc.collect()
    assert mesh() is None
