"""The command line: thin calls of `api`. Heavy imports wait until a command needs them."""

import argparse
import contextlib
import io
import os
import sys
import time
import warnings

from ecs_model import __version__
from ecs_model.cli import run, study, tools
from ecs_model.errors import EcsModelError
from ecs_model.launcher import from_elsewhere, limit_threads, rank_and_size

GRACE = 0.2  # s: mpiexec ends all processes once one has failed; rank 0 must have spoken by then
COMMANDS = (
    run.add_run, run.add_resume, run.add_check, run.add_estimate, study.add_cell, study.add_scan,
    run.add_plot, run.add_report, run.add_export, tools.add_copy, tools.add_template,
    tools.add_schema, tools.add_models, tools.add_law, study.add_fit, tools.add_mesh,
    tools.add_doctor,
)  # fmt: skip


def main(argv=None):
    """Exit code of a command: 0 done, 1 computation failed, 2 cannot be used, 75 to be resumed."""
    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("ignore")  # those of libraries; what matters is checked and said
        return _main(argv)


def _main(argv):
    rank = 0
    try:
        rank, _ = rank_and_size()
        limit_threads()
        with _silent(rank != 0):
            arguments = _parser().parse_args(argv)
        if rank != 0 and not arguments.parallel:
            return 0
        return arguments.command(arguments) or 0
    except EcsModelError as error:
        if rank == 0:
            print(f"error: {error}", file=sys.stderr, flush=True)
        else:
            time.sleep(GRACE)
        return error.exit_code
    except ImportError as error:
        if not (elsewhere := from_elsewhere()):
            raise
        if rank == 0:
            print(
                f"error: PYTHONPATH leads to packages of another program: {elsewhere} ({error}); "
                "unset PYTHONPATH", file=sys.stderr, flush=True,
            )  # fmt: skip
        return 2
    except BrokenPipeError:  # the reader of a pipe went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


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
        prog="ecs-model", allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Potassium in brain tissue: when does it become a seizure or an SD?",
        epilog="in parallel: mpiexec -n 4 ecs-model run run.toml   (mpiexec of this environment)",
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"ecs-model {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for add in COMMANDS:
        add(commands)
    return parser
