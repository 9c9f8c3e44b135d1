"""What came out of a run: numbers and verdicts for summary.json."""

import numpy as np

from ecs_model.parallel import Team
from ecs_model.physics import detectors
from ecs_model.run.footprint import peak
from ecs_model.run.line_fronts import slowness
from ecs_model.transport.species import species_of


def summarise(parts, outputs, timer):
    """What came out, as numbers and verdicts: the content of summary.json, on all processes."""
    mesh, s = parts.mesh, parts.simulation
    transport = s.diffusion.report()
    seen = {"volumes": mesh.volumes, "outside": parts.outside, **parts.tracker.maps()}
    over = Team(mesh.comm)
    verdicts = _verdicts(parts.detection, s.clock.end, over, _fired(parts), **seen)
    return {
        "title": parts.title,
        "time": s.time,
        **verdicts,
        "fronts": _fronts(parts, outputs.lines),
        "cells_per_front": outputs.resolution.cells(parts.tracker),
        "balance": outputs.balance.report(),
        "species": {name: x.balance() for name, x in species_of(s.diffusion).items()},
        "energy": outputs.spending.report(),
        "bias": known_bias(parts.model, s.reaction.ions, parts.tissue),
        "images": parts.images,
        "assumptions": parts.notes,
        **_about_steps(s, transport),
        "unresolved": parts.unresolved,
        "iterations_per_step": transport.total_iterations / max(1, s.steps),
        "substeps_per_step": _substeps(mesh.comm, s),
        "nodes": mesh.nodes,
        "processes": mesh.comm.size,
        "peak_memory_bytes": mesh.comm.allreduce(peak()),
        "seconds": timer.seconds,
    }


def _about_steps(simulation, transport):
    """How many steps there were, and in how many of them what was not accepted as it came."""
    corrections = transport.corrections
    return {
        "steps": simulation.steps,
        "rejected_steps": simulation.rejected,
        "limited_steps": max(c.steps for c in corrections.values()),
        "corrections": _corrections(corrections),
        **_at_two_rates(simulation.two_rates),
    }


def _at_two_rates(two_rates):
    """How many coarse steps there were, and the mean share of the nodes in fine ones."""
    if two_rates is None:
        return {}
    share = two_rates.shares / max(1, two_rates.steps)
    return {"two_rates": {"coarse_steps": two_rates.steps, "share": share}}


def _corrections(of_ions):
    """What was done to keep ions within their range: name -> steps, amount [mol], change [mM]."""
    return {
        name: {"steps": c.steps, "moved": c.moved, "largest_mM": c.largest}
        for name, c in of_ions.items()
        if c.steps
    }


def _fronts(parts, lines):
    """Line -> what the fronts on it were; collective."""
    if not lines:
        return {}
    nodal = slowness(parts.mesh, parts.tracker.arrival)
    return {line.name: line.report(nodal, parts.simulation.time) for line in lines}


def known_bias(model, ions, tissue):
    """What is known to be wrong with what does not move; empty if nothing.

    Args:
        model: the membrane model.
        ions: names of those that move.
        tissue: the TissueData.
    """
    still = [ion for ion in ("Na", "Cl") if f"{ion}_o" in model.State._fields and ion not in ions]
    joined = tissue.syncytium is not None and tissue.syncytium.cable
    biases = []
    if still:
        biases.append(
            f"{' and '.join(still)} stay where they are, as if a counter-ion moved for free: "
            "fronts of spreading depolarization are about 7 % too fast (docs/tissue.md)"
        )
    if joined and not tissue.electrodiffusion:
        biases.append(
            "currents of the glial syncytium return outside as if it conducted ideally: such "
            "fronts are about 10 % too fast; electrodiffusion follows them (docs/tissue.md)"
        )
    if kept := [name for name in model.solutes if name not in ions]:
        biases.append(
            f"{' and '.join(kept)} stays where cells release it; name it in tissue.ions, too"
        )
    silent = [ion for ion in ions if f"{ion}_o" not in model.State._fields]
    if silent and model.volumes is not None:
        biases.append(f"{' and '.join(silent)} do not count where water follows osmolarity")
    return "; ".join(biases)


def _substeps(comm, simulation):
    blocks = comm.allreduce(len(simulation.reaction.trial))
    return comm.allreduce(simulation.reaction.block_steps) / max(1, blocks * simulation.steps)


def _fired(parts):
    """What neurons did at owned nodes, and how slowly seizures came there; empty if unknown."""
    if parts.neurons is None:
        return {}
    seen = parts.neurons.judged()
    return seen | {"pace": np.linalg.norm(slowness(parts.mesh, seen["onset"]), axis=1)}


def _verdicts(detect, end, over, fired, volumes, outside, arrival, above, highest, last):
    out = outside
    level = over.reached_by(detect.fraction, highest, volumes)
    most = over.highest([highest.max(initial=-np.inf), last.max(initial=-np.inf)])
    return {
        **_of_neurons(detect, over, fired, volumes, outside),
        "load": detectors.verdict(level, detect.load),
        "sd": _sd(detect, over, fired, volumes, level),
        "ignited": detectors.ignition(
            arrival[out], highest[out], volumes[out], detect.spread, detect.front, end, over
        ),
        "recruited": detectors.recruited(highest, volumes, detect.front, over),
        "duration_s": detectors.duration(above, volumes, over),
        "recruited_K_o": detectors.recruited_level(highest, volumes, detect.front, over),
        "max_K_o": float(most[0]),
        "end_K_o": float(most[1]),
    }


def _of_neurons(detect, over, fired, volumes, outside):
    """Words and verdict on the tissue that was not stimulated; empty where firing is not known."""
    if not fired:
        return {}
    seen, volumes = {name: values[outside] for name, values in fired.items()}, volumes[outside]
    shares = detectors.regimes_of(seen["regime"].astype(int), volumes, over)
    return {
        "regime": detectors.gravest(shares, detect.fraction),
        "regimes": shares,
        "seizure": detectors.seizure(seen, volumes, detect.fraction, seen["pace"], over),
    }


def _sd(detect, over, fired, volumes, level):
    """The verdict on SD: where firing is known, membranes have to be blocked, too."""
    said = detectors.verdict(level, detect.firing.sd)
    if fired:
        margin = over.reached_by(detect.fraction, fired["sd"], volumes)
        said |= {"verdict": margin >= 0, "margin": margin}
    return said
