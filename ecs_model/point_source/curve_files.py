"""Measured point-source curves: files in, a fit as JSON out."""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ecs_model import __version__
from ecs_model.errors import ConfigError
from ecs_model.files import atomic
from ecs_model.files.number_tables import read_table
from ecs_model.inference.least_squares import LEVEL
from ecs_model.physics.values import Array
from ecs_model.point_source import Experiment, steady_rate
from ecs_model.point_source.fit import LIMITS, Fit, fit_agar, fit_tissue
from ecs_model.quantities import parse
from ecs_model.units import FARADAY, from_si

UNITS = {"uptake": "1/s", "rate": "mol/s", "D": "m^2/s"}

RANGES = {  # what experiments can have [SI]
    "distance": (1e-7, 0.1),
    "current": (1e-13, 0.1),
    "start": (0.0, 1e6),
    "duration": (1e-6, 1e10),
    "rate": LIMITS["rate"],
    "D": LIMITS["D"],
}
HIGHEST_VALENCE = 10
WRITTEN = {"m": "um", "mol/s": "pmol/s", "A": "nA"}  # as people write such units


def read_curve(path: Path | str) -> Array:
    """Times [s] and concentrations [mM] of a table of two columns, with or without a head.

    Raises:
        ConfigError: with the line, for what is not a number.
    """
    return read_table(Path(path), ("time [s]", "concentration [mM]")).T


def experiment_of(settings: Mapping[str, Any]) -> Experiment:
    """The Experiment that settings of the command line describe.

    Args:
        settings: name -> text with a unit, a number or None: distance, D, start, duration, and
            either rate or current with transport_number and valence.

    Raises:
        ConfigError: for wrong units, or neither a rate nor a current.
    """
    read = functools.partial(_read, settings)
    if (settings["rate"] is None) == (settings["current"] is None):
        raise ConfigError("fit-diffusion: give either --rate, or --current (found both or none)")
    if settings["rate"] is not None:
        rate = read("rate", "mol/s")
    else:
        n, z = settings["transport_number"], settings["valence"]
        if not (0 < n <= 1 and 1 <= abs(z) <= HIGHEST_VALENCE):
            raise ConfigError(
                f"--transport-number must be in (0, 1] and --valence 1 to {HIGHEST_VALENCE} or "
                f"minus that (found {n:g} and {str(z)[:20]})"
            )
        rate = steady_rate(read("current", "A"), n, z, FARADAY)
        _within("transport-number", "rate", rate, "mol/s", f"{rate:.3g} mol/s with {n:g}")
    duration = np.inf if settings["duration"] is None else read("duration", "s")
    return Experiment(read("distance", "m"), rate, read("D", "m^2/s"), read("start", "s"), duration)


def _read(settings, name, unit):
    text = settings[name]
    try:
        value = parse(text, WRITTEN.get(unit, unit))
    except ValueError as error:
        raise ConfigError(f"--{name}: {error}") from None
    if value < 0 or (value == 0 and name != "start"):
        raise ConfigError(f"--{name}: must be above 0 (found {text})")
    return _within(name, name, value, unit, text)


def _within(name, kind, value, unit, text):
    """A value [SI] that an experiment can have."""
    low, high = RANGES[kind]
    if not low <= value <= high:
        shown = " to ".join(f"{from_si(x, unit):g}" for x in (low, high))
        raise ConfigError(f"--{name}: needs {shown} {unit} (found {text})")
    return value


def calibrated(experiment: Experiment, path: Path | str) -> tuple[Experiment, Fit]:
    """The Experiment with the rate and D that a curve in agar shows, and its Fit.

    Raises:
        ConfigError: for a curve that does not tell them.
    """
    found = _fitted(fit_agar, path, experiment)
    if not found.decided:
        why = "; ".join(found.complaints)
        raise ConfigError(f"{path}: the curve in agar cannot calibrate: {why}")
    return replace(experiment, **found.values), found


def fitted(path: Path | str, experiment: Experiment, uptake: bool = True) -> Fit:
    """The Fit of a file to an Experiment; ConfigError for what cannot be fitted."""
    return _fitted(fit_tissue, path, experiment, uptake)


def _fitted(fit, path, experiment, *more):
    times, values = read_curve(path)
    if len(values) and np.ptp(values) == 0:
        raise ConfigError(
            f"{path}: the concentration is {values[0]:g} mM at all times; a fit needs the rise "
            "that a source makes"
        )
    try:
        return fit(times, values, experiment, *more)
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None


def record(
    path: Path | str, experiment: Experiment, found: Fit, agar: Fit | None = None
) -> dict[str, Any]:
    """What a fit says, for a JSON file; `alpha` and `tortuosity` make it a state of tissue."""
    return {
        "curve": str(path),
        "decided": found.decided,
        "complaints": found.complaints,
        **found.values,
        "intervals": {n: list(ends) for n, ends in found.intervals.items()},
        "level": LEVEL,
        "noise_mM": found.noise,
        "correlation_of_neighbours": found.correlation,
        "points": len(found.residuals),
        "experiment": {n: v for n, v in vars(experiment).items() if np.isfinite(v)},
        "agar": None if agar is None else {"values": agar.values, "intervals": agar.intervals},
        "version": __version__,
    }


def lines(found: Fit) -> Iterator[str]:
    """A fit in words."""
    for name, value in found.values.items():
        unit = UNITS.get(name, "1")
        low, high = (from_si(x, unit) for x in found.intervals[name])
        best = f"{from_si(value, unit):.4g}{'' if unit == '1' else f' {unit}'}"
        yield f"{name:<12}{best}   ({LEVEL:.0%}: {low:.4g} to {high:.4g})"
    yield f"noise       {found.noise:.3g} mM, neighbours correlated by {found.correlation:.2f}"
    for complaint in found.complaints:
        yield f"WARNING: this curve cannot decide: {complaint}"


def write(path: Path | str, content: Mapping[str, Any]) -> None:
    """Write what `record` made."""
    atomic.write_json(Path(path), content)
