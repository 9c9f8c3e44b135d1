"""What a configuration would cost: measured on its own mesh in a few steps, nothing written."""

import time

from ecs_model.parallel import on_root, start
from ecs_model.run import origin, summary_text
from ecs_model.run.cost_model import FEW_NODES
from ecs_model.run.footprint import footprint
from ecs_model.run.mesh_convergence import mesh_error
from ecs_model.run.words import size

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
    begun = on_root(comm, origin.read_new, path, overrides)
    parts = begun.build(comm)
    seconds = _seconds_per_step(comm, parts.simulation)
    lines = list(_lines(parts, seconds, footprint(comm), comm.size))
    if not check_mesh:
        return lines
    return lines + on_root(
        comm, lambda: mesh_error(begun.mesh_sample(), begun.build_strip, parts.model.name)
    )


def _seconds_per_step(comm, simulation):
    simulation.step()  # compiles, factorises
    comm.barrier()
    began, before = time.perf_counter(), simulation.steps
    while simulation.steps < before + TRIAL_STEPS and simulation.tick < simulation.clock.ticks:
        simulation.step()
    taken = max(1, simulation.steps - before)
    return comm.allreduce(time.perf_counter() - began) / comm.size / taken


def _lines(parts, seconds, memory, processes):
    clock, mesh = parts.simulation.clock, parts.mesh
    yield f"mesh: {mesh.nodes} nodes, {mesh.cells} cells; fingerprint {mesh.fingerprint[:12]}"
    yield f"membrane: {parts.model.name}, {len(parts.model.State._fields)} states at every node"
    yield from parts.notes
    adaptive = "at most " if parts.simulation.control.is_adaptive else ""
    yield f"steps: {adaptive}{clock.ticks} of {clock.at(1):.4g} s"
    yield f"time: {adaptive}{seconds * clock.ticks:.3g} s ({seconds:.3g} s a step, measured here)"
    yield f"memory: {memory}"
    yield _output(parts)
    for source in parts.unresolved:
        yield f"note: {summary_text.unresolved(source)}"
    if mesh.nodes / processes < FEW_NODES and processes > 1:
        few = mesh.nodes // processes
        yield f"note: {few} nodes a process are few; fewer processes may be faster"
    yield "this configuration can be run"


def _output(parts):
    """What is written of fields, in words."""
    plan, width = parts.plan, 8 if parts.plan.is_double else 4
    times, fields = round(parts.simulation.clock.ticks / plan.every) + 1, len(plan.fields)
    written = times * fields * width * parts.mesh.nodes
    return f"output: {times} files of {fields} fields, at most {size(written)}"
