"""What the command line does, as functions: each command is one call.

`run`, `resume` and `check` take an MPI communicator (all processes by default) and are called on
all of its processes; the others need neither MPI nor DOLFINx.
"""

import math
from pathlib import Path

from ecs_model.errors import ConfigError


def run(config, output, comm=None, overrides=(), overwrite=False, quiet=False):
    """Run a TOML file into a new run directory; 0, or 75 if a signal stopped it.

    Args:
        config: path of the configuration.
        output: the run directory to make.
        comm: MPI communicator; all processes by default.
        overrides: texts such as "tissue.alpha=0.1".
        overwrite: replace a run that is there.
        quiet: say nothing but warnings and errors.

    Raises:
        ConfigError: on all processes, for whatever the user can mend.
        SolutionError: on all processes, if the computation cannot go on.
    """
    return _session(comm).run(config, output, comm, overrides, overwrite, quiet)


def resume(directory, comm=None, quiet=False):
    """Continue a run from its newest checkpoint; 0, or 75 if a signal stopped it.

    Args:
        directory: the run directory.
        comm: MPI communicator of any size; all processes by default.
        quiet: say nothing but warnings and errors.

    Raises:
        ConfigError: on all processes, if there is nothing to continue or it does not fit.
    """
    return _session(comm).resume(directory, comm, quiet)


def check(config, comm=None, overrides=(), check_mesh=False):
    """Lines that say what a configuration would do and cost; ConfigError if it cannot be used.

    Args:
        config: path of the configuration.
        comm: MPI communicator; all processes by default.
        overrides: texts such as "tissue.alpha=0.1".
        check_mesh: also measure, on a strip, how much the mesh falsifies the speed of a front.
    """
    _session(comm)
    from ecs_model.estimate import estimate

    return estimate(config, comm, overrides, check_mesh)


def _session(comm):
    """The module that needs MPI, with MPI started in the right way."""
    if comm is None:
        from ecs_model import parallel

        parallel.start()
    from ecs_model import session

    return session


def cell(config, output, overrides=(), overwrite=False, quiet=False):
    """Do the single-cell job of a TOML file; paths of what was written. Needs no MPI.

    Args:
        config: path of the configuration; see `template(cell=True)`.
        output: directory to make.
        overrides: texts such as "node.alpha=0.1".
        overwrite: replace the results of an earlier job.
        quiet: say nothing about what was found.

    Raises:
        ConfigError: for whatever the user can mend.
        SolutionError: if a cell leaves the range of finite, non-negative states.
    """
    from ecs_model.cell import job

    tell = (lambda line: None) if quiet else (lambda line: print(line, flush=True))
    directory = job.run(config, output, overrides, overwrite, tell)
    return [*sorted(p for p in directory.iterdir() if p.is_file()), *plot(directory)]


def scan(config, output, overrides=(), extend=False, retry=False, quiet=False):
    """Do the scan of a TOML file, or go on with it; 0, 1 if points failed, 75 after a signal.

    Runs start in processes of their own: call it from one process, without MPI.

    Args:
        config: path of the configuration; see `template("scan")`.
        output: directory to make, or that of the same scan.
        overrides: texts such as "adaptive.runs=100".
        extend: let the points change; those that are there stay.
        retry: compute points that failed once more.
        quiet: say nothing but errors.

    Raises:
        ConfigError: for whatever the user can mend; nothing is overwritten then.
    """
    from ecs_model.scan import driver

    return driver.run(config, output, overrides, extend, retry, quiet)


def scan_status(directory):
    """Lines about a scan: what is done, what runs, what failed and why."""
    from ecs_model.scan import driver

    return list(driver.status(directory))


def scan_report(directory, points=None, quiet=False):
    """Write report.html, one file with all about a scan, into its directory; its path.

    Args:
        directory: of the scan.
        points: ids, or the beginnings of some, of points that get a picture of their own; a few
            that span the scan by default. Their runs are there, or are run once more.
        quiet: do not say what is run.

    Raises:
        ConfigError: if there is no scan, nothing of it is finished, or a point is not.
    """
    from ecs_model.postprocess import scan_choice, scan_report
    from ecs_model.postprocess.scan_data import Scan
    from ecs_model.scan import repeat

    scan = Scan.open(directory)
    ids = scan_choice.chosen(scan) if points is None else scan_choice.named(scan, points)
    longest = repeat.PATIENCE if points is None else math.inf
    tell = (lambda line: None) if quiet else (lambda line: print(line, flush=True))
    return scan_report.write(scan, repeat.repeats(directory, ids, longest, tell))


