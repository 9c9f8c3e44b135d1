"""Lines of `epileptor2` in which discharges travel, and when they arrive."""

import json
from pathlib import Path

from ecs_model.native import MPI

import numpy as np

from ecs_model import api
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.models import epileptor2
from ecs_model.units import from_si, to_si

TEXT = """
title = "discharge"
[mesh]
{mesh}
[tissue]
D = "{D} m^2/s"
[[tissue.regions]]
name = "start"
box = {{ low = {low}, high = {high} }}
[membrane]
model = "epileptor2"
tolerance = 1e-4
parameters = {{ {parameters} }}
initial = {{ {rest} }}
{synapses}
[[event]]
name = "kick"
region = "start"
parameters = {{ I = "50 mV" }}
profile = {{ kind = "pulse", duration = "{kick} s" }}
[time]
end = "{end} s"
step = "{step} ms"
[output]
every = "{end} s"
series = "{end} s"
"""
SYNAPSES = '[[synapses]]\nname = "axons"\nreach = "{reach} mm"\nmass = "{mass}"\n'
MESHES = {
    1: 'generator = "interval"\nlength = "{length} mm"\ncell = "{h} um"',
    2: 'generator = "rectangle"\nsize = ["{length} mm", "{wide} um"]\ncell = "{h} um"',
    3: 'generator = "box"\nsize = ["{length} mm", "{wide} um", "{wide} um"]\ncell = "{h} um"',
}
NOWHERE = "1e-15"  # m^2/s: K+ that does not move


class Arrivals:
    """When the firing rate, or K+, first exceeded a level at every node, and what was highest.

    Attributes:
        times: of arrival [s], nan where it did not.
        ends: when the rate last fell below 5 Hz [s].
        highest: K+ [mM].
    """

    every = 0

    def __init__(self, simulation, level=20.0, by_potassium=False):
        nodes, self._by_potassium = simulation.reaction.nodes, by_potassium
        self.level, self._then, self._before = level, 0.0, np.zeros(nodes)
        self.times, self.ends = np.full(nodes, np.nan), np.full(nodes, np.nan)
        self.highest = np.zeros(nodes)

    def observe(self, t, simulation):
        """Look at the membranes, which lack what is pending."""
        now, rate = t - simulation.pending, rate_of(simulation.reaction)
        if self._by_potassium:
            now, rate = t, np.copy(simulation.reaction.variables.K_o)
        if now > self._then:
            for level, up, marks in ((self.level, 1, self.times), (5.0, -1, self.ends)):
                here = (up * self._before <= up * level) & (up * rate > up * level)
                here &= np.isnan(self.times) if up > 0 else True
                share = (level - self._before[here]) / (rate - self._before)[here]
                marks[here] = self._then + share * (now - self._then)
        np.maximum(self.highest, simulation.reaction.variables.K_o, out=self.highest)
        self._then, self._before = now, rate


def rate_of(reaction):
    """Firing rate [Hz] at all owned nodes."""
    model = reaction.model
    return model.observables["rate"][1](
        reaction.variables, reaction.parameters, reaction.surroundings
    )


def text(
    dimension=1,
    length=3.0,
    h=20,
    end=1.0,
    step=0.1,
    D=NOWHERE,
    reach=0.1,
    mass="lumped",
    start=0.3,
    kick=0.1,
    **parameters,
):
    """The configuration of a line, or of a strip of it that is two elements wide."""
    wide = 2 * h
    low = json.dumps(["-1 um"] * dimension)
    high = json.dumps([f"{start} mm", *["1 mm"] * (dimension - 1)])
    return TEXT.format(
        mesh=MESHES[dimension].format(length=length, h=h, wide=wide),
        D=D,
        low=low,
        high=high,
        synapses=SYNAPSES.format(reach=reach, mass=mass) if reach else "",
        end=end,
        step=step,
        kick=kick,
        parameters=_inline(parameters),
        rest=_inline(rest(**parameters)),
    )


def rest(bath="vessels", alpha=0.2, tortuosity=1.6, **parameters):
    """Name -> value of the states at rest, in the units of the model."""
    p = epileptor2.Parameters(**{n: si(n, v) for n, v in parameters.items()})
    env = Surroundings(alpha=alpha, tortuosity=tortuosity)
    found = epileptor2.at_rest(epileptor2.BATHS[bath], p, env)
    return {n: from_si(v, epileptor2.Contents.quantities[n].unit) for n, v in found.items()}


def si(name, value):
    """A parameter in SI, from the unit of the model."""
    return to_si(value, epileptor2.Parameters.quantities[name].unit)


def _inline(values):
    return ", ".join(f"{name} = {value!r}" for name, value in values.items())


def watched(folder, settings, *overrides, comm=MPI.COMM_SELF, **how):
    """Run a configuration, nothing written; the Simulation and its Arrivals."""
    path = Path(folder) / "discharge.toml"
    path.write_text(settings)
    simulation = api.simulation(path, comm, overrides)
    arrivals = Arrivals(simulation, **how)
    simulation.observers.append(arrivals)
    simulation.run()
    return simulation, arrivals


def speed(simulation, arrivals, first, last):
    """Speed [mm/s] from `first` to `last` [mm] along x, by the times of arrival there."""
    x = 1e3 * simulation.diffusion.operators.mesh.coordinates[: simulation.reaction.nodes, 0]
    order = np.argsort(x)
    at = np.interp([first, last], x[order], arrivals.times[order])
    return (last - first) / (at[1] - at[0])
