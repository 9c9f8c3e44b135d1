"""What a run is made of goes with it: one process may make as many as it likes."""

import gc
import weakref

from ecs_model.native import MPI

import numpy as np

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


def test_what_only_set_up_needs_is_gone_and_the_rest_works():
    """DOLFINx's mesh is most of what a mesh takes; volumes of cells are found again."""
    config = resolve.with_intervals(reader.parse_config(TEXT, "run.toml"))
    made = build.build(config, MPI.COMM_SELF)
    whole, domain = made.mesh.spread_cells(np.ones(made.mesh.cells)), weakref.ref(made.mesh.domain)
    made.release()
    assert domain() is None and not made.cells and not hasattr(made.mesh, "cell_tags")
    np.testing.assert_array_equal(made.mesh.spread_cells(np.ones(made.mesh.cells)), whole)
    made.simulation.step()
