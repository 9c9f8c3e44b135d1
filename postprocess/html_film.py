"""Fields of a run in two or three dimensions as pictures that a page turns over like a film."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from ecs_model.postprocess import html_page, labels, stills, style, theme
from ecs_model.postprocess.fields import spread
from ecs_model.postprocess.scene import Scene

FRAMES = 36
BUDGET = 3_600_000  # bytes of all images together
_DPI = 100
_PIXELS = {2: (640, 512), 3: (400, 320)}  # of a view, by the dimension: about what is shown
_ORDER = ("K_o", "V", "alpha", "Phi_e", "V_g")
_FIELDS = 4


@dataclass(frozen=True)
class Films:
    """Pictures of some fields at the same times, which lie below a frame for each colour scheme.

    Attributes:
        times: what heads each picture, such as "12 s".
        images: name of a field -> addresses of its pictures, transparent around the tissue.
        frames: name of a field -> addresses of what is around it: axes and colours, (light, dark).
    """

    times: list
    images: dict
    frames: dict


def films(fields):
    """The Films of the fields that matter most, no larger than BUDGET.

    Args:
        fields: Fields of two or three dimensions.
    """
    indices = spread(len(fields.times), FRAMES)
    made = {name: _film(fields, name, indices) for name in _chosen(fields)}
    images, frames = ({name: pair[k] for name, pair in made.items()} for k in (0, 1))
    times = [labels.time_text(fields.times[i]) for i in indices]
    while _size(images) > BUDGET and len(times) > 2:
        times, images = _thinned(times), {n: _thinned(row) for n, row in images.items()}
    return Films(times, images, frames)


def _chosen(fields):
    known = [name for name in _ORDER if name in fields.names]
    return [*known, *(n for n in fields.names if n not in known)][:_FIELDS]


def _size(images):
    return sum(len(image) for row in images.values() for image in row)


def _thinned(row):
    """Every second of a row, its last one among them."""
    return row[::-2][::-1]


def _film(fields, name, indices):
    """Addresses of the pictures of a field at some output times, and those of their frames.

    The pictures are the same in both schemes, so that their colours must be told from both papers.
    """
    limits, colours = fields.limits(name), style.colour_map(name, theme.DARK.least)
    pixels = _PIXELS[fields.space]
    scene = Scene(fields.body, limits, colours, pixels)
    stage = partial(_stage, fields, name, scene, Normalize(*limits), colours)
    stages = html_page.in_themes(stage)
    frames = html_page.in_themes(_frame, stages)
    canvas, shown = stages[0]
    pictures = (_picture(canvas, shown, scene, fields.at(name, i)) for i in indices)
    images = [*map(html_page.photograph, pictures)]
    scene.close()
    return images, frames


@style.styled
def _frame(stage):
    """The address of what a canvas shows around its images, on no paper."""
    canvas, shown = stage
    for image in shown:
        image.set_visible(False)
    canvas.draw()
    return html_page.drawing(np.asarray(canvas.buffer_rgba()))


def _picture(canvas, shown, scene, values):
    """The images of a field alone, where the canvas has them: shape (rows, columns, 4)."""
    renderer = canvas.get_renderer()
    renderer.clear()
    for image, cut in zip(shown, (False, True), strict=False):
        scene.draw(values, cut)
        image.set(data=scene.image(transparent=True), visible=True)
        image.draw(renderer)
    return np.asarray(canvas.buffer_rgba()).copy()


@style.styled
def _stage(fields, name, scene, norm, colours):
    """A canvas with a colour bar, and its images: one of a plane; of a body also the cut one."""
    columns = fields.space - 1
    shape = scene.pixels[1] / scene.pixels[0]
    height = (style.WIDTH - 1.2) / columns * shape + 0.6
    figure = style.figure(min(height, 6.5), layout="compressed")
    figure.set_dpi(_DPI)
    panels = figure.subplots(1, columns, squeeze=False)[0]
    blank = np.zeros((*scene.pixels[::-1], 4), np.uint8)
    shown = [axes.imshow(blank, extent=_extent(scene, columns)) for axes in panels]
    _furnish(panels, scene)
    mappable, text = ScalarMappable(norm, colours), fields.label(name)
    style.colour_bar(figure, mappable, name, text, ax=[*panels], pad=0.02, aspect=25)
    figure.patch.set_visible(False)
    for axes in panels:
        axes.patch.set_visible(False)
    return FigureCanvasAgg(figure), shown


def _extent(scene, columns):
    """Where an image lies: in a plane at its coordinates [mm], of a body from its corner."""
    if columns == 2:
        return 0, scene.width, 0, scene.height
    x, y = scene.body.centre[:2]
    return x - scene.width / 2, x + scene.width / 2, y - scene.height / 2, y + scene.height / 2


def _furnish(panels, scene):
    """Axes around a plane; a scale and the directions of space beside a body."""
    if len(panels) == 1:
        panels[0].set(xlabel=f"x [{labels.LENGTH}]", ylabel=f"y [{labels.LENGTH}]")
        return
    titles = ("from the front", "from behind") if scene.body.is_surface else ("whole", "cut")
    for axes, title in zip(panels, titles, strict=True):
        axes.set_axis_off()
        axes.set_title(title)
    stills.scale_bar([panels[1], panels[0]], scene)
    stills.axes_cross(panels[0], scene)
