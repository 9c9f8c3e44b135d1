"""Tables of numbers in text files, as instruments and spreadsheets write them.

Columns are parted by semicolons, tabs, commas or blanks, whichever the first rows have in this
order; where commas part no columns they may be decimal marks. A byte order mark is no part of the
text. A row that can be read in two ways, or in none, is refused with its line: nothing is dropped
silently but empty lines, # comments and a head without numbers. Where a head, or a comment just
before the rows, names the unit of a column, `t [ms]`, `time (min)` or `t / ms`, that is what its
numbers are read in.
"""

import codecs
import contextlib
import re
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.files import foreign
from ecs_model.quantities import is_number, parse
from ecs_model.units import dimension

LARGEST = 500_000_000  # bytes
_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_BRACKETS = re.compile(r".*[^\s\[(]\s*(?:\[([^\[\]]+)\]|\(([^()]+)\))")
_LAST = re.compile(r".*[^\s/_,:](?:\s*[/,:]\s*|[\s_]+)(\S+)")  # t / ms, t_ms, time ms


def read_table(path: Path, columns: tuple[str, ...]) -> np.ndarray:
    """The numbers in a text file, shape (rows, columns).

    A file with a head may have more columns, named there, after those that are read.

    Args:
        path: of the file.
        columns: what the columns hold and the units to return, such as "time [s]".

    Raises:
        ConfigError: with the line, for what cannot be read as that many numbers in only one way,
            and for a head that names the unit of something else.
    """
    every = [(k, line.strip()) for k, line in enumerate(_text(Path(path)).splitlines(), 1)]
    lines = [(k, line) for k, line in every if line and not line.startswith("#")]
    wanted = f"{len(columns)} columns, {', '.join(columns)}"
    if not lines:
        raise ConfigError(f"{path}: holds no rows; write lines of {wanted}")
    mark = _mark([line for _, line in lines[:2]])
    rows = [(k, [x.strip() for x in line.split(mark)]) for k, line in lines]
    width, scales = len(columns), _of_comment(path, every[: lines[0][0] - 1], mark, columns)
    if not any(_number(x, mark) is not None for x in rows[0][1]):
        k, head = lines[0][0], _heads(lines[0][1], mark)
        width, rows = max(width, len(head)), rows[1:]
        scales = [_scale(f"{path}:{k}", *pair) for pair in zip(head, columns, strict=False)]
    if not rows:
        raise ConfigError(f"{path}: holds a head, but no rows; write lines of {wanted}")
    found = np.array([_row(path, k, row, mark, width, columns) for k, row in rows])
    return found * [*scales, *[1.0] * (len(columns) - len(scales))]


def titles(path: Path) -> list[tuple[str, str | None]]:
    """Names and units of the columns of a text file, as its head has them; None for no unit.

    Args:
        path: of the file.

    Raises:
        ConfigError: for a file that cannot be read, or whose first row is no head.
    """
    lines = [x.strip() for x in _text(Path(path)).splitlines()]
    first = next((x for x in lines if x and not x.startswith("#")), "")
    mark = _mark([first])
    heads = _heads(first, mark)
    if not first or any(_number(head, mark) is not None for head in heads):
        raise ConfigError(
            f"{path}: needs a head that names its columns and their units, such as "
            "t [s],K_o@probe [mM]"
        )
    return [_name_and_unit(head) for head in heads]


def _name_and_unit(head):
    found = _BRACKETS.fullmatch(head)
    if not found:
        return head, None
    unit = found[1] or found[2]
    return head[: head.rindex(unit) - 1].strip(), unit.strip()


def _of_comment(path, lines, mark, columns):
    """Scales of columns that the last comment before the rows names, as NumPy writes a head."""
    last = next(((k, line) for k, line in reversed(lines) if line), (0, ""))
    head = _heads(last[1].lstrip("# "), mark)
    pairs = [*zip(head, columns, strict=False)]
    if len(head) < len(columns) or not any(_is_named(*pair) for pair in pairs):
        return []
    return [_scale(f"{path}:{last[0]}", *pair) for pair in pairs]


def _is_named(head, column):
    """Whether a head names a unit of what its column holds."""
    unit = _unit(column)
    with contextlib.suppress(ValueError):
        return bool((named := _named(head, unit)) and parse(f"1 {named}", unit))
    return False


def _heads(line, mark):
    """Fields of a head; a blank before a bracket parts none."""
    fields = line.split(mark) if mark else re.split(r"\s+(?![\[(])", line)
    return [x.strip().strip("\"'").strip() for x in fields]


def _scale(place, head, column):
    """How many of the unit of a column one of the unit in its head is."""
    unit = _unit(column)
    try:
        return parse(f"1 {_named(head, unit) or unit}", unit) / parse(f"1 {unit}", unit)
    except ValueError as error:
        raise ConfigError(
            f"{place}: the head {head[:80]!r} does not fit {column}: {error}"
        ) from None


def _unit(column):
    """The unit in brackets after what a column holds; "1" if there is none."""
    brackets = _BRACKETS.fullmatch(column)
    return brackets[1] if brackets else "1"


def _named(head, unit):
    """The unit that a head names in brackets, or one like `unit` after it; None if neither."""
    if brackets := _BRACKETS.fullmatch(head):
        return (brackets[1] or brackets[2]).strip()
    last = _LAST.fullmatch(head)
    return last[1] if last and dimension(last[1]) == dimension(unit) else None


def _text(path):
    """The text of a file, whatever mark it begins with."""
    foreign.refuse_special(path)
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
