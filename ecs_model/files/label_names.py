"""Names of labels: the lookup tables of FreeSurfer, and others that begin with number and name."""

from collections.abc import Sequence
from pathlib import Path

from ecs_model.errors import ConfigError, did_you_mean
from ecs_model.files.foreign import damaged, refuse_special


def read(path: Path) -> dict[str, list[int]]:
    """Name -> numbers of all that a table calls so; colours behind the name are ignored.

    Raises:
        ConfigError: with file and line, if it cannot be read, a line is something else, or a number
            has two names.
    """
    refuse_special(path)
    if not path.is_file():
        raise ConfigError(f"{path}: no such file")
    with damaged(path):
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    found: dict[str, list[int]] = {}
    entries = [(k, *_entry(path, k, line)) for k, line in enumerate(lines, 1) if _tells(line)]
    seen: set[int] = set()
    for k, name, number in entries:
        if number in seen:
            raise ConfigError(f"{path}, line {k}: the label {number} has two names")
        seen.add(number)
        found.setdefault(name, []).append(number)
    return found


def _tells(line):
    return bool(line.split("#")[0].strip())


def _entry(path, number, line):
    words = line.split("#")[0].replace(",", " ").split()
    try:
        if _is_number(words[1]) or not all(map(_is_number, words[2:])):
            raise ValueError
        return words[1], int(words[0])
    except (IndexError, ValueError):
        raise ConfigError(
            f"{path}, line {number}: needs a whole number and a name without spaces, as 25 lesion "
            f"(found {line.strip()[:40]!r})"
        ) from None


def _is_number(word):
    try:
        float(word)
    except ValueError:
        return False
    return True


def numbers(wanted: Sequence[int | str], names: Path | None, place: str) -> list[int]:
    """Numbers of labels.

    Args:
        wanted: numbers, or names, of which each means all labels that are called so.
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
    many = [known[label] if isinstance(label, str) else [label] for label in wanted]
    found = [number for some in many for number in some]
    if 0 in found:
        raise ConfigError(f"{place}: the label 0 is what lies outside; name labels of tissue")
    return found
