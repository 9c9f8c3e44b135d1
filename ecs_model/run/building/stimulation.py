"""Where a run is stimulated, and which of its sources the mesh does not resolve."""

from typing import Any

import numpy as np

from ecs_model.parallel import Team

UNRESOLVED = 1.0  # [mM] across a cell beside a source of K+ that should vary over several
FAINT = 0.01  # share of a source's strongest that does not count as stimulation


def outside_of(config, ground, ledger):
    """Which owned nodes lie outside of all that is stimulated; all of them if none do.

    Args:
        config: the Config.
        ground: the Ground of the run.
        ledger: loads, exchanges and baths of the transport.
    """
    outside = ~_stimulated(config, ground, ledger)
    return outside | (ground.mesh.sum(outside) == 0)


def _stimulated(config, ground, ledger):
    """Which owned nodes a source, a boundary, an event, or a state or parameters of their own hit.

    Of a source that fades with distance, the nodes that get a hundredth of its strongest.
    """
    mesh = ground.mesh
    hit = np.full(mesh.owned, any(event.region is None for event in config.event))
    for name in _regions_of_their_own(config):
        hit |= mesh.node_average(1.0 * ground.parts[name].cells) > 0
    for load in ledger.sources:
        strength = np.abs(load.rates) / mesh.volumes[load.nodes]
        (strongest,) = Team(mesh.comm).highest([strength.max(initial=0.0)])
        hit[load.nodes[strength > FAINT * strongest]] = True
    for term in (*(x for x in ledger.robin if x.is_stimulus), *ledger.dirichlet):
        hit[term.nodes] = True
    return hit


def _regions_of_their_own(config):
    """Names of the regions in which something is not as elsewhere."""
    changing = [vessels for vessels in config.vessels if vessels.before is not None]
    acting = [*config.source, *config.event, *changing]
    names = {r.name for r in config.tissue.regions if r.initial or r.parameters}
    return names | {it.region for it in acting if it.region is not None}


def unresolved(config, operators, ledger):
    """The sources at points and in Gaussians whose K+ changes much from one node to the next.

    Steady, a node that gets more than its neighbours lies above them by what it gets over its
    conductance to them; a short source does not come so far.

    Args:
        config: the Config.
        operators: matrices.
        ledger: loads of the transport.

    Returns:
        list: of each, its name, the change of K+ across a cell [mM], and the size of the cells
        [um].
    """
    names = {f"source {s.name}" for s in config.source if s.region is None}
    if not names:
        return []
    conductance = _conductances(operators)
    found: dict[str, Any] = {}
    for load in (x for x in ledger.sources if x.name in names):
        lasting = load.profile.integral(0.0, config.time.end)
        change, cell = _largest_change(load, lasting, conductance, operators)
        known = found.setdefault(load.name, {"name": load.name, "change_mM": 0.0, "cell_um": cell})
        known["change_mM"] = max(known["change_mM"], change)
    return [source for source in found.values() if source["change_mM"] > UNRESOLVED]


def _conductances(operators):
    """Of every owned node to its neighbours [m^3/s]."""
    diagonal = operators.at_rest.stiffness.getDiagonal()
    conductance = diagonal.array.copy()
    diagonal.destroy()
    return conductance


def _largest_change(load, lasting, conductance, operators):
    """The largest change of K+ from one node of a load to the next [mM], and the cell there [um].

    Args:
        load: the Load.
        lasting: time [s] for which it acts.
        conductance: of owned nodes to their neighbours [m^3/s].
        operators: matrices.
    """
    mesh, nodes = operators.mesh, load.nodes
    size = (mesh.volumes / mesh.node_average(mesh.thickness)) ** (1 / mesh.dimension)
    steady, short = 1 / conductance[nodes], lasting / operators.lumped[nodes]
    changes = np.abs(load.rates) * np.minimum(steady, short)
    top = int(changes.argmax()) if len(changes) else -1
    here = (float(changes[top]), 1e6 * float(size[nodes[top]])) if top >= 0 else (0.0, 0.0)
    return max(mesh.comm.allgather(here))
