"""What a run asks of transport, whatever moves: one ion, several, in a field, through glia.

Whatever has the members of `Transport` is a kind of transport. Its state is all that its next step
depends on, and what it has counted so far; the concentrations are not part of it, as they belong to
the membranes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ecs_model.memory import Share
from ecs_model.physics.values import Array
from ecs_model.tissue.sources import Bath, Exchange, Load
from ecs_model.transport.flux_limiter import Corrections, Range
from ecs_model.transport.matrices import Matrices

type Field = tuple[str, Callable[[], Array]]  # unit for output, function that gives the values [SI]


class Books(Protocol):
    """Sources and boundaries of all ions that move, and what they have given."""

    @property
    def given(self) -> dict[str, float]:
        """Name -> amount [mol] that this process's nodes got so far."""

    @property
    def sources(self) -> list[Load]:
        """Volumetric sources, those at points, and fluxes through surfaces."""

    @property
    def robin(self) -> list[Exchange]:
        """Boundaries through which flux goes with a difference of concentrations."""

    @property
    def dirichlet(self) -> list[Bath]:
        """Boundaries where concentrations are given."""

    def load(self, given: Mapping[str, float]) -> None:
        """Count on from what was `given` by then."""


@dataclass(frozen=True)
class Report:
    """How transport went, for progress and summary.

    Attributes:
        last_step: length of the last step [s]; 0 before the first.
        iterations: of the solves of all ions in it.
        total_iterations: of all solves of all ions so far, in rejected steps, too.
        rounds: of ions and potential in the last step; 0 where there is no potential.
        corrections: name of an ion -> what the limiter did to it so far.
    """

    last_step: float
    iterations: int
    total_iterations: int
    rounds: int
    corrections: dict[str, Corrections]


class Transport(Protocol):
    """What moves ions between nodes."""

    @property
    def operators(self) -> Matrices:
        """Matrices of the extracellular space."""

    @property
    def ledger(self) -> Books:
        """Sources and boundaries of all ions outside."""

    @property
    def fields(self) -> Mapping[str, Field]:
        """Name -> Field of what can be written beside the concentrations."""

    def advance(self, t: float, dt: float, damped: bool = False) -> None:
        """Advance all ions from time `t` [s] by `dt` [s], in place.

        Args:
            t: when the step begins [s].
            dt: its length [s].
            damped: whether something changed abruptly a moment ago.

        Raises:
            SolutionError: on all processes, if a solver fails, or if a concentration is not finite
                or becomes negative.
        """

    def hold(self, t: float) -> None:
        """Set nodes on Dirichlet boundaries to the concentrations there at time `t` [s]."""

    def state(self) -> dict[str, Any]:
        """Name -> value of all that `load` restores; found without talking to other processes.

        Values are as in `memory`: arrays of owned nodes, which the next step changes in place,
        Share of a sum over all processes, or the same number on all.
        """

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state: the next step is the one that would have followed it, bit by bit.

        Args:
            state: what `state` gave, of this transport or of one that was made like it.
        """

    def report(self) -> Report:
        """How it went so far; the same on all processes."""


class Mover(Protocol):
    """The transport of one ion, by itself or as a part of that of several."""

    name: str
    last_step: float
    iterations: int
    total_iterations: int
    range: Range


class StateAndReport:
    """The state and the report of all kinds of transport, from those of single ions.

    Subclasses have a `ledger`, and say which movers and which arrays there are.
    """

    ledger: Any
    rounds = 0

    def movers(self) -> Sequence[Mover]:
        """The transports of single ions that it consists of."""
        raise NotImplementedError

    def arrays(self) -> dict[str, Array]:
        """Name -> array of owned nodes, beside the ions, on which the next step depends."""
        raise NotImplementedError

    def state(self) -> dict[str, Any]:
        """As that of `Transport`."""
        movers = self.movers()
        return {
            **self.arrays(),
            "last_step": movers[0].last_step,
            "given": Share(dict(self.ledger.given)),
            "total_iterations": sum(mover.total_iterations for mover in movers),
            **{_place(m, n): v for m in movers for n, v in m.range.corrections.state().items()},
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """As that of `Transport`."""
        for name, array in self.arrays().items():
            array[:] = state[name]
        movers = self.movers()
        for mover in movers:
            mover.last_step, mover.total_iterations = state["last_step"], 0
            corrections = mover.range.corrections
            corrections.load({name: state[_place(mover, name)] for name in corrections.state()})
        movers[0].total_iterations = state["total_iterations"]
        given = state["given"]
        self.ledger.load(given.value if isinstance(given, Share) else given)

    def report(self) -> Report:
        """As that of `Transport`."""
        movers = self.movers()
        return Report(
            last_step=movers[0].last_step,
            iterations=sum(mover.iterations for mover in movers),
            total_iterations=sum(mover.total_iterations for mover in movers),
            rounds=self.rounds,
            corrections={mover.name: replace(mover.range.corrections) for mover in movers},
        )


def _place(mover, name):
    """Name of a number of the corrections of a mover in the state of them all."""
    return f"corrections/{mover.name}/{name}"
