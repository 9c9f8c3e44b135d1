"""Lines of spiking neurons in which a stimulated focus may recruit the rest."""

import json
from pathlib import Path

from ecs_model.native import MPI

import numpy as np

from ecs_model import api
from ecs_model.membrane.mechanisms.synapses import KINDS
from ecs_model.physics.regimes import Firing

TEXT = """\
title = "recruitment"
[mesh]
generator = "interval"
length = "1 mm"
cell = "50 um"
[tissue]
alpha = 0.125
[[tissue.regions]]
name = "focus"
box = {{ low = ["-1 um"], high = ["0.2 mm"] }}
[membrane]
model = "{model}"
options = {{ synapses = "{kind}" }}
parameters = {{ {parameters} }}
initial = {{ {initial} }}
tolerance = {tolerance}
{synapses}
[[event]]
name = "kick"
region = "focus"
parameters = {{ I_stim = "{current} uA/cm^2" }}
profile = {{ kind = "pulse", start = "0.01 s", duration = "{kick} s" }}
[time]
end = "{end} s"
step = "{step} ms"
[output]
every = "{end} s"
series = "{series} s"
precision = "double"
fields = ["V", "onset", "regime", {fields}]
"""
ENTRY = '[[synapses]]\nname = "{name}"\nreach = "{reach} mm"\ndrives = "{drive}"\n'
DRIVES = {"drive": "excitation", "inhibition": "inhibition"}
REST = {  # of the neuron of Barreto & Cressman in a bath of 7 mM
    "K_o": 6.444701,
    "Na_i": 15.47614,
    "V": -59.83852,
    "n": 0.1216163,
    "h": 0.9385829,
}


def text(
    model="barreto_cressman",
    kind="excitation",
    reach=0.2,
    current=3.0,
    kick=1.0,
    end=3.0,
    step=1.0,
    series=0.1,
    tolerance=1e-3,
    initial=None,
    apart=False,
    **parameters,
):
    """The configuration of a line of 1 mm.

    Args:
        model: of the membranes.
        kind: of synapses.
        reach: of all kinds [mm].
        current: that stimulates the focus [uA/cm^2].
        kick: how long [s].
        end: of the run [s].
        step: the shortest [ms].
        series: interval of rows [s].
        tolerance: of the membranes.
        initial: states by name, in their units.
        apart: whether synapses join no nodes.
        parameters: of the membranes, in their units.
    """
    drives = () if apart else KINDS[kind].drives
    entries = (ENTRY.format(name=DRIVES[d], reach=reach, drive=d) for d in drives)
    return TEXT.format(
        model=model,
        kind=kind,
        parameters=_inline(parameters),
        initial=_inline(initial or {}),
        tolerance=tolerance,
        synapses="\n".join(entries),
        current=current,
        kick=kick,
        end=end,
        step=step,
        series=series,
        fields='"sent", "drive"' if drives else "",
    )


def _inline(values):
    return ", ".join(f"{name} = {value!r}" for name, value in values.items())


def ran(folder, settings, name="out", *overrides):
    """Run a configuration: its summary, and its directory."""
    path = Path(folder) / f"{name}.toml"
    path.write_text(settings)
    out = Path(folder) / name
    assert api.run(path, out, MPI.COMM_SELF, overrides, quiet=True, overwrite=True).code == 0
    return json.loads((out / "summary.json").read_text()), out


class Spikes:
    """When every node first fired.

    Attributes:
        first: times [s], nan where it did not.
        count: of spikes.
        steps: of the run.
    """

    every = 0

    def __init__(self, simulation):
        self._trace = simulation.reaction.follow(Firing())
        self.first = np.full(simulation.reaction.nodes, np.nan)
        self.count, self.steps = np.zeros(len(self.first)), 0

    def observe(self, t, simulation):
        """Note what was noted."""
        for node, time, spikes in self._trace.events():
            self.count[int(node)] += spikes
            self.first[int(node)] = np.fmin(self.first[int(node)], time)
        self._trace.clear()
        self.steps += 1


def watched(folder, settings, *overrides):
    """Run a configuration, nothing written: the Simulation and its Spikes, nodes along x."""
    path = Path(folder) / "line.toml"
    path.write_text(settings)
    simulation = api.simulation(path, MPI.COMM_SELF, overrides)
    spikes = Spikes(simulation)
    simulation.observers.append(spikes)
    simulation.run()
    order = np.argsort(simulation.diffusion.operators.mesh.coordinates[: len(spikes.first), 0])
    spikes.first, spikes.count = spikes.first[order], spikes.count[order]
    return simulation, spikes


def speed(spikes, first=6, last=18):
    """Speed [mm/s] from node to node, 50 um apart; 0 if it did not come so far."""
    way = 0.05 * (last - first) / (spikes.first[last] - spikes.first[first])
    return way if np.isfinite(way) else 0.0
