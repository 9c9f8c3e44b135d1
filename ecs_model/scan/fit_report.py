"""What a fit says: what is decided and what is not, in words, as JSON and as a table."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ecs_model import __version__
from ecs_model.errors import ConfigError
from ecs_model.files import atomic
from ecs_model.inference.least_squares import LEVEL
from ecs_model.scan.fit_search import Fit

RESULT, TABLE, LOG = "fit.json", "fit.csv", "fit.log"
MOST = 0.5  # of a range that an interval may hold and still decide
AT_BOUND = 1e-3  # of a range: what lies so close to its end lies there
ALIKE = 0.98  # correlation of two unknowns that can make up for each other
COLOURED = 2.6  # over the root of the number of points: correlation of neighbours that one in a
# hundred courses of white noise exceeds, so that the model, or the noise, is not as thought


def undecided(fit: Fit) -> dict[str, str]:
    """Key of every setting that the data do not decide -> why, in words."""
    found = {one.key: _why(fit, one) for one in fit.task.looked}
    return {key: why for key, why in found.items() if why}


def _why(fit, one):
    """Why the data do not decide a setting; empty if they do."""
    unknown = one.unknown
    low, high = unknown.ends
    ends = fit.estimate.intervals[one.key]
    first, last = ((unknown.to_search(x) - low) / (high - low) for x in ends)
    from_, to = (one.shown(x) for x in ends)
    if first <= AT_BOUND and last >= 1 - AT_BOUND:
        return f"all that was allowed fits, {from_} to {to}"
    if first <= AT_BOUND:
        return f"anything below {to} fits, down to the lowest that was allowed, {from_}"
    if last >= 1 - AT_BOUND:
        return f"anything above {from_} fits, up to the highest that was allowed, {to}"
    if last - first > MOST:
        return f"anything between {from_} and {to} fits, most of what was allowed"
    return ""


def alike(fit: Fit) -> list[tuple[str, str, float]]:
    """Pairs of settings that can make up for each other, and their correlation."""
    keys = [one.key for one in fit.task.looked]
    found = fit.estimate.correlations()
    return [
        (keys[j], keys[k], float(found[j, k]))
        for j in range(len(keys))
        for k in range(j + 1, len(keys))
        if abs(found[j, k]) > ALIKE
    ]


def lines(fit: Fit) -> Iterator[str]:
    """A fit in words: values, noise, and what is not decided."""
    for one in fit.task.looked:
        low, high = (one.shown(x) for x in fit.estimate.intervals[one.key])
        value = one.shown(fit.estimate.values[one.key])
        yield f"{one.key} = {value}   ({LEVEL:.0%}: {low} to {high})"
    for name in fit.columns:
        offset = f", offset {fit.offsets[name]:.4g} {fit.units[name]}" if fit.task.offset else ""
        yield f"{name}: noise {_noise(fit, name):.3g} {fit.units[name]}{offset}"
    failed = f", of which {fit.failed} could not be computed" if fit.failed else ""
    yield f"{fit.runs} runs{failed}; neighbours correlated by {fit.estimate.correlation:.2f}"
    yield from warnings(fit)


def warnings(fit: Fit) -> Iterator[str]:
    """What a reader of the values must know."""
    for key, why in undecided(fit).items():
        yield f"WARNING: the data do not decide {key}: {why}"
    for one, other, correlation in alike(fit):
        if not {one, other} & undecided(fit).keys():
            continue
        yield (
            f"WARNING: {one} and {other} can make up for each other "
            f"(their estimates are correlated by {correlation:.3f})"
        )
    if fit.estimate.correlation > COLOURED / np.sqrt(len(fit.task.measured.times)):
        yield (
            "WARNING: neighbouring residuals are alike: the model does not follow the data, or its "
            "noise is slow; intervals are wider for it, but hold only in the second case"
        )


def _noise(fit, name):
    lost = len(fit.task.looked) / len(fit.columns) + fit.task.offset
    left = fit.residuals(name)
    return float(np.sqrt(np.sum(left**2) / max(len(left) - lost, 1.0)))


def record(fit: Fit, model: str) -> dict[str, Any]:
    """A fit for a JSON file.

    Args:
        fit: the Fit.
        model: path of the configuration.
    """
    why = undecided(fit)
    return {
        "model": model,
        "data": fit.task.measured.path,
        "decided": not why,
        "parameters": {one.key: _parameter(fit, one, why) for one in fit.task.looked},
        "level": LEVEL,
        "intervals": fit.task.intervals,
        "alike": [list(pair) for pair in alike(fit)],
        "columns": {
            name: {
                "unit": fit.units[name],
                "noise": _noise(fit, name),
                "offset": fit.offsets[name] if fit.task.offset else None,
                "points": len(fit.columns[name]),
            }
            for name in fit.columns
        },
        "correlation_of_neighbours": fit.estimate.correlation,
        "runs": fit.runs,
        "failed": fit.failed,
        "warnings": [*warnings(fit)],
        "version": __version__,
    }


def _parameter(fit, one, why):
    return {
        "value": fit.estimate.values[one.key],
        "unit": one.range.unit or "1",
        "interval": list(fit.estimate.intervals[one.key]),
        "allowed": [one.range.low, one.range.high],
        "decided": one.key not in why,
        "why": why.get(one.key),
    }


def table(fit: Fit) -> str:
    """A CSV text: of every column what was measured and fitted, and where its band ends."""
    heads, values = ["t [s]"], [fit.task.measured.times]
    for name, unit in fit.units.items():
        half = fit.estimate.quantile * fit.spread(name)
        fitted = fit.fitted[name]
        kinds = {"": fit.columns[name], "fitted ": fitted, "residual ": fit.residuals(name)}
        kinds |= {"band low ": fitted - half, "band high ": fitted + half}
        heads += [f"{kind}{name} [{unit}]" for kind in kinds]
        values += kinds.values()
    rows = [",".join(f"{x:.9g}" for x in row) for row in np.array(values).T]
    return "\n".join([",".join(heads), *rows, ""])


def refuse_taken(folder: Path, overwrite: bool) -> None:
    """Raise ConfigError for a folder that cannot take a fit, before anything is computed."""
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"--output {folder}: is a file; give a directory")
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / RESULT).is_file():
            raise ConfigError(f"{folder}: is not empty and holds no fit; choose another")
        if not overwrite:
            raise ConfigError(f"{folder}: holds a fit already; --overwrite replaces it")


def write(fit: Fit, model: str, folder: Path) -> list[Path]:
    """Write what a fit found into a folder; the paths."""
    with atomic.explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in (TABLE, LOG, RESULT)]
    atomic.write_text(paths[0], table(fit))
    atomic.write_text(paths[1], "\n".join([*lines(fit), ""]))
    atomic.write_json(paths[2], record(fit, model))
    return paths
