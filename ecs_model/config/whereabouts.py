"""Where in what the user wrote a setting stands: file and line, or the text of a --set.

Messages of a configuration begin with what they are about, whoever raises them: a key such as
`tissue.alpha`, or an entry such as `probe 'p'`. Here that becomes "run.toml:12", so that what only
the mesh shows is told as well as what the parser finds.
"""

import contextlib
import re
import tomllib
from pathlib import Path

from ecs_model.errors import ConfigError

_LISTS = {
    "region": ["tissue", "regions"],
    "tissue.regions": ["tissue", "regions"],
    "probe": ["probe"],
    "line": ["line"],
    "source": ["source"],
    "boundary": ["boundary"],
    "vessels": ["vessels"],
    "event": ["event"],
    "synapses": ["synapses"],
    "noise": ["noise"],
    "steady": ["steady"],
    "continuation": ["continuation"],
    "axis": ["axis"],
}
_KEY = re.compile(r"[a-z_]+(?:\.\w+|\[\d+\])*")


class Written:
    """What the user wrote: a TOML text, and what was set on the command line.

    Args:
        text: of the file.
        name: of the file, as messages call it.
        overrides: texts such as "tissue.alpha=0.1", which won over the file.
        root: keys of the table in it that is meant, such as that of the run in a scan.
    """

    def __init__(self, text, name, overrides=(), root=()):
        self.text, self.name, self.overrides = text, name, tuple(overrides)
        self.root = [*root]

    def where(self, place):
        """What stands before a message about a setting, such as "run.toml:12".

        Args:
            place: keys and numbers of entries that lead to it.
        """
        place = [*self.root, *place]
        for override in reversed(self.overrides):
            if place and self._agree(override.partition("=")[0].strip().split("."), place):
                return f"--set {override}"
        line = find_line(self.text, place) or find_line(self.text, [*place, 0])
        return f"{self.name}:{line}" if line else self.name

    def _agree(self, keys, place):
        """Whether what was set lies at a place or around it, or is a part of an entry there."""
        known = [str(part) for part in place]
        for k, (key, part) in enumerate(zip(keys, place, strict=False)):
            if isinstance(part, int) and not is_place(key):
                known[k] = str(self._name(place[:k], part))
        length = min(len(keys), len(known))
        is_entry = isinstance(place[-1], int) or place[len(self.root) :] in _LISTS.values()
        return keys[:length] == known[:length] and (len(keys) <= len(known) or is_entry)

    def entry_of(self, place):
        """The name of the entry of a list that a setting belongs to; empty if it has none.

        Args:
            place: keys and numbers of entries that lead to the setting.
        """
        place = [*self.root, *place]
        for k in reversed(range(1, len(place) - 1)):
            if isinstance(place[k], int):
                name = self._name(place[:k], place[k])
                return name if isinstance(name, str) else ""
        return ""

    def _name(self, place, number):
        entries = _at(self._tree(), place)
        is_there = isinstance(entries, list) and number < len(entries)
        return _label(entries[number]) if is_there else None

    def _tree(self):
        try:
            return tomllib.loads(self.text)
        except (ValueError, RecursionError):
            return {}

    def placed(self, message):
        """A message with the whereabouts of what it begins with; itself if that is nowhere."""
        place = self._place(message)
        return message if place is None else f"{self.where(place)}: {message}"

    @contextlib.contextmanager
    def told(self):
        """Within, a ConfigError about a setting says where in the text that stands.

        Raises:
            ConfigError: the same, with file and line, or the text of --set, before its words.
        """
        try:
            yield
        except ConfigError as error:
            raise ConfigError(self.placed(str(error))) from None

    def _place(self, message):
        """Keys that lead to what a message begins with; None if nothing in the file does."""
        if (entry := self._entry(message)) is not None:
            return entry
        key = _KEY.match(message)
        parts = re.findall(r"\w+", key[0]) if key else []
        place = [int(part) if is_place(part) else part for part in parts]
        for table in ([], ["mesh"], ["tissue"], ["node"]):
            if place and self._is_written([*table, *place]):
                return [*table, *place]
        while place and not self._is_written(place):
            place.pop()
        return place or None

    def _entry(self, message):
        """Keys that lead to the entry, or the setting in it, that a message begins with."""
        for kind, place in _LISTS.items():
            entries = _at(self._tree(), self.root + place) if message.startswith(kind) else None
            for number, entry in enumerate(entries if isinstance(entries, list) else []):
                name = _label(entry)
                for start in (f"{kind} {name!r}", f"{kind} {name}"):
                    if re.match(re.escape(start) + r"(?=[:, ]|$)", message):
                        setting = re.match(r": ([a-z]\w*)", message[len(start) :])
                        inner = [setting[1]] if setting and setting[1] in entry else []
                        return [*place, number, *inner]
        return None

    def _is_written(self, place):
        keys = [override.partition("=")[0].strip().split(".") for override in self.overrides]
        place = self.root + place
        return _at(self._tree(), place) is not None or [*map(str, place)] in keys


def is_place(text: str) -> bool:
    """Whether a part of a key is the place of an entry in its list, such as 0."""
    return text.isascii() and text.isdigit() and len(text) < 10


def _label(entry):
    """What an entry of a list is called; None if it has no name."""
    return entry.get("name", entry.get("on")) if isinstance(entry, dict) else None


def _at(tree, place):
    """What stands at a place in a tree; None if nothing does."""
    for part in place:
        if isinstance(tree, list) and isinstance(part, int) and part < len(tree):
            tree = tree[part]
        elif isinstance(tree, dict) and part in tree:
            tree = tree[part]
        else:
            return None
    return tree


@contextlib.contextmanager
def told_where(path, overrides=()):
    """Within, a ConfigError about a setting of a file says where in the file that stands.

    Args:
        path: of the configuration.
        overrides: texts such as "tissue.alpha=0.1", which won over the file.

    Raises:
        ConfigError: the same, with file and line, or the text of --set, before its words.
    """
    try:
        yield
    except ConfigError as error:
        told = Written(_text(path), str(path), overrides).placed(str(error))
        raise ConfigError(told) from None


def _text(path):
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return ""


def find_line(text, place):
    """Number of the line that holds a key, as well as a scan of the text can tell; None if not."""
    best, table = None, []
    counts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*(\[\[?)\s*([\w.\-\"]+)\s*\]\]?", line):
            table = _table(header, counts)
            if table == place[: len(table)] and (table or len(place) == 0):
                best = number
        elif (key := re.match(r"\s*([\w.\-]+)\s*=", line)) and place:
            here = table + key[1].split(".")
            if here == place[: len(here)] and len(here) > len(table):
                return number
    return best


def _table(header, counts):
    """The place of a table header: keys, and the number of a repeated table."""
    keys = header[2].replace('"', "").split(".")
    if header[1] == "[[":
        counts[header[2]] = counts.get(header[2], -1) + 1
    place = []
    for k in range(len(keys)):
        place.append(keys[k])
        whole = ".".join(keys[: k + 1])
        if whole in counts:
            place.append(counts[whole])
    return place
