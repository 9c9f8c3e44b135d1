"""What came out of a run: numbers and verdicts for summary.json, and the last words of the log."""

import resource

import numpy as np

from ecs_model import detectors
from ecs_model.parallel import on_root

COARSE = 3.0  # fewer cells than this across a front: the mesh is too coarse for its speed


def summarise(parts, outputs, timer):
    """What came out, as numbers and verdicts: the content of summary.json, on all processes."""
    mesh, config, s = parts.mesh, parts.config, parts.simulation
    seen = {"volumes": mesh.volumes, "outside": parts.outside, **parts.tracker.state()}
    seen = {name: mesh.gather(values) for name, values in seen.items()}
    verdicts = on_root(mesh.comm, lambda: _verdicts(config, **seen))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "title": config.title, "time": s.time, **verdicts,
        "fronts": {line.name: line.front(parts.tracker) for line in outputs.lines},
        "cells_per_front": outputs.resolution.cells(parts.tracker),
        "balance": outputs.balance.report(), "energy": outputs.spending.report(),
        "bias": known_bias(parts.model, s.reaction.ions, config.tissue),
        "steps": s.steps, "rejected_steps": s.rejected, "limited_steps": s.diffusion.limited,
        "iterations_per_step": s.diffusion.total_iterations / max(1, s.steps),
        "substeps_per_step": _substeps(mesh.comm, s),
        "nodes": mesh.nodes, "processes": mesh.comm.size,
        "peak_memory_bytes": mesh.comm.allreduce(peak),
        "seconds": timer.seconds,
    }  # fmt: skip


def known_bias(model, ions, tissue):
    """What is known to be wrong with what does not move; empty if nothing."""
    still = [ion for ion in ("Na", "Cl") if f"{ion}_o" in model.State._fields and ion not in ions]
    joined = tissue.syncytium is not None and tissue.syncytium.cable
    biases = []
    if still:
        biases.append(
            f"{' and '.join(still)} stay where they are, as if a counter-ion moved for free: "
            "fronts of spreading depolarization are about 7 % too fast (docs/tissue.md)"
        )
    if joined and tissue.transport == "diffusion":
        biases.append(
            "currents of joined glia return outside as if it conducted ideally: such fronts are "
            "about 10 % too fast; electrodiffusion follows them (docs/tissue.md)"
        )
    return "; ".join(biases)


def _substeps(comm, simulation):
    blocks = comm.allreduce(len(simulation.reaction.trial))
    return comm.allreduce(simulation.reaction.block_steps) / max(1, blocks * simulation.steps)


def _verdicts(config, volumes, outside, arrival, above, highest, last):
    detect, out = config.detect, outside
    level = detectors.reached_by(detect.fraction, highest, volumes)
    return {
        "seizure": detectors.verdict(level, detect.seizure),
        "sd": detectors.verdict(level, detect.sd),
        "ignited": detectors.ignition(
            arrival[out], highest[out], volumes[out], detect.spread, detect.front, config.time.end
        ),
        "recruited": detectors.recruited(highest, volumes, detect.front),
        "duration_s": detectors.duration(above, volumes),
        "max_K_o": float(highest.max()), "end_K_o": float(last.max()),
    }  # fmt: skip


def report_lines(summary, timer):
    """The end of a run in words: verdicts, fronts, balance, timings."""
    yield from _verdict_lines(summary)
    for name, front in summary["fronts"].items():
        if np.isfinite(front["speed_mm_per_min"]):
            yield (
                f"front along {name}: {front['speed_mm_per_min']:.4g} mm/min, "
                f"{front['width_um']:.3g} um wide"
            )
    cells = summary["cells_per_front"]
    if cells < COARSE:
        yield (
            f"WARNING: the mesh is too coarse for the front: {cells:.1f} cells across its steep "
            f"part, {COARSE:g} or more are needed for its speed; make mesh.cell smaller"
        )
    if summary["bias"]:
        yield f"known bias: {summary['bias']}"
    yield from _balance_lines(summary["balance"])
    if summary["energy"]:
        yield _energy_line(summary["energy"])
    yield "where the time went:"
    yield from timer.table()


def _energy_line(energy):
    spent, mean, peak = (
        1e-3 * energy[name] for name in ("J_per_m3", "mean_W_per_m3", "peak_W_per_m3")
    )
    return (
        f"pumps split {energy['ATP_mM']:.4g} mM of ATP per volume of tissue, {spent:.4g} kJ/m^3: "
        f"{mean:.3g} kW/m^3 on average, {peak:.3g} at most"
    )


def _verdict_lines(summary):
    for key, words in (("seizure", "seizure-level K+"), ("sd", "spreading depolarization")):
        v = summary[key]
        yield (
            f"{words}: {'yes' if v['verdict'] else 'no'} (margin {v['margin']:+.3f}: "
            f"{v['reached_mM']:.4g} of {v['threshold_mM']:g} mM)"
        )
    v = summary["ignited"]
    came = f"after {v['time_s']:.4g} s" if v["verdict"] else f"{v['reached_mM']:.4g} mM"
    yield (
        f"front left what was stimulated: {'yes' if v['verdict'] else 'no'} "
        f"(margin {v['margin']:+.3f}: {came})"
    )


def _balance_lines(balance):
    unit = balance["unit"]
    yield f"balance of K+ [{unit}]:"
    yield f"  outside cells      {balance['ecs_start']:.9e} -> {balance['ecs_end']:.9e}"
    if "cells_start" in balance:
        yield f"  inside cells       {balance['cells_start']:.9e} -> {balance['cells_end']:.9e}"
    for name, amount in balance["given"].items():
        yield f"  from {name:<14}{amount:+.9e}"
    yield f"  does not close by  {balance['relative_error']:.1e} of the whole"
    for ion, other in balance.get("ions", {}).items():
        yield f"  nor that of {ion:<7}{other['relative_error']:.1e}"
