"""All points of a scan together: a table, and a cube over the axes of a grid."""

import io
from typing import Any

import numpy as np

from ecs_model.files import atomic
from ecs_model.scan import points as pts
from ecs_model.scan.threshold import margin

ABOUT_THE_MACHINE = {"seconds", "peak_memory_bytes", "processes", "title", "bias"}
ENDINGS = (  # of names of outcomes, and their units
    ("_mM", "mM"),
    ("_K_o", "mM"),
    ("_mm_per_min", "mm/min"),
    ("_um", "um"),
    ("_s", "s"),
    ("J_per_m3", "J/m^3"),
    ("W_per_m3", "W/m^3"),
)
AMOUNTS = ("_start", "_end", "_unexplained")
TABLE, CSV, CUBE = "table.parquet", "table.csv", "cube.nc"


def table(store, points):
    """A pandas table: one row per point with what it changed, how it ended and what came out.

    `.attrs["units"]` has the units of its columns.
    """
    import pandas as pd

    slots = [store.slot(point) for point in points]
    frame = pd.DataFrame([_row(*pair) for pair in zip(slots, points, strict=True)])
    one: dict[str, Any] = next((slot.summary() for slot in slots if slot.finished), {})
    axes = {axis.label: pts.unit(axis) or "" for axis in store.scan().axis} if len(points) else {}
    units = {name: unit_of(name, one) for name in frame.columns.difference([*axes])}
    frame.attrs["units"] = {name: unit for name, unit in (units | axes).items() if unit}
    for name in frame.columns[[kind.kind == "O" for kind in frame.dtypes]]:
        known = frame[name].dropna()
        if len(known) and known.map(_is_verdict).all():
            frame[name] = frame[name].astype("boolean")
    return frame


def _is_verdict(value):
    return isinstance(value, bool)


def _row(slot, point):
    found = {"id": point.id, **point.labels, "run": slot.state}
    if slot.finished:
        return found | dict(flat(slot.summary()))
    return found | {"reason": slot.status().get("reason", "")}


def unit_of(name, summary):
    """The unit of an outcome: "1" for plain numbers and verdicts, empty for texts.

    Args:
        name: of its column.
        summary: of any run of the scan.
    """
    last = name.rpartition(".")[2]
    if name in ("id", "run", "reason", "decided", "regime", "threshold.state"):
        return ""
    if name.startswith("threshold.") and last in ("value", "low", "high"):
        return summary.get("threshold", {}).get("unit") or "1"
    if name.startswith("balance.") and (last.endswith(AMOUNTS) or ".given." in name):
        return summary["balance"].get("unit", "1")
    if name == "time":
        return "s"
    return next((unit for ending, unit in ENDINGS if last.endswith(ending)), "1")


def flat(summary, prefix=""):
    """Pairs (dotted name, number or verdict) of all that a summary says about the tissue."""
    for name, value in summary.items():
        if name in ABOUT_THE_MACHINE:
            continue
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        elif value is None or isinstance(value, bool | int | float):
            yield f"{prefix}{name}", np.nan if value is None else value
        elif isinstance(value, str) and name in ("state", "decided", "regime"):
            yield f"{prefix}{name}", value


def cube(frame, axes, is_grid):
    """An xarray dataset of all numbers: over the axes of a grid, or over the points."""
    labels = [axis.label for axis in axes]
    numbers = frame.drop(columns=["id"]).copy()
    for name in numbers.columns.difference(labels):
        if numbers[name].dtype == "boolean" or numbers[name].dtype == bool:
            numbers[name] = numbers[name].astype("Float64").astype(float)
    keep = [n for n in numbers.columns if n in labels or numbers[n].dtype.kind in "fi"]
    indexed = numbers[keep].set_index(labels) if is_grid else numbers[keep].rename_axis("point")
    data = indexed.to_xarray()
    for name, unit in frame.attrs.get("units", {}).items():
        if name in data.variables:
            data[name].attrs["units"] = unit
    return data


def write(store, frame, axes, is_grid):
    """Write table and cube into the directory of a scan; their paths."""
    paths = [store.path / name for name in (TABLE, CSV, CUBE)]
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    atomic.write_bytes(paths[0], buffer.getvalue())
    atomic.write_text(paths[1], frame.to_csv(index=False))
    atomic.write_bytes(paths[2], cube(frame, axes, is_grid).to_netcdf(engine="h5netcdf"))
    return paths


def margins(store, points, name):
    """Margins of a verdict at points; nan where there is none."""
    found = [store.slot(point).summary() for point in points]
    return np.array([np.nan if s is None else margin(s, name) for s in found])
