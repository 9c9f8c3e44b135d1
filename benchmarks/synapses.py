"""What synapses add to a slow ictal front, which K+ and synapses carry (K_bath 6 mM).

Core-nanoseconds per node and step, in steps of 2 ms and in adaptive ones, which are some twenty
times longer and ask more of each solve; then the same per node and second of biology.

python benchmarks/synapses.py
"""

import tempfile
import time
from pathlib import Path

from ecs_model.native import MPI

from measure import sized

from ecs_model import api

TEXT = """
[mesh]
{mesh}
[[tissue.regions]]
name = "start"
box = {{ low = {low}, high = {high} }}
[membrane]
model = "epileptor2"
start = "rest"
parameters = {{ K_bath = "6 mM" }}
[[synapses]]
name = "axons"
reach = "0.1 mm"
[[event]]
name = "kick"
region = "start"
parameters = {{ I = "50 mV" }}
profile = {{ kind = "pulse", duration = "3 s" }}
[time]
end = "{end} s"
step = "{step} ms"
adaptive = {adaptive}
[output]
every = "{end} s"
series = "{end} s"
"""
MESHES = {
    1: (
        f'generator = "interval"\nlength = "{sized(50, 1)} mm"\ncell = "20 um"',
        '["-1 um"]',
        '["0.3 mm"]',
    ),
    2: (
        f'generator = "rectangle"\nsize = ["{sized(4, 0.4)} mm", "{sized(1, 0.1)} mm"]\n'
        'cell = "20 um"',
        '["-1 um", "-1 um"]',
        '["0.3 mm", "3 mm"]',
    ),
}
STEPS = {"fixed": (sized(6, 0.1), 2, "false"), "adaptive": (sized(30, 1), 1, "true")}
BEGIN = sized(3.5, 0.05)  # s: the kick is over


class Spent:
    """The synapses of a simulation, with the CPU time [s] that they take once the kick is over."""

    def __init__(self, synapses):
        self._synapses, self.seconds, self.solves, self.iterations = synapses, 0.0, 0, 0

    def __getattr__(self, name):
        return getattr(self._synapses, name)

    def advance(self, t):
        """Advance, and note what it took."""
        before, begun = self._synapses.total_iterations, time.process_time()
        self._synapses.advance(t)
        if t > BEGIN:
            self.seconds += time.process_time() - begun
            self.solves += 1
            self.iterations += self._synapses.total_iterations - before


def cost(dimension, steps):
    """CPU time [ns] per node and solve, per node and second, and iterations a solve."""
    mesh, low, high = MESHES[dimension]
    end, step, adaptive = STEPS[steps]
    path = Path(tempfile.mkdtemp()) / "front.toml"
    how = {"mesh": mesh, "low": low, "high": high, "end": end, "step": step, "adaptive": adaptive}
    path.write_text(TEXT.format(**how))
    simulation = api.simulation(path, MPI.COMM_SELF)
    simulation.synapses = spent = Spent(simulation.synapses)
    simulation.run()
    each = 1e9 * spent.seconds / simulation.reaction.nodes
    return each / spent.solves, each / (end - BEGIN), spent.iterations / spent.solves


if __name__ == "__main__":
    for dimension in MESHES:
        for steps in STEPS:
            solve, second, iterations = cost(dimension, steps)
            print(
                f"{dimension}-D, {steps} steps: {solve:.0f} ns a node and step, "
                f"{second / 1000:.1f} us a node and second, {iterations:.1f} iterations"
            )
