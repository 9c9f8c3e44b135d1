"""Functions about many runs, about one cell, and about measured curves."""

from functools import partial
from pathlib import Path

from ecs_model.api.outcomes import ScanResult
from ecs_model.api.results import check_figures, drawn, plot
from ecs_model.errors import ConfigError
from ecs_model.files import foreign


def scan(
    config, output, overrides=(), extend=False, retry=False, quiet=False, force=False, trust=False
) -> ScanResult:
    """Do the scan of a TOML file, or go on with it; a ScanResult.

    Its `code` is 0, 1 if points failed, 75 after a signal.

    Runs start in processes of their own: call it from one process, without MPI.

    Args:
        config: path of the configuration; see `template("scan")`.
        output: directory to make, or that of the same scan.
        overrides: texts such as "adaptive.runs=100".
        extend: let the points change; those that are there stay.
        retry: compute points that failed once more.
        quiet: say nothing but errors.
        force: go on although this version of the program computes in another way.
        trust: go on although the directory was not made on this account: its code may be run.

    Raises:
        ConfigError: for whatever the user can mend; nothing is overwritten then.
    """
    from ecs_model.scan import driver

    code = driver.run(config, output, overrides, extend, retry, quiet, force, trust)
    return ScanResult(code, Path(output))


def scan_status(directory):
    """Lines about a scan: what is done, what runs, what failed and why."""
    from ecs_model.scan.status import status

    with foreign.damaged(directory, "what was written there was changed, or is not whole"):
        return list(status(directory))


def scan_collect(directory, quiet=False) -> ScanResult:
    """Gather the points of a scan that are there: table and report; nothing is computed.

    A scan whose engine is `list` writes down what is still missing, or comes next.

    Args:
        directory: of the scan.
        quiet: say nothing but errors.

    Returns:
        ScanResult: its `code` is 0, 1 if points failed, 75 if some are missing.

    Raises:
        ConfigError: if there is no scan, or it is damaged.
    """
    from ecs_model.scan import driver

    with foreign.damaged(directory, "what was written there was changed, or is not whole"):
        return ScanResult(driver.collect(directory, quiet), Path(directory))


def cell(
    config,
    output,
    overrides=(),
    overwrite=False,
    quiet=False,
    formats=None,
    width=None,
    theme="light",
):
    """Do the single-cell job of a TOML file; paths of what was written. Needs no MPI.

    Args:
        config: path of the configuration; see `template(cell=True)`.
        output: directory to make.
        overrides: texts such as "node.alpha=0.1".
        overwrite: replace the results of an earlier job.
        quiet: say nothing about what was found.
        formats: as for `plot`, as are `width` and `theme`.
        width: of the figures [mm].
        theme: light or dark.

    Raises:
        ConfigError: for whatever the user can mend.
        SolutionError: if a cell leaves the range of finite, non-negative states.
    """
    from ecs_model.cell import job

    check_figures(formats, width, theme)
    tell = (lambda line: None) if quiet else (lambda line: print(line, flush=True))
    directory = job.run(config, output, overrides, overwrite, tell)
    files = sorted(p for p in directory.iterdir() if p.is_file())
    return [*files, *plot(directory, formats, width, theme)]


def fit(
    config,
    data,
    vary,
    output=None,
    overrides=(),
    offset=False,
    intervals="profile",
    overwrite=False,
    quiet=True,
    comm=None,
    formats=None,
    width=None,
    theme="light",
):
    """Fit settings of a run, or of a cell, to measured courses; the `scan.fit.Fit` on rank 0.

    Called on all processes for a run; of a cell, one process does all.

    Args:
        config: path of the configuration of a run or of a single-cell job.
        data: CSV file with a head such as `t [s],K_o@probe [mM]`: columns of series.csv, or of
            course.csv for a cell, in any units.
        vary: texts such as "tissue.alpha=0.05 to 0.5": which settings, and between which values.
        output: directory to make; fits/NAME by default.
        overrides: texts such as "time.end=20 s".
        offset: add a constant to each column, as electrodes do.
        intervals: "profile", or "slopes", which needs no further runs and holds for nearly linear
            models only.
        overwrite: replace an earlier fit.
        quiet: say nothing on the way; else how many runs were computed, now and then.
        comm: MPI communicator; all processes by default.
        formats: as for `plot`, as are `width` and `theme`.
        width: of the figures [mm].
        theme: light or dark.

    Returns:
        tuple: the Fit, and paths of what was written; None and no paths on other processes.

    Raises:
        ConfigError: on all processes, for whatever the user can mend.
        SolutionError: on all processes, if no run can be computed.
    """
    from ecs_model import parallel
    from ecs_model.scan import fit as fits
    from ecs_model.scan import fit_report

    check_figures(formats, width, theme)
    is_cell = fits.is_of_cell(config)
    comm = parallel.Alone() if is_cell else comm or parallel.start()
    folder = Path(output or Path("fits", Path(config).stem))
    parallel.root_does(comm, fit_report.refuse_taken, folder, overwrite)
    tell = str if quiet else partial(print, flush=True)
    found = fits.fit(config, data, vary, comm, overrides, offset, intervals, tell)
    looks = (formats, width, theme)
    written = parallel.on_root(comm, _written, found, config, folder, looks)
    return found, written if comm.rank == 0 else []


def _written(found, config, folder, looks):
    from ecs_model.scan import fit_report

    return [*fit_report.write(found, str(config), folder), *plot(folder, *looks)]


def fit_diffusion(
    curve,
    settings,
    agar=None,
    uptake=True,
    output=None,
    formats=None,
    width=None,
    theme="light",
):
    """Fit alpha, lambda and uptake to a measured point-source curve; the `point_source.fit.Fit`.

    Args:
        curve: CSV file: time [s], concentration [mM].
        settings: how it was measured, see `curve_files.experiment_of`.
        agar: CSV file of a curve in agar, which tells rate and diffusivity.
        uptake: whether to look for loss from the space between cells.
        output: JSON file; CURVE.fit.json by default. The picture lies beside it.
        formats: as for `plot`, as are `width` and `theme`.
        width: of the figures [mm].
        theme: light or dark.

    Returns:
        tuple: the Fit, and paths of what was written.

    Raises:
        ConfigError: for files and settings that cannot be used.
    """
    from ecs_model.point_source import curve_files
    from ecs_model.postprocess.curve import pictures

    check_figures(formats, width, theme)
    path = Path(output or Path(curve).with_suffix(".fit.json"))
    if path.is_dir() or path.suffix == ".png":
        raise ConfigError(
            f"--output {path}: give the name of a JSON file, such as {path.stem}.json"
        )
    experiment, calibration = curve_files.experiment_of(settings), None
    if agar is not None:
        experiment, calibration = curve_files.calibrated(experiment, agar)
    found = curve_files.fitted(curve, experiment, uptake)
    curve_files.write(path, curve_files.record(curve, experiment, found, calibration))
    draw = partial(pictures, *curve_files.read_curve(curve), experiment, found)
    return found, [path, *drawn(draw, path, formats, width, theme)]
