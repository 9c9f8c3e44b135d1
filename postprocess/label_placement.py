"""Short labels beside marked points, where they cover neither each other nor the points."""

import math

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.path import Path
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox

from ecs_model.postprocess import labels, theme

ANGLES = (0, 45, 315, 90, 270, 180, 135, 225)  # degrees: where a label may stand, the best first
REACH = (7.0, 13.0, 20.0, 28.0)  # points from a mark to its label; from the second on with a line
MARK = 6.0  # points: half of what a mark covers
AWAY = 0.02  # per point of the distance, in areas of labels
OUTSIDE, CROSSED = 4.0, 0.2  # what a label outside of the axes costs, and one across a curve


def halo():
    """Paper around letters, which are legible on any colour then."""
    return [withStroke(linewidth=2.5, foreground=theme.now().paper)]


def place(axes, places, texts, obstacles=(), size=7):
    """Write a text beside each place; the annotations.

    Args:
        axes: with everything drawn that has a say in their limits and their place.
        places: data coordinates, one pair per text.
        texts: what to write.
        obstacles: texts that should not be covered, and curves as Paths in data coordinates.
        size: of the font [points].
    """
    renderer = FigureCanvasAgg(axes.figure).get_renderer()
    axes.figure.draw_without_rendering()
    point = axes.figure.dpi / 72
    centres = [axes.transData.transform(p) for p in places]
    taken = [_box(x, y, MARK * point, MARK * point) for x, y in centres]
    curves = [o.transformed(axes.transData) for o in obstacles if isinstance(o, Path)]
    taken += [o.get_window_extent(renderer) for o in obstacles if not isinstance(o, Path)]
    made = []
    for where, text in zip(places, texts, strict=True):
        label = axes.annotate(
            labels.plain(text),
            where,
            (0, 0),
            textcoords="offset points",
            fontsize=size,
            ha="center",
            va="center",
            path_effects=halo(),
            zorder=5,
            annotation_clip=True,
        )
        taken.append(_settle(label, renderer, taken, curves, axes))
        made.append(label)
    return made


def _box(x, y, half_width, half_height):
    return Bbox([[x - half_width, y - half_height], [x + half_width, y + half_height]])


def _settle(label, renderer, taken, curves, axes):
    """Move a label to the best place; the box that it covers then."""
    box, point = label.get_window_extent(renderer), axes.figure.dpi / 72
    sizes = box.width / 2 / point, box.height / 2 / point
    choices = [(reach, _offset(angle, reach, *sizes)) for reach in REACH for angle in ANGLES]
    boxes = [box.translated(x * point, y * point) for _, (x, y) in choices]
    costs = [
        _cost(box, taken, curves, axes.bbox) + AWAY * reach
        for box, (reach, _) in zip(boxes, choices, strict=True)
    ]
    best = costs.index(min(costs))
    reach, offset = choices[best]
    label.set_position(offset)
    if reach > REACH[0]:
        axes.annotate(
            "",
            label.xy,
            offset,
            textcoords="offset points",
            zorder=4,
            arrowprops={"arrowstyle": "-", "lw": 0.5, "shrinkB": 4},
        )
    return boxes[best]


def _offset(angle, reach, half_width, half_height):
    """Middle of a label [points] from its mark, in a direction, with free space `reach`."""
    x, y = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return x * reach + _side(x) * half_width, y * reach + _side(y) * half_height


def _side(x):
    return 0 if abs(x) < 0.1 else math.copysign(1, x)


def _cost(box, taken, curves, frame):
    """What a label would cover: shares of its area, and so much more per curve."""
    area = box.width * box.height
    inside = Bbox.intersection(box, frame)
    outside = area - (inside.width * inside.height if inside else 0.0)
    shared = [s for b in taken if (s := Bbox.intersection(box, b)) is not None]
    crossed = sum(c.intersects_bbox(box, filled=False) for c in curves)
    return (sum(s.width * s.height for s in shared) + OUTSIDE * outside) / area + CROSSED * crossed
