"""The tables of a run directory, which grow by whole rows during a run.

A table is CSV with one header line, `t [s],K_o@probe1 [mM],...`; its numbers read back bit for bit,
and its rows are written whole.
"""

import csv
import errno
import io
import os
import re
from pathlib import Path

import numpy as np
import orjson

from ecs_model.errors import ConfigError
from ecs_model.files import atomic, foreign
from ecs_model.quantities import is_number
from ecs_model.run.field_files import LENGTH_UNIT
from ecs_model.units import from_si

_TITLE = re.compile(r"(.*) \[([^\[\]]*)\]")
_POSITION = re.compile(r"(\w+)@([-+.e\d]+)mm")


class SeriesFile:
    """A CSV table that grows by whole rows; make one with `create` or `resume`."""

    @classmethod
    def create(cls, path, columns, units):
        """A new table with a header only.

        Args:
            path: the file, replaced if it exists.
            columns: names, the first of them "t".
            units: unit by name of the column; "1" for the columns that are not in it.
        """
        atomic.write_bytes(path, _line(_titles(columns, units)))
        return cls(path, len(columns))

    @classmethod
    def resume(cls, path, columns, units, until, count=0):
        """The table in `path` without its rows after `until` [s] and without a torn last row.

        Raises:
            ConfigError: if the table has other columns, or less than so many rows are left of it.
        """
        titles = _titles(columns, units)
        kept = [row for row in _rows(path, titles) if float(row[0]) <= until * (1 + 1e-12)]
        return cls._of(path, titles, kept, until, count)

    @classmethod
    def cut(cls, path, columns, units, until, count):
        """The table in `path` with the first `count` of its rows, written up to `until` [s].

        Raises:
            ConfigError: if the table has other columns, or less than so many rows.
        """
        titles = _titles(columns, units)
        return cls._of(path, titles, _rows(path, titles)[:count], until, count)

    @classmethod
    def _of(cls, path, titles, rows, until, count):
        atomic.refuse_gap(path, len(rows), count, until)
        atomic.write_bytes(path, b"".join(map(_line, [titles, *rows])))
        return cls(path, len(titles))

    def __init__(self, path, width):
        self.path = Path(path)
        self._width = width
        self._file = open(path, "ab", buffering=0)

    def append(self, row):
        """Add one row of numbers, whole or, if the disk is full (ConfigError), not at all."""
        self.extend([row])

    def extend(self, rows):
        """Add rows of numbers, all of them or, if the disk is full (ConfigError), none."""
        for row in rows:
            if len(row) != self._width:
                raise ValueError(f"{len(row)} values for {self._width} columns of {self.path}")
        lines = b"".join(map(_numbers, rows))
        with atomic.explained(self.path):
            before = os.fstat(self._file.fileno()).st_size
            if self._file.write(lines) < len(lines):
                os.ftruncate(self._file.fileno(), before)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self):
        """Close the file; it is complete already."""
        self._file.close()


def read_series(path):
    """The columns of a table, one array per name, and their units by name."""
    titles, _, values = _complete_rows(path)
    matches = [m for title in titles if (m := _TITLE.fullmatch(title))]
    if len(matches) < len(titles) or titles[:1] != ["t [s]"] or len({*titles}) < len(titles):
        raise ConfigError(f"{path}: the header is {titles}; 't [s],name [unit],...' would be right")
    names = [match[1] for match in matches]
    return dict(zip(names, values.T, strict=True)), {m[1]: m[2] for m in matches}


