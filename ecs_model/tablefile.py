"""Tables of numbers in text files, as instruments and spreadsheets write them.

Columns are parted by semicolons, tabs, commas or blanks, whichever the first rows have in this
order; where commas part no columns they may be decimal marks. A byte order mark is no part of the
text. A row that can be read in two ways, or in none, is refused with its line: nothing is dropped
silently but empty lines, # comments and a head without numbers.
"""

import codecs
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.quantities import is_number

LARGEST = 500_000_000  # bytes
_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def read_table(path: Path, columns: tuple[str, ...]) -> np.ndarray:
    """The numbers in a text file, shape (rows, columns).

    A file with a head may have more columns, named there, after those that are read.

    Args:
        path: of the file.
        columns: what the columns hold, for messages, such as "time [s]".

    Raises:
        ConfigError: with the line, for what cannot be read as that many numbers in only one way.
    """
    lines = [(k, line.strip()) for k, line in enumerate(_text(Path(path)).splitlines(), 1)]
    lines = [(k, line) for k, line in lines if line and not line.startswith("#")]
    wanted = f"{len(columns)} columns, {', '.join(columns)}"
    if not lines:
        raise ConfigError(f"{path}: holds no rows; write lines of {wanted}")
    mark = _mark([line for _, line in lines[:2]])
    rows = [(k, [x.strip() for x in line.split(mark)]) for k, line in lines]
    width = len(columns)
    if not any(_number(x, mark) is not None for x in rows[0][1]):
        head, rows = rows[0], rows[1:]
        width = max(width, len(head[1]))
    if not rows:
        raise ConfigError(f"{path}: holds a head, but no rows; write lines of {wanted}")
    return np.array([_row(path, k, row, mark, width, columns) for k, row in rows])


def _text(path):
    """The text of a file, whatever mark it begins with."""
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigError(f"{path}: is too large for a table (at most {LARGEST // 10**6} MB)")
        content = path.read_bytes()
        return content.decode(_MARKS.get(content[:2], "utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read as a table ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path}: cannot be read as a table (byte {error.start} is no text in UTF-8)"
        ) from None


def _mark(lines):
    """What parts the columns, as a head and the first row tell; None for blanks."""
    return next((mark for mark in (";", "\t", ",") if any(mark in x for x in lines)), None)


def _number(text, mark):
    """The number in a field; None if it is not one, or could be two."""
    if mark != "," and text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    return float(text) if is_number(text) and "_" not in text else None


def _row(path, k, row, mark, width, columns):
    numbers = [_number(x, mark) for x in row[: len(columns)]]
    if len(row) != width or None in numbers or not np.isfinite(numbers).all():
        hint = (
            " (numbers with decimal commas need semicolons or tabs between)" if mark == "," else ""
        )
        raise ConfigError(
            f"{path}:{k}: needs {len(columns)} numbers, {', '.join(columns)}"
            f"{f' and {width - len(columns)} more' if width > len(columns) else ''}; found "
            f"{(mark or ' ').join(row)[:80]!r}{hint}"
        )
    return numbers
