"""Files that a run or a scan left, read back: damaged ones, and those of others, in one sentence.

What is read is what its schema says, so that nobody who uses it has to doubt it. Further keys may
be there, as other versions of the program write them.
"""

import csv
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from ecs_model.errors import ConfigError, plainly

NUMBER = float | None  # null stands for nan
UNREADABLE = (
    OSError, KeyError, ValueError, TypeError, IndexError, AttributeError, RuntimeError,
    OverflowError, ZeroDivisionError, csv.Error,
)  # fmt: skip


class Loose(BaseModel):
    """What must be there; more may be."""

    model_config = ConfigDict(extra="allow", strict=True)


class MeshFacts(Loose):
    """Size of a mesh."""

    nodes: int
    cells: int
    fingerprint: str = ""


class Facts(Loose):
    """run.json."""

    format: int = 1
    ended: str | None = None
    reason: str | None = None
    time: NUMBER = None
    base: str | None = None
    made: str | None = None
    ecs_model: str = "unknown"
    pid: int | None = None
    hosts: list[str] = []
    versions: dict[str, str] = {}
    mesh: MeshFacts | None = None


class VerdictFacts(Loose):
    """A verdict."""

    verdict: bool
    margin: NUMBER
    reached_mM: NUMBER
    threshold_mM: NUMBER
    time_s: NUMBER = None


class FrontFacts(Loose):
    """A front along a line."""

    speed_mm_per_min: NUMBER
    width_um: NUMBER


class IonBalance(Loose):
    """The balance of an ion."""

    ecs_start: NUMBER
    ecs_end: NUMBER
    given: dict[str, NUMBER]
    relative_error: NUMBER
    cells_start: NUMBER = None
    cells_end: NUMBER = None


class BalanceFacts(IonBalance):
    """The balance of a run."""

    unit: str
    ions: dict[str, IonBalance] = {}


class ThresholdFacts(Loose):
    """What a search for a threshold found."""

    value: NUMBER
    low: NUMBER
    high: NUMBER
    state: str
    trials: int = 0
    unit: str = ""


class UnresolvedFacts(Loose):
    """A source that needs smaller cells."""

    name: str
    change_mM: NUMBER
    cell_um: NUMBER


class CorrectionFacts(Loose):
    """What was done to keep an ion within its range."""

    steps: int
    moved: NUMBER
    largest_mM: NUMBER


class SummaryFacts(Loose):
    """summary.json."""

    time: NUMBER
    seizure: VerdictFacts
    sd: VerdictFacts
    ignited: VerdictFacts
    recruited: NUMBER
    duration_s: NUMBER
    max_K_o: NUMBER
    end_K_o: NUMBER
    fronts: dict[str, FrontFacts]
    cells_per_front: NUMBER
    balance: BalanceFacts
    energy: dict[str, NUMBER] = {}
    bias: str = ""
    steps: int
    rejected_steps: int
    corrections: dict[str, CorrectionFacts] = {}
    unresolved: list[UnresolvedFacts] = []
    processes: int
    peak_memory_bytes: float
    seconds: dict[str, float]
    threshold: ThresholdFacts | None = None


class PartFacts(Loose):
    """A part of a profile."""

    part: str
    seconds: dict[str, float]


class ProfileFacts(Loose):
    """profile.json."""

    parts: list[PartFacts] = []


class StatusFacts(Loose):
    """status.json of a point of a scan."""

    state: str = "waiting"
    reason: str = ""
    attempts: int = 0
    pid: int | None = None
    host: str | None = None


class PointFacts(Loose):
    """A point of a scan."""

    settings: dict[str, Any]
    labels: dict[str, int | float | str]


class SetupFacts(Loose):
    """setup.json of a scan."""

    version: str
    run: Any
    design: Any
    format: int = 1
    title: str = ""
    scan: dict[str, Any] = {}
    base: dict[str, Any] = {}
    folder: str = "."
    name: str = ""
    made: str = ""
    trusted: bool = False


class MarginFacts(Loose):
    """What a scan needs of a verdict."""

    margin: NUMBER = None


class OutcomeFacts(Loose):
    """summary.json of a point of a scan."""

    seizure: MarginFacts | None = None
    sd: MarginFacts | None = None
    ignited: MarginFacts | None = None
    max_K_o: NUMBER = None
    seconds: dict[str, float] = {}
    processes: int = 1
    threshold: ThresholdFacts | None = None


class IndexFacts(Loose):
    """Sobol indices of an outcome, or why there are none."""

    missing: str | None = None
    parameters: dict[str, dict[str, NUMBER]] = {}
    pairs: dict[str, dict[str, NUMBER]] | None = None
    caution: str | None = None


class BorderFacts(Loose):
    """A border that an adaptive scan found."""

    margin: str
    yes: float
    uncertain: float
    misclassified: float


class ReportFacts(Loose):
    """report.json of a scan."""

    points: int = 0
    failed: int = 0
    finished: int = 0
    border: BorderFacts | None = None
    sobol: dict[str, IndexFacts] = {}


def refuse_special(path: Path) -> None:
    """Raise ConfigError for a pipe or a device, as to read one may never end."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise ConfigError(f"{path}: is a pipe or a device; a file would be right")


def refuse_strange(folder: Path) -> None:
    """Raise ConfigError for a directory in which not all is files and folders of its own.

    Pipes and devices may never end, and symbolic links may lead to where nobody means to write.
    """
    _walk(folder, Path(os.path.realpath(folder)))


def _walk(folder: Path, home: Path) -> None:
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                _refuse_away(Path(entry.path), home)
            elif entry.is_dir():
                _walk(Path(entry.path), home)
            if not entry.is_file():
                refuse_special(Path(entry.path))


def _refuse_away(link: Path, home: Path) -> None:
    if not (to := Path(os.path.realpath(link))).is_relative_to(home):
        raise ConfigError(
            f"{link}: is a symbolic link to {to}, out of its directory; put there what it leads to"
        )


def read_json(path: Path, schema: Any) -> Any:
    """The content of a JSON file as plain dictionaries and lists; None if there is no such file.

    Args:
        path: of the file.
        schema: one of the models above, or a list of one.

    Raises:
        ConfigError: if it cannot be read, is no JSON, or not what the schema says.
    """
    refuse_special(Path(path))
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        TypeAdapter(schema).validate_python(content)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValidationError as error:
        raise ConfigError(f"{path} is damaged: {_sentence(error)}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is damaged: {_first_line(error)}") from None
    return content


@contextmanager
def damaged(path: Any, remedy: str = "") -> Iterator[None]:
    """A block that reads a file; whatever is wrong with its content becomes a ConfigError."""
    try:
        yield
    except UNREADABLE as error:
        hint = f"; {remedy}" if remedy else ""
        raise ConfigError(f"{path} is damaged: {_first_line(error)}{hint}") from error


def _sentence(error):
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    found = first["input"]
    shown = "" if isinstance(found, dict | list) else f" (found {str(found)[:40]!r})"
    if first["type"] == "missing":
        return f"{place} is missing"
    wanted = first["msg"].replace("Input should be", "should be")
    return f"{place + ' ' if place else ''}{wanted}{shown}"


def _first_line(error):
    text = plainly(error)[:120]
    return f"{text} is missing" if isinstance(error, KeyError) else text
