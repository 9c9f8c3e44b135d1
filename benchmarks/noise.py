"""What noise costs beside the membranes: core-nanoseconds per node and bin of 1 ms, by dimension.

python benchmarks/noise.py
"""

import tempfile
import time
from pathlib import Path

from ecs_model.native import MPI

from ecs_model import api

TEXT = """
[mesh]
{mesh}
[membrane]
model = "epileptor2"
[[noise]]
name = "background"
amplitude = {{ I = "25 mV" }}
duration = "0.5 ms"
length = "0.1 mm"
[time]
end = "0.2 s"
step = "10 ms"
adaptive = false
"""
MESHES = {
    1: 'generator = "interval"\nlength = "250 mm"\ncell = "25 um"',
    2: 'generator = "rectangle"\nsize = ["2.5 mm", "2.5 mm"]\ncell = "25 um"',
    3: 'generator = "box"\nsize = ["0.5 mm", "0.5 mm", "0.5 mm"]\ncell = "25 um"',
}


class Watch:
    """How long a method of a part takes in all.

    Args:
        owner: of the method.
        name: of the method, which is timed from now on.
    """

    def __init__(self, owner, name):
        self.seconds, self.calls, self._method = 0.0, 0, getattr(owner, name)
        setattr(owner, name, self)

    def __call__(self, *arguments):
        """Call the method."""
        begun = time.perf_counter()
        result = self._method(*arguments)
        self.seconds += time.perf_counter() - begun
        self.calls += 1
        return result


def cost(dimension):
    """Core-nanoseconds per node and bin in noise and in membranes, and nodes."""
    path = Path(tempfile.mkdtemp()) / "noise.toml"
    path.write_text(TEXT.format(mesh=MESHES[dimension]))
    simulation = api.simulation(path, MPI.COMM_SELF)
    noise, membranes = Watch(simulation.noise, "act"), Watch(simulation.reaction, "advance")
    simulation.run()
    nodes, bins = simulation.reaction.nodes, simulation.time / 1e-3
    return 1e9 * noise.seconds / nodes / bins, 1e9 * membranes.seconds / nodes / bins, nodes


if __name__ == "__main__":
    for dimension in MESHES:
        ours, theirs, nodes = cost(dimension)
        print(f"{dimension}-D, {nodes} nodes: noise {ours:.1f} ns, membranes {theirs:.1f} ns")
