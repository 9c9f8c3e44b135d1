"""Functions that compute a run; called on all of its processes."""

from pathlib import Path

from ecs_model.api.outcomes import RunResult


def run(
    config,
    output,
    comm=None,
    overrides=(),
    overwrite=False,
    quiet=False,
    profile=False,
    verbose=False,
) -> RunResult:
    """Run a TOML file into a new run directory; a RunResult, whose `code` is 0 or 75.

    It says how far it is, and one line at the end.

    Args:
        config: path of the configuration.
        output: the run directory to make.
        comm: MPI communicator; all processes by default.
        overrides: texts such as "tissue.alpha=0.1".
        overwrite: replace a run that is there.
        quiet: say nothing but warnings and errors.
        profile: write where the time goes, in detail, to profile.json and run.log.
        verbose: say all that run.log says.

    Raises:
        ConfigError: on all processes, for whatever the user can mend.
        SolutionError: on all processes, if the computation cannot go on.
    """
    runner, options = _runner(comm), {"profile": profile, "illustrate": _illustrate}
    options["verbose"] = verbose
    code = runner.run(config, output, comm, overrides, overwrite, quiet, **options)
    return RunResult(code, Path(output))


def resume(
    directory,
    comm=None,
    overrides=(),
    quiet=False,
    profile=False,
    force=False,
    trust=False,
    verbose=False,
) -> RunResult:
    """Continue a run from its newest sound checkpoint; a RunResult, whose `code` is 0 or 75.

    A run that is finished already stays what it is, unless it is given a later end.

    Args:
        directory: the run directory.
        comm: MPI communicator of any size; all processes by default.
        overrides: texts such as "time.end=20 s": a later end, other intervals of checkpoints.
        quiet: say nothing but warnings and errors.
        profile: as for `run`.
        force: go on although this version of the program computes in another way.
        trust: go on although the directory was not made on this account: its code may be run.
        verbose: as for `run`.

    Raises:
        ConfigError: on all processes, if there is nothing to continue, it does not fit, or it
            still goes on.
        SolutionError: on all processes, if the computation cannot go on.
    """
    runner, options = _runner(comm), {"profile": profile, "illustrate": _illustrate}
    options |= {"force": force, "trusted": trust, "verbose": verbose}
    return RunResult(runner.resume(directory, comm, overrides, quiet, **options), Path(directory))


def _illustrate(directory):
    from ecs_model.postprocess.paraview import write_paraview_script

    write_paraview_script(directory)


def simulation(config, comm=None, overrides=()):
    """The Simulation of a TOML file at its start, to be stepped by hand; nothing is written.

    `.step()` takes a step, `.reaction.variables` holds the states at the nodes of this process.

    Args:
        config: path of the configuration.
        comm: MPI communicator; all processes by default.
        overrides: texts such as "tissue.alpha=0.1".

    Raises:
        ConfigError: on all processes, for whatever the user can mend.
    """
    return _runner(comm).prepare(config, comm, overrides).simulation


def check(config, comm=None, overrides=(), check_mesh=False):
    """Lines that say what a configuration would do and cost; ConfigError if it cannot be used.

    Args:
        config: path of the configuration.
        comm: MPI communicator; all processes by default.
        overrides: texts such as "tissue.alpha=0.1".
        check_mesh: also measure, on a strip, how much the mesh falsifies the speed of a front.
    """
    _runner(comm)
    from ecs_model.run.check import estimate

    return estimate(config, comm, overrides, check_mesh)


def estimate(config, comm=None, overrides=(), seconds=10.0):
    """What a run will take, a `cost_model.Forecast`: some of its steps are taken and thrown away.

    Its `.lines()` say it in words; `.seconds(n)`, `.step_on(n)` and `.memory_on(n)` project it to
    n processes.

    Args:
        config: path of the configuration.
        comm: MPI communicator; all processes by default.
        overrides: texts such as "tissue.alpha=0.1".
        seconds: how long to take steps.

    Raises:
        ConfigError: on all processes, if the configuration cannot be used.
        SolutionError: on all processes, if a step fails.
    """
    _runner(comm)
    from ecs_model.run.cost_trial import rehearse

    return rehearse(config, comm, overrides, seconds)


def tortuosity(name, settings=(), comm=None):
    """The `transport.tortuosity.Tortuosity` of a mesh of the space between cells.

    Its `.lines()` say it in words. The mesh fills a box; it is that of the lattice that the box and
    its mirror images make.

    Args:
        name: of a mesh generator, or path of a configuration whose [mesh] is meant.
        settings: texts such as 'cell="0.5 um"'.
        comm: MPI communicator; all processes by default.

    Raises:
        ConfigError: on all processes, for wrong settings or a mesh without the sides of a box.
        SolutionError: on all processes, if an equation cannot be solved.
    """
    from ecs_model import parallel
    from ecs_model.config import reader

    comm = comm or parallel.start()
    from ecs_model.run.building.mesh import mesh_slice
    from ecs_model.tissue.mesh import Mesh
    from ecs_model.transport import tortuosity

    chosen = parallel.on_root(comm, reader.read_mesh_settings, name, settings)
    base = Path(name).parent if name.endswith(".toml") else "."
    return tortuosity.measured(Mesh(comm, mesh_slice(comm, chosen, base)))


def _runner(comm):
    """The module that needs MPI, with MPI started in the right way."""
    if comm is None:
        from ecs_model import parallel

        parallel.start()
    from ecs_model.run import runner

    return runner
