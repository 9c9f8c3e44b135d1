"""Names of labels: the lookup tables of FreeSurfer, and others that begin with number and name."""

from collections.abc import Sequence
from pathlib import Path

from ecs_model.errors import ConfigError, did_you_mean
from ecs_model.files.foreign import damaged, refuse_special


def read(path: Path) -> dict[str, int]:
    """Name -> number of every line of a table; what follows, such as colours, is ignored.

    Raises:
        ConfigError: with file and line, if it cannot be read or a line is something else.
    """
    refuse_special(path)
    if not path.is_file():
        raise ConfigError(f"{path}: no such file")
    with damaged(path):
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    return dict(_entry(path, k, line) for k, line in enumerate(lines, 1) if _tells(line))


def _tells(line):
    return bool(line.split("#")[0].strip())


def _entry(path, number, line):
    words = line.split("#")[0].replace(",", " ").split()
    try:
        return words[1], int(words[0])
    except (IndexError, ValueError):
        raise ConfigError(
            f"{path}, line {number}: needs a whole number and a name, such as 25 lesion "
            f"(found {line.strip()[:40]!r})"
        ) from None


def numbers(wanted: Sequence[int | str], names: Path | None, place: str) -> list[int]:
    """Numbers of labels.

    Args:
        wanted: numbers, or names.
        names: the table of the names; None if there is none.
        place: what messages begin with.

    Raises:
        ConfigError: for names without a table, or that it does not have.
    """
    texts = [label for label in wanted if isinstance(label, str)]
    if texts and names is None:
        raise ConfigError(
            f"{place}: label {texts[0]!r} is a name: say in which table it stands, such as "
            'names = "FreeSurferColorLUT.txt"'
        )
    known = {} if names is None else read(names)
    for text in texts:
        if text not in known:
            raise ConfigError(f"{place}: {names} has no label {text!r}{did_you_mean(text, known)}")
    return [known[label] if isinstance(label, str) else label for label in wanted]
