"""Membrane models by the name a configuration uses. A new model is one file and one name here.

The file of a model is read when the model is asked for, as its resting state is computed then.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

NAMES = (
    "pump_leak",
    "kager_mori",
    "huebel_dahlem",
    "barreto_cressman",
    "wei_ullah_schiff",
    "epileptor2",
    "nagumo",
    "threshold_release",
    "none",
)


class _Models(Mapping[str, Any]):
    """Name -> MembraneModel."""

    def __getitem__(self, name: str) -> Any:
        """The MembraneModel of a name; KeyError if there is none."""
        if name not in NAMES:
            raise KeyError(name)
        return import_module(f"ecs_model.membrane.models.{name}").model

    def __contains__(self, name: object) -> bool:
        """Whether there is a model of this name; none is read."""
        return name in NAMES

    def __iter__(self) -> Iterator[str]:
        """The names, in the order of tables."""
        return iter(NAMES)

    def __len__(self) -> int:
        """How many there are."""
        return len(NAMES)


MODELS: Mapping[str, Any] = _Models()
