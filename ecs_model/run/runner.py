"""A run from its configuration to its directory: start, continue.

Whatever the command line does with runs is one call here, with the communicator as an argument.
"""

from ecs_model.parallel import on_root, root_does, start
from ecs_model.run import origin, output
from ecs_model.run.checkpoint import newest
from ecs_model.run.progress import Laps, StopRequest, least_said
from ecs_model.run.provenance import provenance
from ecs_model.run.restart import Restart, identity, refuse_foreign
from ecs_model.run.rundir import RunDir
from ecs_model.run.session import Manner, Session


def run(
    config_path,
    directory,
    comm=None,
    overrides=(),
    overwrite=False,
    quiet=False,
    base=None,
    profile=False,
    illustrate=None,
    verbose=True,
):
    """Run a configuration into a new run directory; 0, or 75 after a signal.

    Args:
        config_path: TOML file.
        directory: the run directory to make.
        comm: MPI communicator; all processes by default.
        overrides: texts such as "tissue.alpha=0.1".
        overwrite: delete a run that is there already.
        quiet: say nothing but warnings and errors.
        base: folder to which paths in it are relative; its own by default.
        profile: measure and tell where the time goes, in more detail than usual.
        illustrate: what is made of the run directory on rank 0 once it is whole, such as a script.
        verbose: say all that the log says; else one line at the end.

    Raises:
        ConfigError: for whatever the user can mend before the run.
        SolutionError: if the computation cannot go on.
    """
    laps, comm = Laps(), comm or start()
    with StopRequest() as stop:
        begun = on_root(comm, origin.read_new, config_path, overrides, base)
        root_does(comm, RunDir.check, directory, overwrite)  # early, before long work
        parts = begun.build(comm, laps)
        folder = on_root(comm, RunDir.create, directory, overwrite)
        with origin.claimed(comm, folder):
            facts = provenance(comm, begun.petsc, config_path) | begun.facts
            root_does(comm, begun.write_new, folder, facts)
            outputs = output.attach(parts, folder, _identity(comm, begun, parts), quiet)
            manner = Manner(least_said(quiet, verbose), profile, illustrate)
            with Session(comm, folder, begun, parts, outputs, laps, manner) as session:
                session.begin()
                return session.go(stop)


def resume(
    directory,
    comm=None,
    overrides=(),
    quiet=False,
    profile=False,
    force=False,
    trusted=False,
    illustrate=None,
    verbose=True,
):
    """Continue a run from its newest sound checkpoint; 0, or 75 after a signal.

    A run that is finished already stays what it is, unless it is given a later end.

    Args:
        directory: the run directory.
        comm: MPI communicator of any size; all processes by default.
        overrides: texts such as "time.end=20 s"; see origin.MAY_CHANGE.
        quiet: say nothing but warnings and errors.
        profile: as for `run`.
        force: go on although this version of the program computes in another way.
        trusted: go on although the directory was not made on this account; see `trust`.
        illustrate: as for `run`.
        verbose: as for `run`.

    Raises:
        ConfigError: if there is nothing to continue, it does not fit, or it still goes on.
    """
    laps, comm = Laps(), comm or start()
    with StopRequest() as stop:
        folder = on_root(comm, RunDir.open, directory)
        with origin.claimed(comm, folder):
            begun = on_root(comm, origin.read_begun, folder, overrides, trusted)
            newest(comm, folder.checkpoints)  # early, before long work
            parts = begun.build(comm, laps)
            own = _identity(comm, begun, parts)
            outputs = output.attach(parts, folder, own, quiet)
            restart = _restart(parts, outputs, folder, own, force, longer=bool(overrides))
            manner = Manner(least_said(quiet, verbose), profile, illustrate)
            with Session(comm, folder, begun, parts, outputs, laps, manner) as session:
                session.go_back_to(restart)
                if session.is_over():
                    return 0
                session.go_on(restart)
                return session.go(stop)


def _identity(comm, begun, parts):
    """What a checkpoint must share with the run, on all processes."""
    return on_root(comm, identity, parts, begun.physics, begun.base)


def _restart(parts, outputs, folder, own, force, longer):
    """The newest sound checkpoint of a run that fits."""

    def fits(path, manifest):
        refuse_foreign(path, manifest, own, force, longer)

    return Restart(parts.mesh, outputs.checkpoints, parts.simulation, folder.checkpoints, fits)


def prepare(config_path, comm=None, overrides=()):
    """The Parts of the run that a configuration describes; nothing is written.

    Args:
        config_path: TOML file.
        comm: MPI communicator; all processes by default.
        overrides: texts such as "tissue.alpha=0.1".

    Raises:
        ConfigError: if the configuration cannot be used.
    """
    comm = comm or start()
    return on_root(comm, origin.read_new, config_path, overrides).build(comm)