def plot(directory):
    """Make all pictures that suit a run, a scan or a single-cell job; their paths."""
    if Path(directory, "cell.toml").is_file():
        from ecs_model.postprocess.cell import pictures

        return pictures(directory)
    if Path(directory, "setup.json").is_file():
        from ecs_model.postprocess import scan

        return scan.pictures(directory)
    from ecs_model.postprocess import report

    return report(directory)


def export(directory, output=None):
    """Write the fields of a run as one VTKHDF file; its path."""
    from ecs_model.postprocess.vtkhdf import export_vtkhdf

    return export_vtkhdf(directory, output)


def ready_runs():
    """Names of the runs and single-cell jobs that come with the program, and their titles."""
    import tomllib

    from ecs_model import runs

    names = runs.all_names()
    return {name: tomllib.loads(runs.path(name).read_text())["title"] for name in names}


def copy(name, to="."):
    """Copy a ready run into a folder; the path of the copy. ConfigError if it is there already."""
    from ecs_model import __version__, atomic, runs

    target = Path(to, f"{Path(name).name}.toml")
    names = runs.all_names()
    if name not in names:
        raise ConfigError(f"no ready run '{name}'; there are {', '.join(names)}")
    if target.exists():
        raise ConfigError(f"{target} exists already; rename it, or give another folder with --to")
    note = f"# copied from ecs-model {__version__}\n"
    atomic.write_text(target, note + runs.path(name).read_text())
    return target


def template(kind="run"):
    """A TOML text with every setting, its default and its meaning.

    Args:
        kind: run, cell or scan.
    """
    from ecs_model import template

    if kind == "cell":
        from ecs_model.cell.config import CellConfig

        return template.template(CellConfig, template.CELL)
    if kind == "scan":
        from ecs_model.scan.config import ScanConfig

        return template.template(ScanConfig, template.SCAN)
    return template.template()


def schema():
    """The JSON schema of a configuration."""
    from ecs_model.config import Config

    return Config.model_json_schema()


def models(name=None, options=()):
    """Text about all membrane models, or about one: states, parameters, units, sources.

    Args:
        name: of a built-in model, or path of a Python file with the user's own.
        options: texts such as "gates=h".
    """
    from ecs_model import tables

    return tables.overview() if name is None else tables.about(name, options)


def law(name=None, settings=()):
    """Text about all laws, or the value of one.

    Args:
        name: of a law.
        settings: texts such as "c_in=140 mM"; several values after commas give a table.

    Raises:
        ConfigError: for unknown names, wrong units and values that make no sense.
    """
    from ecs_model import lookup

    return lookup.overview() if name is None else lookup.about(name, settings)


def fit_diffusion(curve, settings, agar=None, uptake=True, output=None):
    """Fit alpha, lambda and uptake to a measured point-source curve; lines that say what was found.

    Args:
        curve: CSV file: time [s], concentration [mM].
        settings: how it was measured, see `curves.experiment_of`.
        agar: CSV file of a curve in agar, which tells rate and diffusivity.
        uptake: whether to look for loss from the space between cells.
        output: JSON file; CURVE.fit.json by default. The picture lies beside it.

    Raises:
        ConfigError: for files and settings that cannot be used.
    """
    from ecs_model import curves
    from ecs_model.postprocess.curve import picture

    experiment, calibration = curves.experiment_of(settings), None
    if agar is not None:
        experiment, calibration = curves.calibrated(experiment, agar)
    found = curves.fitted(curve, experiment, uptake)
    path = Path(output or Path(curve).with_suffix(".fit.json"))
    curves.write(path, curves.record(curve, experiment, found, calibration))
    image = picture(*curves.read_curve(curve), experiment, found, path.with_suffix(".png"))
    return [*curves.lines(found), f"written: {path}, {image}"]


def list_meshes():
    """Lines about all mesh generators and what they take."""
    from ecs_model import tables

    return tables.generators()


def mesh(name, settings=(), output=None):
    """Make a mesh, write it and picture it; lines that say what it is like and where it is.

    Args:
        name: of a generator, or path of a configuration whose [mesh] is meant.
        settings: texts such as 'cell="50 um"'.
        output: .vtu, .xdmf or .msh file; NAME.vtu by default.

    Raises:
        ConfigError: for wrong settings or a mesh that cannot be used.
    """
    from ecs_model import meshdata, meshing, read
    from ecs_model.meshes.picture import picture

    chosen = read.read_mesh_settings(name, settings)
    data = meshing.make(chosen, Path(name).parent if name.endswith(".toml") else ".")
    path = Path(output or f"{Path(name).stem}.vtu")
    meshdata.write(data, path)
    image = path.with_suffix(".png")
    picture(data, image)
    return [meshdata.quality(data).text(), f"written: {path}, {image}"]
