"""The command line: a page of thin calls. Heavy imports wait until a command needs them."""

import argparse
import contextlib
import io
import os
import sys
import time

from ecs_model import __version__
from ecs_model.errors import ConfigError, EcsModelError
from ecs_model.launcher import limit_threads, rank_and_size

GRACE = 0.2  # s: mpiexec ends all processes once one has failed; rank 0 must have spoken by then


def main(argv=None):
    """Exit code of a command: 0 done, 1 computation failed, 2 cannot be used, 75 to be resumed."""
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
    for add in (
        _add_run, _add_resume, _add_check, _add_cell, _add_scan, _add_plot, _add_export, _add_copy,
        _add_template, _add_schema, _add_models, _add_law, _add_fit, _add_mesh, _add_doctor,
    ):  # fmt: skip
        add(commands)
    return parser


def _add(commands, name, command, summary, parallel=False):
    parser = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    parser.set_defaults(command=command, parallel=parallel)
    return parser


def _add_set(parser):
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides",
        help="change a setting, such as tissue.alpha=0.1; may be given several times",
    )  # fmt: skip


def _add_run(commands):
    p = _add(commands, "run", _run, "run a configuration (alone or under mpiexec)", parallel=True)
    p.add_argument("config", help="TOML file; see `ecs-model template`")
    p.add_argument("--output", "-o", metavar="DIR", help="run directory (default results/NAME)")
    p.add_argument("--overwrite", action="store_true", help="replace a run that is there")
    p.add_argument("--quiet", action="store_true", help="only warnings and errors")
    _add_set(p)


def _run(a):
    from ecs_model import api

    output = a.output or os.path.join("results", os.path.splitext(os.path.basename(a.config))[0])
    return api.run(a.config, output, overrides=a.overrides, overwrite=a.overwrite, quiet=a.quiet)


def _add_resume(commands):
    p = _add(commands, "resume", _resume, "continue a run, on any number of processes", True)
    p.add_argument("directory", help="run directory")
    p.add_argument("--quiet", action="store_true", help="only warnings and errors")


def _resume(a):
    from ecs_model import api

    return api.resume(a.directory, quiet=a.quiet)


def _add_check(commands):
    p = _add(commands, "check", _check, "validate a configuration; estimate its cost", True)
    p.add_argument("config", help="TOML file")
    p.add_argument("--check-mesh", action="store_true", help="measure the error of front speeds")
    _add_set(p)


def _check(a):
    from ecs_model import api

    for line in api.check(a.config, overrides=a.overrides, check_mesh=a.check_mesh):
        if rank_and_size()[0] == 0:
            print(line)


def _add_cell(commands):
    p = _add(commands, "cell", _cell, "one cell without a mesh: courses, thresholds, regimes")
    p.add_argument("config", help="TOML file; see `ecs-model template --cell`")
    p.add_argument("--output", "-o", metavar="DIR", help="directory (default results/NAME)")
    p.add_argument("--overwrite", action="store_true", help="replace results that are there")
    p.add_argument("--quiet", action="store_true", help="only warnings and errors")
    _add_set(p)


def _cell(a):
    from ecs_model import api

    output = a.output or os.path.join("results", os.path.splitext(os.path.basename(a.config))[0])
    paths = api.cell(a.config, output, a.overrides, a.overwrite, a.quiet)
    if not a.quiet:
        print("written: " + ", ".join(str(p) for p in paths))


def _add_scan(commands):
    p = _add(commands, "scan", _scan, "many runs: maps, thresholds, sensitivity; goes on by itself")
    p.add_argument(
        "config", help="TOML file (see `ecs-model template --scan`), or status, plot or report"
    )
    p.add_argument("directory", nargs="?", help="after status, plot or report: that of a scan")
    p.add_argument("--output", "-o", metavar="DIR", help="directory (default results/NAME)")
    p.add_argument("--extend", action="store_true", help="other points in the same directory")
    p.add_argument("--retry", action="store_true", help="points that failed once more")
    p.add_argument(
        "--points", metavar="ID,ID", help="report: points that get a picture, or none; the default "
        "are a few that span the scan, each run once more unless it was kept",
    )  # fmt: skip
    p.add_argument("--quiet", action="store_true", help="only errors")
    _add_set(p)


def _scan(a):
    from ecs_model import api

    if a.config in ("status", "plot", "report"):
        return _about_scan(a)
    if a.directory is not None:
        raise ConfigError(f"scan {a.config} {a.directory}: give the directory with --output")
    output = a.output or os.path.join("results", os.path.splitext(os.path.basename(a.config))[0])
    return api.scan(a.config, output, a.overrides, a.extend, a.retry, a.quiet)


def _about_scan(a):
    from ecs_model import api

    if a.directory is None:
        raise ConfigError(f"scan {a.config}: needs the directory of a scan")
    about = {"status": api.scan_status, "plot": api.plot, "report": lambda d: _report(a, d)}
    for line in about[a.config](a.directory):
        print(line)


def _report(a, directory):
    from ecs_model import api

    names = None if a.points is None else [n for n in a.points.split(",") if n not in ("", "none")]
    return [api.scan_report(directory, names, a.quiet)]


