"""When the neurons along a line fired: tables lines/spikes/<name>.csv, a row for each spike."""

from pathlib import Path

from ecs_model.errors import ConfigError
from ecs_model.files import atomic
from ecs_model.physics.values import Array
from ecs_model.run.field_files import LENGTH_UNIT
from ecs_model.run.tables import SeriesFile, read_series

COLUMNS, UNITS = ["t", "position"], {"position": LENGTH_UNIT}


def create(folder: Path, name: str) -> SeriesFile:
    """A new table of a line in the run directory `folder`, with a header only."""
    path = _path(folder, name)
    with atomic.explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    return SeriesFile.create(path, COLUMNS, UNITS)


def resume(folder: Path, name: str, until: float, count: int) -> SeriesFile:
    """The table of a line with its first `count` spikes, those noted when a run was at `until` [s].

    A time says nothing here: what is noted at a time may end before it, see `Simulation.pending`.

    Raises:
        ConfigError: if the table is broken, or holds fewer spikes.
    """
    if not count:
        return create(folder, name)
    return SeriesFile.cut(_path(folder, name), COLUMNS, UNITS, until, count)


def names(folder: Path) -> list[str]:
    """Names of the lines of the run directory `folder` that have such a table."""
    return sorted(path.stem for path in Path(folder, "lines", "spikes").glob("*.csv"))


def read_spikes(folder: Path, name: str) -> tuple[Array, Array]:
    """Times [s] of the spikes along a line, in order, and positions along it [mm], one each.

    Raises:
        ConfigError: if the table cannot be read or is no table of spikes.
    """
    path = _path(folder, name)
    columns, units = read_series(path)
    if list(columns) != COLUMNS or units["position"] != LENGTH_UNIT:
        raise ConfigError(
            f"{path}: found the columns {', '.join(columns)}; "
            f"'t [s],position [{LENGTH_UNIT}]' would be right"
        )
    return columns["t"], columns["position"]


def _path(folder, name):
    return Path(folder, "lines", "spikes", f"{name}.csv")
