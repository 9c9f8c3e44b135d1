"""What a configuration would cost: measured on its own mesh in a few steps, nothing written."""

import resource
import time
from pathlib import Path

from ecs_model.parallel import on_root, start
from ecs_model.run import summary_text
from ecs_model.run.cost_model import FEW_NODES, size
from ecs_model.run.mesh_convergence import mesh_error
from ecs_model.run.output import field_names, plan
from ecs_model.run.runner import prepare

TRIAL_STEPS = 3


def estimate(path, comm=None, overrides=(), check_mesh=False):
    """Lines about size, steps, time, memory and output of a run.

    Args:
        path: of the configuration.
        comm: MPI communicator; all processes by default.
        overrides: texts such as "tissue.alpha=0.1".
        check_mesh: also measure how much the mesh falsifies the speed of a front.

    Raises:
        ConfigError: if the configuration cannot be used.
    """
    comm = comm or start()
    parts = prepare(path, comm, overrides)
    plan(parts)
    seconds = _seconds_per_step(comm, parts.simulation)
    peak = comm.allreduce(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
    lines = list(_lines(parts.config, parts, seconds, peak, comm.size))
    if not check_mesh:
        return lines
    base = Path(path).resolve().parent
    return lines + on_root(comm, lambda: mesh_error(parts.config, base))


def _seconds_per_step(comm, simulation):
    simulation.step()  # compiles, factorises
    comm.barrier()
    began, before = time.perf_counter(), simulation.steps
    while simulation.steps < before + TRIAL_STEPS and simulation.tick < simulation.clock.ticks:
        simulation.step()
    taken = max(1, simulation.steps - before)
    return comm.allreduce(time.perf_counter() - began) / comm.size / taken


def _lines(config, parts, seconds, peak, processes):
    clock, mesh = parts.simulation.clock, parts.mesh
    times = round(config.output.every and config.time.end / config.output.every) + 1
    width = 4 if config.output.precision == "single" else 8
    fields = len(field_names(config, parts.model, parts.simulation.diffusion.fields))
    yield f"mesh: {mesh.nodes} nodes, {mesh.cells} cells; fingerprint {mesh.fingerprint[:12]}"
    yield f"membrane: {parts.model.name}, {len(parts.model.State._fields)} states at every node"
    yield from parts.notes
    adaptive = "at most " if config.time.adaptive else ""
    yield f"steps: {adaptive}{clock.ticks} of {clock.at(1):.4g} s"
    yield f"time: {adaptive}{seconds * clock.ticks:.3g} s ({seconds:.3g} s a step, measured here)"
    yield f"memory: {size(peak)} on {processes} process(es), {peak / mesh.nodes:.0f} B a node"
    written = times * fields * width * mesh.nodes
    yield f"output: {times} times of {fields} fields, at most {size(written)}"
    for source in parts.unresolved:
        yield f"note: {summary_text.unresolved(source)}"
    if mesh.nodes / processes < FEW_NODES and processes > 1:
        few = mesh.nodes // processes
        yield f"note: {few} nodes a process are few; fewer processes may be faster"
    yield "this configuration can be run"