def _add_plot(commands):
    p = _add(commands, "plot", _plot, "make pictures and a film of a run")
    p.add_argument("directory", help="directory of a run, a scan or a single-cell job")


def _plot(a):
    from ecs_model import api

    for path in api.plot(a.directory):
        print(path)


def _add_export(commands):
    p = _add(commands, "export", _export, "write the fields of a run in another format")
    p.add_argument("directory", help="run directory")
    p.add_argument("--vtkhdf", action="store_true", required=True, help="one VTKHDF 2.0 file")
    p.add_argument("--output", "-o", metavar="FILE", help="default: fields.vtkhdf in the directory")


def _export(a):
    from ecs_model import api

    print(api.export(a.directory, a.output))


def _add_copy(commands):
    p = _add(commands, "copy", _copy, "copy a ready run into your folder")
    p.add_argument("name", nargs="?", help="its name; without one, all are listed")
    p.add_argument("--to", default=".", metavar="DIR", help="where to (default: here)")


def _copy(a):
    from ecs_model import api

    if a.name is None:
        for name, title in api.ready_runs().items():
            print(f"{name:<22}{title}")
    else:
        print(api.copy(a.name, a.to))


def _add_template(commands):
    p = _add(commands, "template", _template, "print a configuration with every setting explained")
    kinds = p.add_mutually_exclusive_group()
    for kind, what in (("cell", "a single-cell job"), ("scan", "a scan")):
        kinds.add_argument(
            f"--{kind}", action="store_const", const=kind, dest="kind", help=f"that of {what}"
        )
    p.set_defaults(kind="run")


def _template(a):
    from ecs_model import api

    print(api.template(a.kind), end="")


def _add_schema(commands):
    _add(commands, "schema", _schema, "print the JSON schema of a configuration, for editors")


def _schema(a):
    import json

    from ecs_model import api

    print(json.dumps(api.schema(), indent=1))


def _add_models(commands):
    p = _add(commands, "models", _models, "list membrane models, or explain one")
    p.add_argument("name", nargs="?", help="a model, or a Python file with your own")
    p.add_argument(
        "--option", action="append", default=[], metavar="NAME=CHOICE", dest="options",
        help="choose an option of the model; may be given several times",
    )  # fmt: skip


def _models(a):
    from ecs_model import api

    print(api.models(a.name, a.options))


def _add_law(commands):
    p = _add(commands, "law", _law, "list laws of electrochemistry, or evaluate one")
    p.add_argument("name", nargs="?", help="a law; without one, all are listed")
    p.add_argument(
        "--set", action="append", default=[], metavar="ARGUMENT=VALUE", dest="settings",
        help='such as k_out="8 mM", or k_out=3.5,8,12 for a table; may be given several times',
    )  # fmt: skip


def _law(a):
    from ecs_model import api

    print(api.law(a.name, a.settings))


def _add_fit(commands):
    p = _add(
        commands, "fit-diffusion", _fit,
        "alpha, lambda and uptake of a tissue from a measured point-source curve",
    )  # fmt: skip
    p.add_argument("curve", help="CSV: time [s], concentration [mM]")
    p.add_argument("--distance", required=True, help='of electrode and source, such as "100 um"')
    p.add_argument("--D", required=True, help='free diffusivity, such as "1.31e-9 m^2/s" for TMA+')
    p.add_argument("--current", help='of the source, such as "100 nA"')
    p.add_argument("--transport-number", type=float, default=0.5, help="its share (default 0.5)")
    p.add_argument("--valence", type=int, default=1, help="of the ion (default 1)")
    p.add_argument("--rate", help='instead of a current, such as "0.5 pmol/s"')
    p.add_argument("--start", default="0 s", help="when the source begins (default 0 s)")
    p.add_argument("--duration", help="how long it acts (default: to the end)")
    p.add_argument("--agar", metavar="CSV", help="a curve in agar: it tells rate and D instead")
    p.add_argument("--no-uptake", action="store_true", help="take uptake as zero")
    p.add_argument("--output", "-o", metavar="FILE", help="default: CURVE.fit.json, with a picture")


def _fit(a):
    from ecs_model import api

    names = "distance D current transport_number valence rate start duration".split()
    settings = {name: getattr(a, name) for name in names}
    for line in api.fit_diffusion(a.curve, settings, a.agar, not a.no_uptake, a.output):
        print(line)


def _add_mesh(commands):
    p = _add(commands, "mesh", _mesh, "make a mesh, write it and picture it")
    p.add_argument(
        "name", nargs="?", help="a generator, or a configuration whose [mesh] is meant; "
        "without one, generators are listed",
    )  # fmt: skip
    p.add_argument("settings", nargs="*", metavar="KEY=VALUE", help='such as cell="50 um"')
    p.add_argument("--output", "-o", metavar="FILE", help=".vtu, .xdmf or .msh (default NAME.vtu)")


def _mesh(a):
    from ecs_model import api

    for line in api.list_meshes() if a.name is None else api.mesh(a.name, a.settings, a.output):
        print(line)


def _add_doctor(commands):
    _add(commands, "doctor", _doctor, "check the installation, in less than half a minute")


def _doctor(a):
    from ecs_model import doctor

    return 0 if doctor.examine(sys.stdout) else 1
