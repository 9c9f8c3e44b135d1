"""Commands about one run: run, resume, check, estimate, plot, report, export."""

import json
import os
import sys

from ecs_model.cli.common import (
    add,
    add_figures,
    add_points,
    add_profile,
    add_set,
    add_trust,
    figures,
    points,
)
from ecs_model.errors import ConfigError
from ecs_model.launcher import hold_signals, rank_and_size

UNSEEN = 0.1  # share of the tissue in voxels without a value, from which on it is said


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
    return api.run(a.config, output, overrides=a.overrides, verbose=True, **options).code


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
    return api.resume(a.directory, overrides=a.overrides, verbose=True, **options).code


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
    p.add_argument("directory", help="directory of a run, a scan, a single-cell job or a fit")
    add_figures(p)
    p.add_argument(
        "--titled", action="store_true", help="the title of the run or scan above every figure"
    )


def _plot(a):
    from ecs_model import api

    for path in api.plot(a.directory, **figures(a), titled=a.titled):
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
    kinds = p.add_mutually_exclusive_group(required=True)
    kinds.add_argument("--vtkhdf", action="store_true", help="one VTKHDF 2.0 file")
    kinds.add_argument(
        "--nifti", metavar="IMAGE", help="NIfTI images in the voxels of this NIfTI or MGZ image"
    )
    kinds.add_argument("--gifti", action="store_true", help="GIFTI files of a surface in space")
    p.add_argument(
        "--output",
        "-o",
        metavar="PATH",
        help="default: fields.vtkhdf, nifti/ or gifti/ in the directory",
    )
    _add_nifti(p.add_argument_group("of images and surfaces"))


def _add_nifti(group):
    group.add_argument("--fields", metavar="NAME,NAME", help="that change in time, such as K_o")
    group.add_argument(
        "--times", metavar="T,T", help="when they are taken, such as 10s,20s (default: all)"
    )
    group.add_argument(
        "--space",
        choices=("ras", "lps", "tkr"),
        help="coordinates of the mesh (default: ras, the scanner's)",
    )
    group.add_argument(
        "--at-centres", action="store_true", help="values at centres of voxels, not means over them"
    )
    group.add_argument(
        "--earliest", action="store_true", help="arrival and onset: first in a voxel"
    )


def _export(a):
    from ecs_model import api

    options = {"space": a.space, "at_centres": a.at_centres, "earliest": a.earliest}
    if a.nifti is None:
        _refuse_void(options, "--nifti")
    if a.vtkhdf:
        _refuse_void({"fields": a.fields, "times": a.times}, "--nifti or --gifti")
        print(api.export(a.directory, a.output))
        return
    if a.times and not a.fields:
        raise ConfigError("--times: has no effect without --fields")
    fields = a.fields.split(",") if a.fields else ()
    times = None if a.times is None else a.times.split(",")
    if a.gifti:
        paths = api.export_gifti(a.directory, a.output, fields, times)
    else:
        options["space"] = a.space or "ras"
        paths = api.export_nifti(a.directory, a.nifti, a.output, fields, times, **options)
        _tell_unseen(paths[-1])
    print(*paths, sep="\n")


def _tell_unseen(about):
    """Say how much of the tissue is in no voxel with a value, if that is more than a little."""
    unseen = json.loads(about.read_text())["without_value"]
    if (share := unseen["share_of_tissue"]) > UNSEEN:
        print(
            f"note: {100 * share:.0f} % of the tissue lies in {unseen['voxels']} voxels that it "
            "does not fill by half, and which have no value; a finer image would show it",
            file=sys.stderr,
        )


def _refuse_void(options, without):
    for name, value in options.items():
        if value:
            raise ConfigError(f"--{name.replace('_', '-')}: has no effect without {without}")
