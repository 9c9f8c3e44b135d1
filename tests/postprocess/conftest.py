"""Synthetic runs: a potassium front that crosses an interval, a rectangle or a box."""

from types import SimpleNamespace

import numpy as np
import pytest

from ecs_model.files import atomic
from ecs_model.run import field_series
from ecs_model.run.field_series import FieldSeries
from ecs_model.run.rundir import RunDir
from ecs_model.run.tables import LineSeries, SeriesFile

SIZES = {1: (8.0,), 2: (5.0, 3.0), 3: (3.0, 2.0, 1.0)}  # mm
COUNTS = {1: (161,), 2: (41, 25), 3: (22, 15, 8)}
SPEED = 0.05  # mm/s
UNITS = {"K_o": "mM", "V": "mV", "alpha": "1"}
MAP_UNITS = {"arrival_K_o": "s", "max_K_o": "mM"}


def box(sizes, counts):
    """Points [m] of a lattice and its cells: 1 interval, 2 triangles or 6 tetrahedra per block."""
    axes = [np.linspace(0, size * 1e-3, count) for size, count in zip(sizes, counts, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(sizes))
    number = np.arange(len(points)).reshape(counts)
    corner = {c: _corner(number, c).ravel() for c in np.ndindex(*(2,) * len(sizes))}
    paths = _paths(len(sizes))
    return points, np.concatenate([np.column_stack([corner[c] for c in path]) for path in paths])


def _corner(number, offset):
    return number[tuple(slice(o, n - 1 + o) for o, n in zip(offset, number.shape, strict=True))]


def _paths(dimension):
    """Monotone paths from the first to the last corner of a block: its simplices."""
    from itertools import permutations

    for order in permutations(range(dimension)):
        corner, path = np.zeros(dimension, int), [(0,) * dimension]
        for axis in order:
            corner[axis] = 1
            path.append(tuple(corner.tolist()))
        yield path


def distance(points):
    """Distance [mm] from a corner of the domain."""
    return np.linalg.norm(points * 1e3, axis=1)


def potassium(points, t):
    return 3 + 50 / (1 + np.exp((distance(points) - SPEED * t) / 0.12))


def potential(points, t):
    return -70 + 65 / (1 + np.exp((distance(points) - SPEED * t) / 0.08))


def make_run(path, dimension, times, *, v=True, probes=True, line=True, reached=True, counts=None):
    """A run directory with everything that the options say, and what is in it."""
    run = RunDir.create(path)
    atomic.write_json(run.run_json, {"title": "synthetic"})
    points, cells = box(SIZES[dimension], counts or COUNTS[dimension])
    laws = {"K_o": potassium, "V": potential} if v else {"K_o": potassium}
    units = {name: UNITS[name] for name in (*laws, "alpha")}
    region = {"region": (np.arange(len(cells)) % 2)}
    alpha = {"alpha": 0.2 + 0.01 * distance(points)}
    series = FieldSeries.create(path, points, cells, region, node_data=alpha, units=units)
    for t in times:
        series.write(t, {name: law(points, t) for name, law in laws.items()})
    series.close()
    if probes:
        _write_probes(run, laws, points, times)
    if line:
        _write_line(run, laws, dimension, times)
    never = np.full(len(points), np.nan)
    arrival = np.where(distance(points) < SPEED * times[-1], distance(points) / SPEED, np.nan)
    maps = {"arrival_K_o": arrival if reached else never, "max_K_o": potassium(points, times[-1])}
    field_series.write_maps(path, maps, MAP_UNITS)
    return SimpleNamespace(path=path, points=points, cells=cells, laws=laws, times=times)


def _write_probes(run, laws, points, times):
    names = {"near": 0, "centre": len(points) // 2, "far": len(points) - 1}
    columns = [f"{field}@{name}" for field in laws for name in names]
    units = {column: UNITS[column.split("@")[0]] for column in columns}
    totals = {"total_K": "nmol", "front_position": "mm", "max_K_o": "mM", "recruited": "1"}
    table = SeriesFile.create(run.series, ["t", *columns, *totals], units | totals)
    for t in np.linspace(times[0], times[-1], 200):
        at = [law(points[[node]], t)[0] for law in laws.values() for node in names.values()]
        table.append([t, *at, 3 + 1e-13 * np.sin(t), SPEED * t, 53.0, t / 100])
    table.close()


def _write_line(run, laws, dimension, times):
    arc = np.linspace(0, SIZES[dimension][0] * 1e-3, 81)
    points = np.zeros((81, dimension))
    points[:, 0] = arc
    line = LineSeries.create(run.path, "axis", arc, {name: UNITS[name] for name in laws})
    for t in times:
        line.append(t, {name: law(points, t) for name, law in laws.items()})
    line.close()


@pytest.fixture
def run_of(tmp_path):
    """`run_of(dimension, times, **options)`: a synthetic run in a temporary directory."""
    return lambda dimension, times=(0.0, 20.0, 40.0), **options: make_run(
        tmp_path / "run", dimension, list(times), **options
    )


@pytest.fixture(scope="session")
def figures_of(tmp_path_factory):
    """`figures_of(make, kind)`: name -> drawing function, made once."""
    there = {}

    def found(make, kind):
        if (make, kind) not in there:
            there[make, kind] = make(kind, tmp_path_factory.mktemp("figures"))
        return there[make, kind]

    return found
