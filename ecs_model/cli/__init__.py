"""The command line: thin calls of `api`. Heavy imports wait until a command needs them."""

import argparse
import contextlib
import gc
import io
import os
import sys
import time
import warnings

from ecs_model import __version__
from ecs_model.cli import run, study, tools
from ecs_model.errors import ConfigError, EcsModelError
from ecs_model.launcher import from_elsewhere, limit_threads, rank_and_size

GRACE = 0.2  # s: mpiexec ends all processes once one has failed; rank 0 must have spoken by then
COLLECT = 20_000  # new objects between two searches for cycles; of 700 a short run is a tenth
COMMANDS = (
    run.add_run,
    run.add_resume,
    run.add_check,
    run.add_estimate,
    study.add_cell,
    study.add_scan,
    run.add_plot,
    run.add_report,
    run.add_export,
    tools.add_copy,
    tools.add_template,
    tools.add_schema,
    tools.add_models,
    tools.add_law,
    study.add_fit,
    study.add_fit_diffusion,
    tools.add_mesh,
    tools.add_tortuosity,
    tools.add_doctor,
)


def program():
    """`main` as a process of its own, whose memory goes with it: nothing is searched at its end."""
    code = main()
    gc.freeze()  # or Python would look for cycles in all there is, a tenth of a short run
    return code


def main(argv=None):
    """Exit code of a command.

    0 done, 1 computation failed, 2 cannot be used, 3 a fit that data do not decide, 75 to be
    resumed.
    """
    _open_streams()
    with warnings.catch_warnings(), _collecting_rarely():
        if not sys.warnoptions:
            warnings.simplefilter("ignore")  # those of libraries; what matters is checked and said
        return _main(argv)


@contextlib.contextmanager
def _collecting_rarely():
    """Look for cycles of objects less often than is usual: there are few, and many objects."""
    usual = gc.get_threshold()
    gc.set_threshold(COLLECT, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _main(argv):
    rank = 0
    try:
        rank, _ = rank_and_size()
        return _command(argv, rank)
    except EcsModelError as error:
        return _ended(rank, error, error.exit_code)
    except ImportError as error:
        if not (elsewhere := from_elsewhere()):
            raise
        what = f"PYTHONPATH leads to packages of another program: {elsewhere} ({error})"
        return _ended(rank, f"{what}; unset PYTHONPATH", 2)
    except BrokenPipeError:  # the reader of a pipe went away, as `head` does
        _discard_output()
        return 0
    except OSError as error:  # a disk, a folder, a limit: nothing that the program could mend
        return _ended_by_system(rank, error)
    except KeyboardInterrupt:
        return 130


def _command(argv, rank):
    """The exit code of the command that the arguments name."""
    limit_threads()
    _check_place(sys.argv[1:] if argv is None else argv)
    with _silent(rank != 0):
        arguments = _parser().parse_args(argv)
    if rank != 0 and not arguments.parallel:
        return 0
    code = arguments.command(arguments) or 0
    sys.stdout.flush()
    return code


def _ended_by_system(rank, error):
    where = error.filename or "standard output"
    if error.filename is None:
        _discard_output()
    return _ended(rank, f"{where}: {error.strerror or error}", 1)


def _ended(rank, reason, code):
    """The exit code, after rank 0 said why."""
    if rank == 0:
        print(f"error: {reason}", file=sys.stderr, flush=True)
    else:
        time.sleep(GRACE)
    return code


def _discard_output():
    """Let what is still to be written vanish, so that nothing complains at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_streams():
    """Give a process that was started without standard streams ones that lead nowhere.

    Files that are opened later would otherwise take their places, and be written over by libraries.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) < 3:
        pass
    os.close(number)
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w", closefd=False))


def _check_place(arguments):
    """Raise ConfigError for arguments that are no text, or a folder that is gone."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            shown = argument.encode(errors="backslashreplace").decode()
            raise ConfigError(
                f"{shown}: is not text in UTF-8; give the file another name"
            ) from None
    try:
        os.getcwd()
    except OSError as error:
        raise ConfigError(f"the folder you are in: {error.strerror}; change to another") from None


@contextlib.contextmanager
def _silent(yes):
    """Say nothing: help and usage errors come once, from one process."""
    nothing = io.StringIO()
    with contextlib.ExitStack() as stack:
        if yes:
            stack.enter_context(contextlib.redirect_stdout(nothing))
            stack.enter_context(contextlib.redirect_stderr(nothing))
        yield


def _parser():
    parser = argparse.ArgumentParser(
        prog="ecs-model",
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Potassium in brain tissue: when does it become a seizure or an SD?",
        epilog="in parallel: mpiexec -n 4 ecs-model run run.toml   (mpiexec of this environment)",
    )
    parser.add_argument("--version", action="version", version=f"ecs-model {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for add in COMMANDS:
        add(commands)
    return parser
