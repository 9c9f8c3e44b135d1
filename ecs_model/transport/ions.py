"""Several ions in the extracellular space, each by itself."""

import functools
from collections.abc import Mapping

from ecs_model.physics.ions import Ion
from ecs_model.physics.values import Array
from ecs_model.transport.diffusion import Diffusion
from ecs_model.transport.flux_limiter import ranges_left
from ecs_model.transport.increments import Increments
from ecs_model.transport.ledgers import Ledgers
from ecs_model.transport.matrices import Matrices
from ecs_model.transport.neighbours import Neighbours
from ecs_model.transport.protocol import Field, StateAndReport


class Ions(StateAndReport):
    """Ions that diffuse side by side; a `Transport`.

    Args:
        operators: matrices of the tissue, with the diffusivity of K+.
        parts: ion -> Diffusion, K+ first.

    Attributes:
        ledger: those of all ions as one.
        fields: what else can be written: nothing.
    """

    def __init__(self, operators: Matrices, parts: Mapping[Ion, Diffusion]) -> None:
        self.operators, self.parts = operators, dict(parts)
        self._first = next(iter(self.parts.values()))
        self.ledger = Ledgers({ion: part.ledger for ion, part in self.parts.items()})
        self.fields: dict[str, Field] = {}

    def movers(self) -> list[Diffusion]:
        """The transport of every ion."""
        return list(self.parts.values())

    def arrays(self) -> dict[str, Array]:
        """The guesses of the next increments, and what exchange is balanced with."""
        return self._guesses

    @functools.cached_property
    def _guesses(self):
        found = {ion.name: part.arrays() for ion, part in self.parts.items()}
        return {f"{name}_{ion}": v for ion, own in found.items() for name, v in own.items()}

    @functools.cached_property
    def increments(self) -> Increments:
        """What finds the increments of all ions."""
        return Increments(self.rows, self.movers())

    @property
    def rows(self) -> Neighbours:
        """The rows of the matrices."""
        return self._first.range.rows

    def advance(self, t: float, dt: float, damped: bool = False) -> None:
        """Advance all ions by a step, as `Transport` describes it."""
        self.begin(t, dt, damped)
        self.solve_ions(t, dt)
        self.end(t, dt)

    def find(self, t: float, dt: float, damped: bool = False) -> None:
        """Find the increments of a step, which are neither booked nor taken."""
        self.begin(t, dt, damped)
        self.solve_ions(t, dt)
        self.increments.close(t, dt)

    def begin(self, t: float, dt: float, damped: bool = False) -> None:
        """Prepare a step: matrices, Dirichlet boundaries, and guesses of the increments."""
        self.operators.follow()
        stiff = any(part.is_stiff(dt) for part in self.parts.values())
        for part in self.parts.values():
            part.start(t, dt, damped, stiff)

    def solve_ions(self, t: float, dt: float) -> None:
        """Find the increments of all ions."""
        self.increments.prepare(t, dt)
        self.increments.solve(dt)

    def end(self, t: float, dt: float) -> None:
        """Take the step."""
        self.increments.close(t, dt)
        ranges = [part.range for part in self.parts.values()]
        left = ranges_left(ranges, t, dt, [None for _ in ranges])
        for part, is_left in zip(self.parts.values(), left, strict=True):
            part.settle(t, dt, is_left)
            part.range.take()

    def hold(self, t: float) -> None:
        """Set nodes on Dirichlet boundaries to the concentrations there at time `t` [s]."""
        for part in self.parts.values():
            part.hold(t)
