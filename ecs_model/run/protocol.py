"""What the time loop asks of those who look at a run."""

from typing import Protocol


class Observer(Protocol):
    """Something that looks at the simulation.

    Attributes:
        every: ticks between looks; 0 to look after each step, where K+ may lack what
            `Simulation.pending` and `StepControl.rate` tell.
    """

    every: int

    def observe(self, t, simulation):
        """Look at the state at time `t` [s]."""
