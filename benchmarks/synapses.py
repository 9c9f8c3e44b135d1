"""What synapses add to a step of a slow front: core-nanoseconds per node and step, by dimension.

python benchmarks/synapses.py
"""

import tempfile
import time
from pathlib import Path

from ecs_model.native import MPI

from ecs_model import api

TEXT = """
[mesh]
{mesh}
[[tissue.regions]]
name = "start"
box = {{ low = {low}, high = {high} }}
[membrane]
model = "epileptor2"
[[synapses]]
name = "axons"
reach = "0.1 mm"
[[event]]
name = "kick"
region = "start"
parameters = {{ I = "50 mV" }}
profile = {{ kind = "pulse", duration = "1 s" }}
[time]
end = "12 s"
step = "1 ms"
"""
MESHES = {
    1: ('generator = "interval"\nlength = "20 mm"\ncell = "25 um"', '["-1 um"]', '["0.3 mm"]'),
    2: (
        'generator = "rectangle"\nsize = ["4 mm", "2 mm"]\ncell = "25 um"',
        '["-1 um", "-1 um"]',
        '["0.3 mm", "3 mm"]',
    ),
}


def cost(dimension):
    """Core-nanoseconds per node and step in the synapses, iterations a step, and steps."""
    mesh, low, high = MESHES[dimension]
    path = Path(tempfile.mkdtemp()) / "front.toml"
    path.write_text(TEXT.format(mesh=mesh, low=low, high=high))
    simulation = api.simulation(path, MPI.COMM_SELF)
    spent, advance = [0.0], simulation.synapses.advance

    def timed(t):
        begun = time.perf_counter()
        advance(t)
        spent[0] += time.perf_counter() - begun

    simulation.synapses.advance = timed
    simulation.run()
    steps, nodes = simulation.steps, simulation.reaction.nodes
    iterations = simulation.synapses.total_iterations / steps
    return 1e9 * spent[0] / nodes / steps, iterations, steps


if __name__ == "__main__":
    for dimension in MESHES:
        ns, iterations, steps = cost(dimension)
        print(f"{dimension}-D: {ns:.0f} ns a node and step, {iterations:.1f} iterations; {steps}")
