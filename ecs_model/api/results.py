"""Functions that open and show what a run, a scan or a single-cell job left."""

import functools
import math
from pathlib import Path

from ecs_model.errors import ConfigError
from ecs_model.files import foreign

FORMATS = ("png", "pdf", "svg")
WIDTHS = (70.0, 400.0)  # mm: words do not fit into less than the column of a journal
THEMES = ("light", "dark")


def _looking(function):
    """A function that shows what is in a directory: what makes no sense there is one sentence."""

    @functools.wraps(function)
    def look(directory, *args, **options):
        foreign.refuse_strange(directory)
        with foreign.damaged(directory, "what was written there was changed, or is not whole"):
            return function(directory, *args, **options)

    return look


@_looking
def open_run(directory):
    """A run directory, opened: a `postprocess.run.Run` with its numbers, tables and fields.

    `.summary` and `.config` are dictionaries, `.series` is a pandas DataFrame, `.fields` an xarray
    Dataset that reads from disk what is used of it, `.pyvista()` a sequence of grids over time.

    Raises:
        ConfigError: if the directory holds no run.
    """
    from ecs_model.postprocess.run import Run

    return Run.open(directory)


@_looking
def open_scan(directory):
    """A scan, opened: a `postprocess.scan_data.Scan`; `.frame` is its table as a DataFrame.

    Raises:
        ConfigError: if the directory holds no scan, or nothing of it is finished.
    """
    from ecs_model.postprocess.scan_data import Scan

    return Scan.open(directory)


@_looking
def plot(directory, formats=None, width=None, theme="light", titled=False):
    """Make all pictures that suit a run, a scan, a single-cell job or a fit; their paths.

    Args:
        directory: of the run, the scan, the job or the fit.
        formats: of FORMATS; PNG if None, of a scan PDF as well.
        width: of the figures [mm]; both columns of a page if None. Views of bodies in space and
            films keep theirs.
        theme: "light", for paper, or "dark", for a dark page; files of it end in `_dark`.
        titled: above every figure of a run or a scan stands its title, or the name of its
            directory if it has none. Single-cell jobs always have theirs.

    Raises:
        ConfigError: if there is nothing to draw, for other formats or themes, no width of a
            page, or a title of a fit.
    """
    draw = _pictures_of(Path(directory))
    if titled and (title := _title_of(Path(directory))):
        draw = functools.partial(draw, title=title)
    return drawn(draw, directory, formats, width, theme)


def drawn(draw, what, formats=None, width=None, theme="light"):
    """Paths of what a function `draw(what, formats=...)` draws; the rest is as for `plot`.

    Raises:
        ConfigError: for other formats or themes, or no width of a page.
    """
    from ecs_model.postprocess import style
    from ecs_model.postprocess.theme import using

    check_figures(formats, width, theme)
    chosen = {} if formats is None else {"formats": tuple(formats)}
    with style.as_wide_as(width), using(theme):
        return draw(what, **chosen)


def _title_of(directory):
    """What stands above the figures of a directory; "" where they have a title of their own."""
    if (directory / "cell.toml").is_file():
        return ""
    if (directory / "fit.csv").is_file():
        raise ConfigError(f"--titled: {directory} is a fit, which has no title")
    is_scan = (directory / "setup.json").is_file()
    return (open_scan if is_scan else open_run)(directory).name


def _pictures_of(directory):
    """The function that draws what is in a directory."""
    if (directory / "cell.toml").is_file():
        from ecs_model.postprocess.cell import pictures

        return pictures
    if (directory / "setup.json").is_file():
        from ecs_model.postprocess import scan_figures

        return scan_figures.pictures
    if (directory / "fit.csv").is_file():
        from ecs_model.postprocess.fit import pictures

        return pictures
    from ecs_model.postprocess import report

    return report


def check_figures(formats=None, width=None, theme="light"):
    """Refuse what is no format, width [mm] or theme of figures by a ConfigError."""
    if wrong := [name for name in formats or () if name not in FORMATS]:
        right = ", ".join(FORMATS)
        raise ConfigError(f"--format: found {wrong[0]!r}; {right} would be right")
    if theme not in THEMES:
        raise ConfigError(f"--theme: found {theme!r}; {' or '.join(THEMES)} would be right")
    low, high = WIDTHS
    if width is not None and not low <= width <= high:
        raise ConfigError(f"--width: found {width:g}; {low:g} to {high:g} mm would be right")


