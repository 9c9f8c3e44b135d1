"""The ledgers of several ions as one."""

from collections.abc import Mapping

from ecs_model.physics.ions import Ion
from ecs_model.tissue.sources import Bath, Exchange, Load
from ecs_model.transport.mass_balance import Ledger


class Ledgers:
    """The ledgers of several ions; names of other ions than K+ say which.

    Args:
        ledgers: Ion -> its Ledger.
    """

    def __init__(self, ledgers: Mapping[Ion, Ledger]) -> None:
        self._ledgers = {ion.name: ledger for ion, ledger in ledgers.items()}

    def of(self, ion: str) -> Ledger:
        """The ledger of an ion."""
        return self._ledgers[ion]

    @property
    def given(self) -> dict[str, float]:
        """Name -> amount [mol]."""
        return {
            _label(ion, name): amount
            for ion, ledger in self._ledgers.items()
            for name, amount in ledger.given.items()
        }

    def load(self, given: Mapping[str, float]) -> None:
        """Count on from what was `given` by then."""
        for ion, ledger in self._ledgers.items():
            ledger.load({name: given[_label(ion, name)] for name in ledger.given})

    @property
    def sources(self) -> list[Load]:
        """The sources of all ions."""
        return [x for ledger in self._ledgers.values() for x in ledger.sources]

    @property
    def robin(self) -> list[Exchange]:
        """The Robin boundaries of all ions."""
        return [x for ledger in self._ledgers.values() for x in ledger.robin]

    @property
    def dirichlet(self) -> list[Bath]:
        """The Dirichlet boundaries of all ions."""
        return [x for ledger in self._ledgers.values() for x in ledger.dirichlet]


def _label(ion, name):
    return name if ion == "K" else f"{name} ({ion})"
