"""Numbers on contours: inside the axes, clear of each other and of what is marked."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from ecs_model.postprocess.label_placement import halo

STEP = 4.0  # points along a contour between places that are tried
APART = 4.0  # points between numbers, and to the edge of the axes


def number(axes, lines, marks=(), size=7):
    """Write its level on each contour that has room for it; the texts.

    Args:
        axes: whose limits and place are final.
        lines: what `tricontour` drew.
        marks: data coordinates that no number should cover.
        size: of the font [points].
    """
    renderer = FigureCanvasAgg(axes.figure).get_renderer()
    axes.figure.draw_without_rendering()
    point = axes.figure.dpi / 72
    taken = [axes.transData.transform(place) for place in marks]
    made = []
    for level, path in zip(lines.levels, lines.get_paths(), strict=True):
        text = axes.text(0, 0, f"{level:.4g}", fontsize=size, ha="center", va="center", zorder=3.5)
        box = text.get_window_extent(renderer)
        half = np.array([box.width, box.height]) / 2 + APART * point
        place = _best(_along(path, axes.transData, STEP * point), axes.bbox, half, taken)
        if place is None:
            text.remove()
            continue
        text.set(position=axes.transData.inverted().transform(place), path_effects=halo())
        taken.append(place)
        made.append(text)
    return made


def _along(path, transform, step):
    """Places along the longest part of a contour [pixels]; shape (places, 2)."""
    parts = [transform.transform(part) for part in path.to_polygons(closed_only=False)]
    parts = [part for part in parts if len(part) > 1]
    if not parts:
        return np.empty((0, 2))
    arcs = [np.append(0.0, np.cumsum(np.hypot(*np.diff(part, axis=0).T))) for part in parts]
    longest = int(np.argmax([arc[-1] for arc in arcs]))
    part, arc = parts[longest], arcs[longest]
    at = np.linspace(0, arc[-1], max(int(arc[-1] / step), 2))
    return np.column_stack([np.interp(at, arc, part[:, k]) for k in range(2)])


def _best(places, frame, half, taken):
    """The place nearest to the middle of a contour where a number fits; None if none does."""
    low, high = np.array([frame.p0, frame.p1])
    inside = ((places - half >= low) & (places + half <= high)).all(axis=1)
    clear = [all((abs(place - other) > half * 1.6).any() for other in taken) for place in places]
    fitting = np.flatnonzero(inside & np.array(clear, bool))
    if not len(fitting):
        return None
    return places[fitting[np.abs(fitting - len(places) / 2).argmin()]]
