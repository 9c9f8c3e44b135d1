"""Which points of a scan a report shows: those that were asked for, or a few that span it."""

import numpy as np

from ecs_model.errors import ConfigError

SHOWN = 6  # points with a picture


def chosen(scan):
    """Ids of a few finished points: amid each regime, on both sides of the border, far ones."""
    places, ids = _places(scan), scan.finished["id"].to_numpy()
    picked = list(dict.fromkeys([*_middles(scan, places), *_beside_the_border(scan)]))[:SHOWN]
    while len(picked) < min(SHOWN, len(ids)):
        picked.append(_farthest(places, picked))
    return [str(ids[k]) for k in picked]


def named(scan, names):
    """Ids of finished points by their beginnings.

    Args:
        scan: a Scan.
        names: ids, or the first letters of some.

    Raises:
        ConfigError: if a name fits none, or several.
    """
    return [_named(scan, name) for name in names]


def _named(scan, name):
    found = [i for i in scan.finished["id"] if name and i.startswith(name)]
    if len(found) != 1:
        said = f"{len(found)} finished points begin so" if found else "no finished point begins so"
        raise ConfigError(
            f"{scan.path}: point {name!r}: {said}; ids are in the first column of table.csv"
        )
    return found[0]


def _places(scan):
    """Finished points in the unit box of the axes; names count as numbers."""
    columns = [_shares(scan.finished[axis.label], axis) for axis in scan.varying]
    return np.stack(columns, axis=1)


def _shares(column, axis):
    values = column.to_numpy(float) if axis.is_number else column.astype("category").cat.codes
    values = np.log(values) if axis.is_number and axis.scale == "log" else np.asarray(values, float)
    return (values - values.min()) / (np.ptp(values) or 1.0)


def _middles(scan, places):
    """The run nearest to the middle of each regime, the gravest first."""
    regimes = scan.regimes
    for name in ("ignited", "sd", "seizure", "load", "rest"):
        (here,) = np.nonzero(regimes == name)
        if len(here):
            away = np.linalg.norm(places[here] - places[here].mean(axis=0), axis=1)
            yield int(here[np.argmin(away)])


def _beside_the_border(scan):
    """The runs whose verdict was nearest to being another, one on each side."""
    margin = scan.margin(scan.verdict)
    yes = margin >= 0
    if scan.searched or yes.all() or not yes.any():
        return
    for side in (yes, ~yes):
        yield int(np.argmin(np.where(side, np.abs(margin), np.inf)))


def _farthest(places, picked):
    away = np.linalg.norm(places[:, None] - places[picked], axis=2).min(axis=1)
    away[picked] = -1.0
    return int(np.argmax(away))
