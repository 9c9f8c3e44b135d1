"""What a fit begins with: measured courses, and which settings are looked for in which ranges."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError, did_you_mean
from ecs_model.files.number_tables import read_table, titles
from ecs_model.inference.unknowns import Unknown
from ecs_model.physics.values import Array
from ecs_model.quantities import is_number, parse, split
from ecs_model.scan.axes import full
from ecs_model.scan.ranges import Range
from ecs_model.units import dimension

PER_UNKNOWN = 3  # least number of points
NO_CAUSE = (  # tables, or keys
    *("title", "time", "solver", "output", "checkpoint", "detect"),
    *("mesh.cell", "mesh.levels", "mesh.refine", "mesh.subdivisions", "mesh.layers"),
)
NEAR = 1e-9  # of the end of a run: a time so much later is not


@dataclass(frozen=True)
class Measured:
    """Courses that were measured at the same times.

    Attributes:
        path: of their file, for messages.
        times: [s], ascending.
        columns: name of what a run records -> values, each of the shape of the times.
        units: of the columns, by name.
    """

    path: str
    times: Array
    columns: dict[str, Array]
    units: dict[str, str]

    def within(self, end: float, unknowns: int) -> None:
        """Raise ConfigError for too few points, or for times that a run to `end` [s] lacks."""
        least = PER_UNKNOWN * unknowns
        if (count := len(self.times) * len(self.columns)) < least:
            raise ConfigError(
                f"{self.path}: needs at least {least} points for {unknowns} unknown"
                f"{'s' * (unknowns > 1)} (found {count})"
            )
        for name, values in self.columns.items():
            if np.ptp(values) == 0:
                raise ConfigError(
                    f"{self.path}: column '{name}': all values are {values[0]:g}; a course that "
                    "never changes tells no noise"
                )
        if self.times[0] < 0 or self.times[-1] > end * (1 + NEAR):
            wrong = self.times[0] if self.times[0] < 0 else self.times[-1]
            raise ConfigError(
                f"{self.path}: the time {wrong:g} s lies outside of the run, from 0 to {end:g} s; "
                "set time.end later, or leave these rows out"
            )

    def among(self, recorded: dict[str, str]) -> dict[str, Array]:
        """The columns in the units in which a run records them.

        Args:
            recorded: units by name of what the run records.

        Raises:
            ConfigError: for a column that it does not record, or of another dimension.
        """
        return {name: self._converted(name, recorded) for name in self.columns}

    def _converted(self, name, recorded):
        if name not in recorded:
            hint = did_you_mean(name, recorded)
            known = f"{' There' if hint else '; there'} are {', '.join(recorded)}"
            raise ConfigError(
                f"{self.path}: column '{name}': nothing of this name is recorded{hint}{known} "
                f"(of a run: [[probe]] and output.fields add some)"
            )
        unit, own = recorded[name], self.units[name]
        try:
            return self.columns[name] * (parse(f"1 {own}", unit) / parse(f"1 {unit}", unit))
        except ValueError as error:
            raise ConfigError(f"{self.path}: column '{name}': {error}") from None


def read(path: Path | str) -> Measured:
    """The Measured courses in a CSV file, whose head is such as `t [s],K_o@probe [mM]`.

    Raises:
        ConfigError: with the line, for what is no number; for columns without a unit or a name,
            and for times that do not grow.
    """
    path = Path(path)
    (_, time_unit), *heads = titles(path)
    if not heads:
        raise ConfigError(f"{path}: has one column; times and what was measured are needed")
    if time_unit is None or dimension(time_unit) != "a time":
        raise ConfigError(
            f"{path}: the first column is the time and names its unit, such as t [s] "
            f"(found {time_unit or 'none'})"
        )
    columns = [_with_unit(path, *head) for head in heads]
    names = [name for name, _ in columns]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ConfigError(f"{path}: two columns are called '{min(twice)}'")
    times, *values = read_table(path, ("t [s]", *(f"{n} [{u}]" for n, u in columns))).T
    if not (np.diff(times) > 0).all():
        raise ConfigError(f"{path}: times must grow from row to row")
    return Measured(str(path), times, dict(zip(names, values, strict=True)), dict(columns))


def _with_unit(path, name, unit):
    if unit is None:
        raise ConfigError(f"{path}: column '{name}' names no unit; write such as {name} [mM]")
    return name, unit


@dataclass(frozen=True)
class Wanted:
    """A setting that is looked for.

    Attributes:
        key: of the setting, such as tissue.alpha.
        range: where; its numbers are in its unit.
    """

    key: str
    range: Range

    @property
    def unknown(self) -> Unknown:
        """The Unknown, whose values are numbers in the unit of the range."""
        return Unknown.between(self.key, self.range.low, self.range.high)

    def setting(self, value: float) -> float | str:
        """What the configuration is given for a value."""
        return self.range.written(value)

    def shown(self, value: float) -> str:
        """A value with its unit, to four digits."""
        return f"{value:.4g} {self.range.unit}".strip()


def wanted(texts: list[str] | tuple[str, ...]) -> list[Wanted]:
    """What --vary asks for, each as KEY=LOW to HIGH.

    Raises:
        ConfigError: for texts that cannot be read so, ends that are no range, and keys given twice.
    """
    if not texts:
        raise ConfigError('--vary: name what is looked for, such as "tissue.alpha=0.05 to 0.5"')
    found = [_wanted(text) for text in texts]
    keys = [one.key for one in found]
    if twice := {key for key in keys if keys.count(key) > 1}:
        raise ConfigError(f"--vary {min(twice)}: is given twice")
    return found


def _wanted(text):
    key, equals, ends = text.partition("=")
    low, to, high = (part.strip() for part in ends.partition(" to "))
    if not (equals and key.strip() and to and low and high):
        raise ConfigError(
            f'--vary {text}: write it as KEY=LOW to HIGH, such as "tissue.alpha=0.05 to 0.5"'
        )
    if first := next((x for x in NO_CAUSE if _is_under(key.strip(), x)), ""):
        raise ConfigError(
            f"--vary {key.strip()}: is no property of what was measured; {first} says how it is "
            "computed"
        )
    try:
        return Wanted(full(key.strip()), _range(low, high))
    except ValueError as error:
        raise ConfigError(f"--vary {key.strip()}: {error}") from None


def _is_under(key, table):
    return key == table or key.startswith((f"{table}.", f"{table}["))


def _range(low, high):
    """The Range of two texts; a unit behind the second is that of the first, too."""
    if is_number(low) and not is_number(high):
        low = f"{low} {split(high)[1]}"
    first, last = (float(end) if is_number(end) else end for end in (low, high))
    return Range.between(first, last, "linear")
