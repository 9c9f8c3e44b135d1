"""Everything that can be made of a run, in one call."""

import numpy as np

from ecs_model.postprocess import line, maps, movie, raster, series, style, titles
from ecs_model.postprocess.fields import load
from ecs_model.postprocess.paraview import write_paraview_script
from ecs_model.run import field_series, spike_tables
from ecs_model.run.rundir import RunDir
from ecs_model.run.tables import line_names, read_series


def everything(run_dir, formats=("png",), title=""):
    """Paths of all pictures and movies that make sense for this run, written into pictures/.

    The ParaView script is written too, into the run directory itself.

    Args:
        run_dir: the run directory.
        formats: of the pictures.
        title: above every picture; films have none.

    Raises:
        ConfigError: if this is no run, or a file of it is broken.
    """
    run = RunDir.open(run_dir)
    drawn = titles.over(figures(run), title)
    paths = style.save_all(drawn, run.pictures, formats)
    if not run.index.exists():
        return paths
    return [*paths, *_movies(run), write_paraview_script(run.path)]


def figures(run):
    """Name -> function that gives the figure, for all figures that make sense for a RunDir."""
    return {**dict(_curves(run)), **dict(_fields(run))}


def _curves(run):
    """Name and drawing function of every figure of the tables."""
    columns = read_series(run.series)[0] if run.series.exists() else {"t": []}
    if len(columns["t"]):
        if series.probe_names(columns):
            yield "probes", lambda: series.probes(run.path)
        if series.integrals(columns):
            yield "balance", lambda: series.balance(run.path)
    for name in line_names(run.path):
        if len(line.along_line(run.path, name)[0]) > 1:
            yield f"line_{name}", lambda name=name: line.space_time(run.path, name)
    for name in spike_tables.names(run.path):
        if len(spike_tables.read_spikes(run.path, name)[0]):
            yield f"raster_{name}", lambda name=name: raster.raster(run.path, name)


def _fields(run):
    """Name and drawing function of every figure of the fields."""
    if not (run.index.exists() and len(field_series.read_times(run.path))):
        return
    fields = load(run.path)
    drawings = {1: _of_interval, 2: _of_plane, 3: _of_body}[fields.space]
    yield from drawings(run, fields)
    if not line_names(run.path) and len(fields.times) > 1 and not fields.is_surface:
        yield "space_time", lambda: line.space_time(run.path)


def _of_interval(run, fields):
    yield "profiles", lambda: maps.profiles(run.path)
    yield from _arrivals(run, maps)


def _of_plane(run, fields):
    yield "maps", lambda: maps.maps(run.path)
    yield from _arrivals(run, maps)


def _of_body(run, fields):
    from ecs_model.postprocess import stills  # loads PyVista, which the other runs do not need

    for name in fields.main:
        yield name, lambda name=name: stills.stills(run.path, name)
    yield from _arrivals(run, stills)


def _arrivals(run, module):
    """The arrival map, drawn by the `arrival` of maps or pictures, if the run has one."""
    if not run.maps.exists():
        return
    for name, values in field_series.read_maps(run.path)[0].items():
        if name.startswith("arrival_") or (name == "onset" and np.isfinite(values).any()):
            yield name, lambda name=name: module.arrival(run.path, name)


def _movies(run):
    """The movie of the first main field, if there is movement."""
    if len(field_series.read_times(run.path)) < 2:
        return []
    main = load(run.path).main
    return [movie.movie(run.path, main[0])] if main else []