class LineSeries:
    """Fields along a line over time: a table with columns `K_o@0.25mm [mM]` (arc length)."""

    @classmethod
    def create(cls, folder, name, arc_length, units):
        """A new table lines/<name>.csv in the run directory `folder`.

        Args:
            folder: the run directory.
            name: name of the line.
            arc_length: distance [m] of every sample from the start of the line.
            units: unit of every field, by name.
        """
        path = Path(folder, "lines", f"{name}.csv")
        with atomic.explained(path):
            path.parent.mkdir(exist_ok=True)
        return cls(SeriesFile.create(path, *_line_columns(arc_length, units)), units)

    @classmethod
    def resume(cls, folder, name, arc_length, units, until, count=0):
        """The table lines/<name>.csv without its rows after `until` [s]."""
        path = Path(folder, "lines", f"{name}.csv")
        names, all_units = _line_columns(arc_length, units)
        return cls(SeriesFile.resume(path, names, all_units, until, count), units)

    def __init__(self, table, units):
        self._table = table
        self._fields = list(units)

    def append(self, t, fields):
        """Add time `t` [s] with `fields`: one value per sample of the line, by name."""
        self._table.append(np.concatenate([[t], *(fields[name] for name in self._fields)]))

    def close(self):
        """Close the file; it is complete already."""
        self._table.close()


def line_names(folder):
    """Names of the lines of the run directory `folder`."""
    return sorted(path.stem for path in Path(folder, "lines").glob("*.csv"))


def read_line(folder, name):
    """Times [s], arc length [mm], fields by name (one row per time) and their units by name."""
    path = Path(folder, "lines", f"{name}.csv")
    columns, units = read_series(path)
    arc_length: dict[float, None] = {}
    fields: dict[str, list] = {}
    field_units: dict[str, str] = {}
    for title in list(columns)[1:]:
        match = _POSITION.fullmatch(title)
        if match is None or not is_number(match[2]):
            raise ConfigError(f"{path}: found the column {title!r}; 'K_o@0.25mm' would be right")
        arc_length[float(match[2])] = None
        fields.setdefault(match[1], []).append(columns[title])
        field_units[match[1]] = units[title]
    if len({len(rows) for rows in fields.values()}) > 1:
        raise ConfigError(f"{path} is damaged: its fields have not the same places")
    stacked = {field: np.column_stack(rows) for field, rows in fields.items()}
    return columns["t"], np.array(list(arc_length)), stacked, field_units


def _line_columns(arc_length, units):
    """Names and units of the columns of a line."""
    places = [float(s) for s in from_si(np.asarray(arc_length, float), LENGTH_UNIT)]
    column_units = {f"{name}@{s!r}mm": unit for name, unit in units.items() for s in places}
    return ["t", *column_units], column_units


def _titles(columns, units):
    known = {"t": "s", **units}
    return [f"{name} [{known.get(name, '1')}]" for name in columns]


def _line(cells):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(list(cells))
    return text.getvalue().encode()


def _numbers(row):
    """A line of numbers, each with as many digits as tell it from all others."""
    values = np.asarray(row, float)
    if np.isfinite(values).all():  # JSON has no other numbers
        return orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1] + b"\n"
    return (",".join(map(repr, values.tolist())) + "\n").encode()


def _rows(path, titles):
    """Rows of a table that has to have these titles, as text."""
    found, rows, _ = _complete_rows(path)
    if found != titles:
        raise ConfigError(
            f"{path} has the columns {', '.join(found)}, not those of this configuration "
            f"({', '.join(titles)}); start a new run"
        )
    return rows


def _complete_rows(path):
    """Titles and rows of a table, as text, without a torn last row; then the rows as numbers."""
    try:
        text = Path(path).read_bytes().rpartition(b"\n")[0].decode()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}; give a run directory") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is damaged: byte {error.start} is no text in UTF-8") from None
    with foreign.damaged(path):
        titles, *rows = list(csv.reader(io.StringIO(text), strict=True)) or [[]]
    try:
        return titles, rows, np.array(rows, float).reshape(len(rows), len(titles))
    except ValueError:
        raise ConfigError(_wrong_row(path, rows, len(titles))) from None


def _wrong_row(path, rows, width):
    """What is wrong with the first row that is not so many numbers."""
    is_wrong = (len(row) != width or not all(map(is_number, row)) for row in rows)
    return f"{path} line {2 + list(is_wrong).index(True)}: expected {width} numbers"
