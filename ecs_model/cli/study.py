"""Commands about many runs or none: scan, cell, fit, fit-diffusion."""

import functools
import os
from collections.abc import Callable

from ecs_model.cli.common import add, add_figures, add_points, add_set, add_trust, figures, points
from ecs_model.errors import ConfigError
from ecs_model.launcher import rank_and_size

UNDECIDED = 3  # exit code of a fit whose data do not decide all that was looked for
_CODES = f"exit code: {UNDECIDED} if the data do not decide all that was looked for"


def add_cell(commands):
    """Add `ecs-model cell`."""
    p = add(commands, "cell", _cell, "one cell without a mesh: courses, thresholds, regimes")
    p.add_argument("config", help="TOML file; see `ecs-model template --cell`")
    p.add_argument("--output", "-o", metavar="DIR", help="directory (default results/NAME)")
    p.add_argument("--overwrite", action="store_true", help="replace results that are there")
    p.add_argument("--quiet", action="store_true", help="only warnings and errors")
    add_figures(p)
    add_set(p)


def _cell(a):
    from ecs_model import api

    output = a.output or os.path.join("results", os.path.splitext(os.path.basename(a.config))[0])
    paths = api.cell(a.config, output, a.overrides, a.overwrite, a.quiet, **figures(a))
    if not a.quiet:
        print("written: " + ", ".join(str(p) for p in paths))


def add_scan(commands):
    """Add `ecs-model scan`."""
    p = add(commands, "scan", _scan, "many runs: maps, thresholds, sensitivity; goes on by itself")
    p.add_argument(
        "config",
        help="TOML file (see `ecs-model template --scan`), or status, collect, plot or report",
    )
    p.add_argument("directory", nargs="?", help="after status and the like: that of a scan")
    p.add_argument("--output", "-o", metavar="DIR", help="directory (default results/NAME)")
    p.add_argument("--extend", action="store_true", help="other points in the same directory")
    p.add_argument("--retry", action="store_true", help="points that failed once more")
    p.add_argument(
        "--force", action="store_true", help="go on although this version computes in another way"
    )
    add_trust(p)
    add_points(p)
    add_figures(p)
    p.add_argument("--quiet", action="store_true", help="only errors")
    add_set(p)


def _scan(a):
    from ecs_model import api

    if a.config != "plot" and (a.format or a.width or a.theme != "light"):
        raise ConfigError("--format, --width, --theme: are those of `ecs-model scan plot DIR`")
    if a.config in ("status", "collect", "plot", "report"):
        return _about_scan(a)
    if a.directory is not None:
        raise ConfigError(f"scan {a.config} {a.directory}: give the directory with --output")
    output = a.output or os.path.join("results", os.path.splitext(os.path.basename(a.config))[0])
    options = {"force": a.force, "trust": a.trust}
    return api.scan(a.config, output, a.overrides, a.extend, a.retry, a.quiet, **options).code


def _about_scan(a):
    from ecs_model import api

    if a.directory is None:
        raise ConfigError(f"scan {a.config}: needs the directory of a scan")
    if a.config == "collect":
        return api.scan_collect(a.directory, a.quiet).code
    about: dict[str, Callable] = {
        "status": api.scan_status,
        "plot": functools.partial(api.scan_plot, **figures(a)),
        "report": lambda d: [api.scan_report(d, points(a), a.quiet)],
    }
    for line in about[a.config](a.directory):
        print(line)
    return 0


def add_fit(commands):
    """Add `ecs-model fit`."""
    p = add(
        commands, "fit", _fit, "fit settings of a run or a cell to measured courses", parallel=True
    )
    p.epilog = _CODES
    p.add_argument("config", help="TOML file of a run, or of a single-cell job")
    p.add_argument("data", help="CSV with a head such as t [s],K_o@probe [mM]")
    p.add_argument(
        "--vary",
        action="append",
        default=[],
        metavar="KEY=LOW to HIGH",
        help='what is looked for, such as "tissue.alpha=0.05 to 0.5"; may be given several times',
    )
    p.add_argument("--offset", action="store_true", help="add a constant to each column")
    p.add_argument(
        "--intervals",
        default="profile",
        metavar="KIND",
        help="profile (the default), or slopes: without further runs, for nearly linear models",
    )
    p.add_argument("--output", "-o", metavar="DIR", help="directory (default fits/NAME)")
    p.add_argument("--overwrite", action="store_true", help="replace a fit that is there")
    p.add_argument("--quiet", action="store_true", help="only what was found")
    add_figures(p)
    add_set(p)


def _fit(a):
    from ecs_model import api
    from ecs_model.scan import fit, fit_report

    if rank_and_size()[0] and fit.is_of_cell(a.config):
        return 0
    options = {"offset": a.offset, "intervals": a.intervals, "overwrite": a.overwrite}
    options |= {"quiet": a.quiet, **figures(a)}
    found, paths = api.fit(a.config, a.data, a.vary, a.output, a.overrides, **options)
    if found is None:
        return 0
    print(*fit_report.lines(found), sep="\n")
    print("written: " + ", ".join(str(path) for path in paths))
    return UNDECIDED if fit_report.undecided(found) else 0


def add_fit_diffusion(commands):
    """Add `ecs-model fit-diffusion`."""
    p = add(
        commands,
        "fit-diffusion",
        _fit_diffusion,
        "alpha, lambda and uptake of a tissue from a measured point-source curve",
    )
    p.epilog = _CODES
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
    add_figures(p)


def _fit_diffusion(a):
    from ecs_model import api
    from ecs_model.point_source import curve_files

    names = "distance D current transport_number valence rate start duration".split()
    settings = {name: getattr(a, name) for name in names}
    options = {"agar": a.agar, "uptake": not a.no_uptake, "output": a.output, **figures(a)}
    found, paths = api.fit_diffusion(a.curve, settings, **options)
    print(*curve_files.lines(found), sep="\n")
    print("written: " + ", ".join(str(path) for path in paths))
    return 0 if found.decided else UNDECIDED
