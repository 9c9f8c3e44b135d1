"""Everything that can be made of a run, in one call."""

from functools import partial

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
    fields = fields_of(run)
    drawn = titles.over(figures(run, fields), title)
    paths = style.save_all(drawn, run.pictures, formats)
    if not run.index.exists():
        return paths
    return [*paths, *_movies(run, fields), write_paraview_script(run.path)]


def fields_of(run):
    """The Fields of a RunDir; None if it has written no output time."""
    written = run.index.exists() and len(field_series.read_times(run.path))
    return load(run.path) if written else None


def figures(run, fields=None):
    """Name -> function that gives the figure, for all figures that make sense for a RunDir.

    Args:
        run: the RunDir.
        fields: what `fields_of` gives of it, if it was called before.
    """
    fields = fields or fields_of(run)
    return {**dict(_curves(run)), **dict(_fields(run, fields) if fields else {})}


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


def _fields(run, fields):
    """Name and drawing function of every figure of the fields."""
    drawings = {1: _of_interval, 2: _of_plane, 3: _of_body}[fields.space]
    yield from drawings(run, fields)
    if not line_names(run.path) and len(fields.times) > 1 and not fields.is_surface:
        yield "space_time", lambda: line.space_time(run.path)


def _of_interval(run, fields):
    yield "profiles", lambda: maps.profiles(run.path)
    yield from _arrivals(run, partial(maps.arrival, run.path))


def _of_plane(run, fields):
    yield "maps", lambda: maps.maps(run.path)
    yield from _arrivals(run, partial(maps.arrival, run.path))


def _of_body(run, fields):
    from ecs_model.postprocess import stills  # loads PyVista, which the other runs do not need

    for name in fields.main:
        yield name, partial(stills.stills_of, fields, name)
    yield from _arrivals(run, partial(stills.arrival_of, fields))


def _arrivals(run, arrival):
    """The maps of arrival that the run has, each drawn by the function `arrival` of its name."""
    if not run.maps.exists():
        return
    for name, values in field_series.read_maps(run.path)[0].items():
        if name.startswith("arrival_") or (name == "onset" and np.isfinite(values).any()):
            yield name, partial(arrival, name)


def _movies(run, fields):
    """The movie of the first main field, if there is movement."""
    if fields is None or len(fields.times) < 2 or not fields.main:
        return []
    return [movie.movie_of(fields, fields.main[0])]
