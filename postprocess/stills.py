"""Stills of runs in space: the surface and, next to it, the half behind a cut, or the other side.

PyVista draws the bodies without a display; labels, scales and colour bars are Matplotlib's, with
the fonts of the other figures. The projection is parallel: one scale bar holds everywhere.
"""

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from ecs_model.errors import ConfigError
from ecs_model.postprocess import labels, style, theme
from ecs_model.postprocess.fields import finite_range, load, spread
from ecs_model.postprocess.scene import Scene
from ecs_model.run import field_series

NARROW = 4.5  # inches: of a figure with bodies that are too small side by side
BAR = 0.9  # inches: beside the bodies, for the colours
DENSITY = 300  # pixels per inch of a body: what journals ask for
PLUMP = 0.8  # height over width of the highest panel
BELOW = 0.12  # of the height of a picture: room for a scale bar
LETTER = 5.0  # points: from the end of an axis to the middle of its letter


def stills(run_dir, name="K_o", times=4):
    """Figure of a field of a run in space: whole above, cut below, one column per time."""
    return stills_of(load(run_dir), name, times)


def stills_of(fields, name="K_o", times=4):
    """As `stills`, of the Fields of a run."""
    _check_space(fields)
    if name not in fields.names:
        raise ConfigError(
            f"{fields.folder} has no field {name!r}; it has {', '.join(fields.names)}"
        )
    indices = spread(len(fields.times), times)
    titles = [labels.time_text(fields.times[i]) for i in indices]
    values = (fields.at(name, i) for i in indices)
    label = fields.label(name)
    return _strip(fields, values, titles, fields.limits(name), name, label)


def arrival(run_dir, name="arrival_K_o"):
    """Figure of the time [s] at which the front arrived, whole and cut; grey where it never did."""
    return arrival_of(load(run_dir), name)


@style.styled
def arrival_of(fields, name="arrival_K_o"):
    """As `arrival`, of the Fields of a run."""
    _check_space(fields)
    found, units = field_series.read_maps(fields.folder)
    if name not in found:
        has = ", ".join(found) or "none"
        raise ConfigError(f"{fields.folder} has no map {name!r}; it has {has}")
    limits = labels.limits(name, *finite_range(found[name]))
    fig = _strip(fields, [found[name]], [""], limits, name, labels.label(name, units[name]))
    if np.isnan(found[name]).any():
        fig.legend(handles=[style.never_patch()], loc="outside upper right")
    return fig


@style.styled
def _strip(fields, all_values, titles, limits, name, label):
    """Figure with the whole body and the cut one of every nodal field in `all_values`.

    A time is a column; on a narrow figure, where bodies in columns would be too small, it is a row.
    """
    fig = style.figure(1.0)
    upright = len(titles) > 1 and fig.get_figwidth() > NARROW
    width = (fig.get_figwidth() - BAR) / (len(titles) if upright else 2)
    pixels = DENSITY * width, PLUMP * DENSITY * width
    scene = Scene(fields.body, limits, style.colour_map(name), pixels)
    panels = _panels(fig, len(titles), upright, width * scene.pixels[1] / scene.pixels[0])
    for pair, values, title in zip(panels, all_values, titles, strict=True):
        _show(pair, scene, values)
        pair[0].set_title(title or " ")  # a line above, into which the cross of axes reaches
    scale_bar([p for p in fig.axes if p.get_subplotspec().is_last_row()], scene)
    axes_cross(panels[0, 0], scene)
    colours = ScalarMappable(Normalize(*limits), style.colour_map(name))
    style.colour_bar(fig, colours, name, label, ax=fig.axes, pad=0.01, aspect=30, shrink=0.8)
    scene.close()
    return fig


def _panels(fig, times, upright, height):
    """Panels (times, 2) for the whole and the cut body, so high [inches], of every time."""
    rows, columns = (2, times) if upright else (times, 2)
    heights = [*[1.0] * (rows - 1), 1.0 + BELOW]
    words = 0.7 if upright else 0.4 + 0.2 * rows
    fig.set_figheight(sum(heights) * height + words)
    panels = fig.subplots(rows, columns, squeeze=False, height_ratios=heights)
    return panels.T if upright else panels


def _show(pair, scene, values):
    """Draw the whole body into the first of two panels, the cut one into the second."""
    for axes, cut in zip(pair, (False, True), strict=True):
        scene.draw(values, cut)
        axes.imshow(scene.image(), extent=(0, scene.width, 0, scene.height))
        axes.set_axis_off()


def scale_bar(panels, scene):
    """A bar of a round length [mm], about a quarter of the picture, below a body.

    Args:
        panels: side by side; the bar is in the first of them.
        scene: what they show.
    """
    axes = panels[0]
    length = _round_length(scene.width / 4)
    x, y = 0.02 * scene.width, 0.0
    axes.plot([x, x + length], [y, y], color=theme.now().ink, linewidth=2, clip_on=False)
    text = f"{length:g} {labels.LENGTH}"
    axes.annotate(text, (x + length / 2, y), (0, -3), **_offset("center", "top"))
    for axes in panels:
        axes.set_xlim(0, scene.width)
        axes.set_ylim(-BELOW * scene.height, scene.height)


def axes_cross(axes, scene):
    """The three axes of space as they are seen, in the upper left corner and beyond."""
    length, origin = 0.06 * scene.width, np.array([0.04 * scene.width, 0.94 * scene.height])
    look = {"color": theme.now().dim, "linewidth": 0.8, "clip_on": False, "in_layout": False}
    axes.autoscale(False)
    for name, direction in zip("xyz", np.eye(3), strict=True):
        seen = np.array([direction @ scene.body.right, direction @ scene.body.up])
        axes.plot(*zip(origin, origin + length * seen, strict=True), **look)
        away = LETTER * seen / max(np.hypot(*seen), 1e-9)
        how = _offset("center", "center") | {"fontsize": 7, "color": theme.now().dim}
        how["annotation_clip"] = False
        axes.annotate(name, origin + length * seen, away, **how).set_in_layout(False)


def _offset(horizontal, vertical):
    return {"textcoords": "offset points", "ha": horizontal, "va": vertical, "fontsize": 8}


def _check_space(fields):
    if (n := fields.space) != 3:
        raise ConfigError(f"{fields.folder} has dimension {n}, not 3; use postprocess.maps")


def _round_length(length):
    """The greatest of 1, 2, 5 times a power of ten that is not above `length`."""
    power = 10.0 ** np.floor(np.log10(length))
    return max(step * power for step in (1, 2, 5) if step * power <= length)
