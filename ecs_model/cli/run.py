"""Commands about one run: run, resume, check, estimate, plot, report, export."""

import os

from ecs_model.cli.common import add, add_points, add_profile, add_set, add_trust, points
from ecs_model.errors import ConfigError
from ecs_model.launcher import hold_signals, rank_and_size


def add_run(commands):
    """Add `ecs-model run`."""
    p = add(commands, "run", _run, "run a configuration (alone or under mpiexec)", parallel=True)
    p.add_argument("config", help="TOML file; see `ecs-model template`")
    p.add_argument("--output", "-o", metavar="DIR", help="run directory (default results/NAME)")
    p.add_argument("--overwrite", action="store_true", help="replace a run that is there")
    p.add_argument("--quiet", action="store_true", help="only warnings and errors")
    add_profile(p)
    add_set(p)


def _run(a):
    hold_signals()
    from ecs_model import api

    output = a.output or os.path.join("results", os.path.splitext(os.path.basename(a.config))[0])
    options = {"overwrite": a.overwrite, "quiet": a.quiet, "profile": a.profile}
    return api.run(a.config, output, overrides=a.overrides, **options)


def add_resume(commands):
    """Add `ecs-model resume`."""
    p = add(commands, "resume", _resume, "continue a run, on any number of processes", True)
    p.add_argument("directory", help="run directory")
    p.add_argument("--quiet", action="store_true", help="only warnings and errors")
    p.add_argument(
        "--force", action="store_true", help="although this version computes in another way"
    )
    add_trust(p)
    add_profile(p)
    add_set(p)


def _resume(a):
    hold_signals()
    from ecs_model import api

    options = {"quiet": a.quiet, "profile": a.profile, "force": a.force, "trust": a.trust}
    return api.resume(a.directory, overrides=a.overrides, **options)


def add_check(commands):
    """Add `ecs-model check`."""
    p = add(commands, "check", _check, "validate a configuration; estimate its cost", True)
    p.add_argument("config", help="TOML file")
    p.add_argument("--check-mesh", action="store_true", help="measure the error of front speeds")
    add_set(p)


def _check(a):
    from ecs_model import api

    for line in api.check(a.config, overrides=a.overrides, check_mesh=a.check_mesh):
        if rank_and_size()[0] == 0:
            print(line)


def add_estimate(commands):
    """Add `ecs-model estimate`."""
    p = add(
        commands, "estimate", _estimate, "what a run will take, here and on more processes", True
    )
    p.add_argument("config", help="TOML file")
    p.add_argument(
        "--processes",
        "-n",
        type=int,
        action="append",
        default=[],
        metavar="N",
        help="project to N processes; may be given several times",
    )
    p.add_argument(
        "--seconds", type=float, default=10.0, metavar="S", help="how long to step (default 10)"
    )
    add_set(p)


def _estimate(a):
    from ecs_model import api

    if any(number < 1 for number in a.processes):
        raise ConfigError(f"--processes: found {min(a.processes)}; 1 or more would be right")
    found = api.estimate(a.config, overrides=a.overrides, seconds=a.seconds)
    if rank_and_size()[0] == 0:
        print(*found.lines(a.processes), sep="\n")


def add_plot(commands):
    """Add `ecs-model plot`."""
    p = add(commands, "plot", _plot, "make pictures and a film of a run")
    p.add_argument("directory", help="directory of a run, a scan or a single-cell job")
    p.add_argument(
        "--format",
        metavar="NAME,NAME",
        help="png, pdf or svg (default png; of a scan png,pdf)",
    )
    p.add_argument(
        "--width",
        type=float,
        metavar="MM",
        help="width of the figures: 85 for one column of a journal, 183 for two (the default)",
    )


def _plot(a):
    from ecs_model import api

    formats = a.format.split(",") if a.format else None
    for path in api.plot(a.directory, formats, a.width):
        print(path)


def add_report(commands):
    """Add `ecs-model report`."""
    p = add(commands, "report", _report, "write one HTML file with all about a run or a scan")
    p.add_argument("directory", help="directory of a run or a scan")
    p.add_argument("--output", "-o", metavar="FILE", help="default: report.html in the directory")
    add_points(p)
    p.add_argument("--quiet", action="store_true", help="only errors")


def _report(a):
    from ecs_model import api

    print(api.report(a.directory, a.output, points(a), a.quiet))


def add_export(commands):
    """Add `ecs-model export`."""
    p = add(commands, "export", _export, "write the fields of a run in another format")
    p.add_argument("directory", help="run directory")
    p.add_argument("--vtkhdf", action="store_true", required=True, help="one VTKHDF 2.0 file")
    p.add_argument("--output", "-o", metavar="FILE", help="default: fields.vtkhdf in the directory")


def _export(a):
    from ecs_model import api

    print(api.export(a.directory, a.output))
