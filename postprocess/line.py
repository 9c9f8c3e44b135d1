"""Space-time plots: a field along a line, over time."""

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.postprocess import labels, style
from ecs_model.postprocess.fields import finite_range, load, spread
from ecs_model.run.rundir import RunDir
from ecs_model.run.tables import line_names, read_line

_SAMPLES = 200
_TIMES = 400
_OUTSIDE = -1e-9  # least barycentric coordinate of a point that is inside


@style.styled
def space_time(run_dir, line=None):
    """Figure of the fields along a line (rows) over time (columns), one panel per field.

    Args:
        run_dir: the run directory.
        line: name of a probe line; without one the first of the run, or, if it has none, the
            longest axis of the box around the mesh, from the stored fields.
    """
    times, places, values, units = along_line(run_dir, line)
    meanings = RunDir.open(run_dir).meanings
    if len(times) < 2:
        raise ConfigError(f"{run_dir} has {len(times)} time on the line; at least 2 are needed")
    fig = style.figure(0.5 + 2.1 * len(values))
    panels = fig.subplots(len(values), sharex=True, squeeze=False)[:, 0]
    for axes, (name, rows) in zip(panels, values.items(), strict=True):
        low, high = labels.limits(name, *finite_range(rows))
        colours = {"cmap": style.colour_map(name), "vmin": low, "vmax": high}
        drawn = _draw(axes, times, places, rows.T, is_word=bool(labels.words(name)), **colours)
        axes.set_ylabel(f"Position [{labels.LENGTH}]")
        text = labels.label(name, units.get(name, ""), meanings)
        style.colour_bar(fig, drawn, name, text, ax=axes, pad=0.01)
    panels[-1].set_xlabel("Time [s]")
    return fig


def _draw(axes, times, places, values, is_word, **colours):
    """Draw values, shape (places, times): smoothly, but for words and what was never reached."""
    is_smooth = np.isfinite(values).all() and not is_word
    if is_smooth and _are_even(times) and _are_even(places):
        half_t, half_x = times[1] / 2 - times[0] / 2, places[1] / 2 - places[0] / 2
        box = times[0] - half_t, times[-1] + half_t, places[0] - half_x, places[-1] + half_x
        how = {"origin": "lower", "aspect": "auto", "interpolation": "bilinear"}
        drawn = axes.imshow(values, extent=box, **how, **colours)
        axes.set(xlim=(times[0], times[-1]), ylim=(places[0], places[-1]))
        return drawn
    shading = "gouraud" if is_smooth else "nearest"
    return axes.pcolormesh(times, places, values, shading=shading, rasterized=True, **colours)


def _are_even(values):
    """Whether values follow each other at equal distances."""
    gaps = np.diff(values)
    return len(gaps) > 0 and np.allclose(gaps, gaps[0], rtol=1e-6, atol=0.0)


def along_line(run_dir, line=None):
    """Times [s], positions [mm], main fields by name (one row per time), units by name."""
    folder = RunDir.open(run_dir).path
    known = line_names(folder)
    if line is None and not known:
        return _along_longest_axis(load(folder))
    if line is not None and line not in known:
        raise ConfigError(f"{folder} has no line {line!r}; it has {', '.join(known) or 'none'}")
    return read_line(folder, line or known[0])


def _along_longest_axis(fields):
    indices = spread(len(fields.times), _TIMES)
    places, nodes, weights = longest_axis(fields.points, fields.cells)
    values = {
        name: np.array([(fields.at(name, i)[nodes] * weights).sum(axis=1) for i in indices])
        for name in fields.main
    }
    return fields.times[indices], places, values, fields.units


def longest_axis(points, cells, samples=_SAMPLES):
    """Samples of the longest axis through the centre of the box around a mesh.

    Returns:
        Positions along the axis, and per sample the nodes of the cell it is in and their weights;
        nan outside the mesh.
    """
    dimension = cells.shape[1] - 1
    points = points[:, :dimension]
    low, high = points.min(axis=0), points.max(axis=0)
    axis = int(np.argmax(high - low))
    line = np.tile((low + high) / 2, (samples, 1))
    line[:, axis] = np.linspace(low[axis], high[axis], samples)
    nodes, weights = _locate(points, _near(points, cells, line[0], axis), line)
    return line[:, axis], nodes, weights


def _near(points, cells, start, axis):
    """The cells whose box is met by the line through `start` along `axis`."""
    corners = points[cells]
    slack = 1e-9 * np.ptp(points, axis=0)
    met = (corners.min(axis=1) <= start + slack) & (start - slack <= corners.max(axis=1))
    met[:, axis] = True
    return cells[met.all(axis=1)]


def _locate(points, cells, line):
    """Nodes of the cell that each point of `line` is in, and barycentric weights, nan outside."""
    nodes = np.zeros((len(line), cells.shape[1]), int)
    weights = np.full(nodes.shape, np.nan)
    origin = points[cells[:, 0]]
    edges = np.swapaxes(points[cells[:, 1:]] - origin[:, None], 1, 2)
    inverse = np.linalg.inv(edges)
    for i, place in enumerate(line):
        rest = np.einsum("cij,cj->ci", inverse, place - origin)
        found = np.column_stack([1 - rest.sum(axis=1), rest])
        best = int(np.argmax(found.min(axis=1))) if len(found) else None
        if best is not None and found[best].min() >= _OUTSIDE:
            nodes[i], weights[i] = cells[best], found[best]
    return nodes, weights
