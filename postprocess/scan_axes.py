"""The axes of a scan, as pictures and reports call them."""

from dataclasses import dataclass

from ecs_model.postprocess import labels

_SHORT = {"tissue.alpha": "alpha", "tissue.tortuosity": "tortuosity"}
_LONG = {short: long for long, short in _SHORT.items()}


@dataclass(frozen=True)
class Axis:
    """An axis of a scan.

    Attributes:
        label: heads its column.
        key: the (first) setting that it changes, alpha and tortuosity by their short names.
        unit: of its numbers, empty for plain ones.
        scale: linear or log.
        is_number: whether its values are numbers.
    """

    label: str
    key: str
    unit: str
    scale: str
    is_number: bool

    @property
    def words(self):
        """What a reader calls it, typeset: the name that a user gave, or words for its setting."""
        if self.key in ("alpha", "tortuosity"):
            return labels.symbol(self.key)
        return labels.plain(self.label) if self.is_named else labels.setting(self.key)

    @property
    def is_named(self):
        """Whether a user gave it a name."""
        return self.label not in (self.key, _LONG.get(self.key))

    @property
    def title(self):
        """What stands beside it in a picture."""
        if self.is_named:  # as it is written
            return f"{self.words} [{labels.typeset(self.unit)}]" if self.unit else self.words
        return labels.with_unit(self.words, self.unit)

    def at(self, value):
        """One of its values in words, typeset."""
        shown = f"{value:.4g}" if isinstance(value, float) else labels.plain(str(value))
        return f"{self.words} = {shown} {labels.typeset(self.unit)}".strip()

    @property
    def plain(self):
        """What heads its column in a text."""
        return f"{self.label} [{self.unit}]" if self.unit else self.label


def short(value):
    """A number with four digits, or a name."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def axis_of(settings, frame):
    """The Axis that some settings of a scan describe, with its values in a table."""
    keys = settings["keys"] or [settings["key"]]
    label = settings["name"] or ("state" if settings["states"] else keys[0])
    first = settings["low"] if settings["low"] is not None else (settings["values"] or [""])[0]
    is_number = frame[label].dtype.kind in "fi"
    unit = unit_of(first[0] if isinstance(first, list) else first) if is_number else ""
    key = _SHORT.get(keys[0], keys[0] or label)
    return Axis(label, key, unit, settings["scale"], is_number)


def unit_of(value):
    """The unit of a text such as `5 mM`; empty for numbers."""
    return value.partition(" ")[2] if isinstance(value, str) else ""
