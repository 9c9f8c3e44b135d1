"""From [[boundary]] to currents that ions carry into the tissue."""

from itertools import pairwise

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.run.building import sources
from ecs_model.tissue.sources import Load, exterior_shares
from ecs_model.transport.electrodes import Current
from ecs_model.units import FARADAY

UNITS = {1: "A/m^2", 2: "A/m", 3: "A"}  # of a current, by coordinates
ROUND_OFF = 1e-9  # of the largest current: what may be left where all must cancel


def currents(boundaries, ground, terms, concentrations):
    """The Current of every boundary that has one; its ions are added to the terms.

    Args:
        boundaries: settings of all of them.
        ground: the Ground of the run.
        terms: the Terms of its ions.
        concentrations: Ion -> concentration at owned nodes [mM], as they begin.

    Raises:
        ConfigError: on all processes, for a current that has nowhere to go.
    """
    found = [_current(b, ground, terms, concentrations) for b in boundaries if b.current]
    if found and not any(b.bath is not None for b in boundaries):
        _refuse_rest(found, ground.mesh)
    return found


def _current(settings, ground, terms, concentrations):
    """The Current of a boundary, whose ions are added to the terms."""
    name, mesh = f"boundary {settings.on}", ground.mesh
    profile = sources.profile_of(settings.profile, ground.base, f"boundary '{settings.on}'")
    sources.refuse_beyond(profile, settings.current, "A/m^2", f"{name}: current")
    areas = exterior_shares(mesh, name, sources.tag_of(settings, mesh))
    nodes = np.flatnonzero(areas)
    rates = settings.current / FARADAY * areas[nodes]
    carrying = {
        ion: ion.valence**2 * ion.ratio * values[nodes] for ion, values in concentrations.items()
    }
    for ion, part in carrying.items():
        if ion.valence:
            share = part / sum(carrying.values())
            load = Load(name, nodes, rates * share / ion.valence, profile)
            terms.add_alone(load, f"boundary '{settings.on}'", ion.name)
    return Current(name, float(rates.sum()), profile)


def _refuse_rest(found, mesh):
    """Raise ConfigError where currents do not cancel at all times, and no bath takes the rest."""
    rates = [mesh.comm.allreduce(current.rate) for current in found]
    times = np.concatenate([current.profile.times for current in found])
    times = np.unique(np.maximum([0.0, *times], 0.0))  # nothing happens before a run
    for start, end in pairwise([*times, times[-1] + 3.0]):
        for t in (start + (end - start) / 3, end - (end - start) / 3):  # profiles are straight here
            flows = [rate * x.profile.at(t) for rate, x in zip(rates, found, strict=True)]
            if abs(sum(flows)) > ROUND_OFF * max(map(abs, rates)):
                raise ConfigError(
                    f"{found[0].name}: from t = {start:g} s on a current of "
                    f"{FARADAY * sum(flows):.4g} {UNITS[mesh.axes]} would have nowhere to go; let "
                    "another boundary take as much, or give one a bath"
                )