@_looking
def scan_plot(directory, formats=None, width=None, theme="light"):
    """Make the pictures that suit a scan; their paths.

    Args:
        directory: of the scan.
        formats: as for `plot`, as are `width` and `theme`.
        width: of the figures [mm].
        theme: light or dark.

    Raises:
        ConfigError: if there is no scan, or for what `plot` refuses.
    """
    from ecs_model.postprocess import scan_figures

    return drawn(scan_figures.pictures, directory, formats, width, theme)


@_looking
def report(directory, output=None, points=None, quiet=False):
    """Write one HTML file with all about a run or a scan; its path.

    Args:
        directory: of the run or the scan.
        output: the file; report.html in the directory by default.
        points: as for `scan_report`.
        quiet: do not say what is run.

    Raises:
        ConfigError: if there is neither, or nothing of it can be shown.
    """
    from ecs_model.postprocess import run_report
    from ecs_model.run.rundir import RunDir

    if Path(directory, "setup.json").is_file():
        return scan_report(directory, points, quiet, output)
    if points is not None:
        raise ConfigError(f"{directory} holds no scan; --points is for the report of a scan")
    if not RunDir(Path(directory)).is_run:
        raise ConfigError(
            f"{directory} holds neither a run nor a scan; give the output directory of `ecs-model "
            "run` or `ecs-model scan` (single-cell jobs have pictures: `ecs-model plot`)"
        )
    return run_report.write(open_run(directory), output)


@_looking
def scan_report(directory, points=None, quiet=False, output=None):
    """Write one HTML file with all about a scan; its path.

    Args:
        directory: of the scan.
        points: ids, or the beginnings of some, of points that get a picture of their own; a few
            that span the scan by default. Their runs are there, or are run once more.
        quiet: do not say what is run.
        output: the file; report.html in the directory by default.

    Raises:
        ConfigError: if there is no scan, nothing of it is finished, or a point is not.
    """
    from ecs_model.postprocess import scan_report, scan_selection
    from ecs_model.scan import rerun

    scan = open_scan(directory)
    ids = scan_selection.chosen(scan) if points is None else scan_selection.named(scan, points)
    longest = rerun.PATIENCE if points is None else math.inf
    tell = (lambda line: None) if quiet else (lambda line: print(line, flush=True))
    return scan_report.write(scan, rerun.repeats(directory, ids, longest, tell), output)


@_looking
def export_nifti(directory, like, output=None, fields=(), times=None, **options):
    """Write what a run did as NIfTI images in the space of a given one; their paths.

    Args:
        directory: of the run.
        like: path of the NIfTI or MGZ image whose voxels are taken.
        output: folder for the images; `nifti` in the directory by default.
        fields: names of fields that change in time.
        times: when they are taken, numbers [s] or texts with units; all output times if None.
        options: `space` of the mesh's coordinates ("ras", "lps", "tkr"); `at_centres` for values at
            centres of voxels instead of means over them; `earliest` for the first arrival and onset
            in a voxel instead of the mean.

    Raises:
        ConfigError: if there is no such run, image, field or time, or if mesh and image have
            nothing in common.
    """
    from ecs_model.postprocess import nifti

    seconds = None if times is None else [_seconds(t) for t in times]
    return nifti.export_nifti(directory, like, output, fields, seconds, **options)


@_looking
def export_gifti(directory, output=None, fields=(), times=None):
    """Write what a run on a surface in space did as GIFTI files; their paths.

    Args:
        directory: of the run.
        output: folder for the files; `gifti` in the directory by default.
        fields: names of fields that change in time.
        times: when they are taken, numbers [s] or texts with units; all output times if None.

    Raises:
        ConfigError: if there is no such run, field or time, or if its mesh is no surface in space.
    """
    from ecs_model.postprocess import gifti

    seconds = None if times is None else [_seconds(t) for t in times]
    return gifti.export_gifti(directory, output, fields, seconds)


def _seconds(value):
    from ecs_model.quantities import parse

    try:
        return parse(value, "s") if isinstance(value, str) else float(value)
    except ValueError as error:
        raise ConfigError(f"--times: {error}") from None


@_looking
def export(directory, output=None):
    """Write the fields of a run as one VTKHDF file; its path."""
    from ecs_model.postprocess.vtkhdf import export_vtkhdf

    return export_vtkhdf(directory, output)
