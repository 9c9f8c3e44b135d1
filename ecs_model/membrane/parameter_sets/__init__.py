"""Published parameter sets, one paper a file; a further one is a file and a line here.

Packages that are installed may bring more as entry points of the group `ecs_model.parameter_sets`.
"""

from importlib.metadata import entry_points

from ecs_model.errors import ConfigError, did_you_mean
from ecs_model.membrane.model import MembraneModel
from ecs_model.membrane.parameter_set import ParameterSet
from ecs_model.membrane.parameter_sets import (
    huebel_dahlem_2014,
    measured_sd,
    mori_2015,
    slow_ions,
    strong_nmda,
)

BUILT_IN = (
    mori_2015.SET,
    strong_nmda.SET,
    measured_sd.SET,
    huebel_dahlem_2014.SET,
    slow_ions.BARRETO,
    slow_ions.WEI,
)
GROUP = "ecs_model.parameter_sets"


def sets_of(model: str) -> dict[str, ParameterSet]:
    """Name -> ParameterSet, of all that there are for a model beside its first."""
    installed = [_loaded(entry) for entry in entry_points(group=GROUP)]
    return {s.name: s for s in (*BUILT_IN, *installed) if s.model == model}


def _loaded(entry):
    """The ParameterSet of an installed package; ConfigError, which names it, for anything else."""
    try:
        found = entry.load()
    except Exception as error:  # whatever a package may raise
        raise ConfigError(f"{entry.value}: {type(error).__name__}: {error}") from None
    if not isinstance(found, ParameterSet):
        raise ConfigError(f"{entry.value}: is no ParameterSet, as entry points of {GROUP} must be")
    return found


def find(model: MembraneModel, name: str) -> ParameterSet:
    """The ParameterSet of a name; ConfigError if the model has no such."""
    known = sets_of(model.name)
    if model.parameter_set:
        own = ParameterSet(model.parameter_set, model.name, model.reference)
        known = {model.parameter_set: own, **known}
    if name not in known:
        there = f"There are {', '.join(known)}" if known else f"{model.name} has none"
        hint = did_you_mean(name, known) or "."
        raise ConfigError(f"membrane.parameter_set: no set is called {name!r}{hint} {there}")
    return known[name]
