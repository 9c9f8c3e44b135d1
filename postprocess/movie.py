"""MP4 movies of one field of a run."""

from pathlib import Path

import imageio
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from ecs_model.errors import ConfigError
from ecs_model.files import atomic
from ecs_model.postprocess import labels, style, theme
from ecs_model.postprocess.fields import load, spread
from ecs_model.run.rundir import RunDir

_PIXELS = (960, 720)
_FRAMES = 300
_RATE = 12  # frames per second
_MARGIN = 1.3  # leaves room for the colour bar
_UPPER_LEFT = (0.003, 1.0)  # of the image: a text whose size VTK need not fit to a corner


def movie(run_dir, name="K_o", path=None, frames=_FRAMES, pixels=_PIXELS):
    """`path` (or pictures/<name>.mp4), which then holds at most `frames` times of a field.

    Bodies are shown cut in half.
    """
    return movie_of(load(run_dir), name, path, frames, pixels)


def movie_of(fields, name="K_o", path=None, frames=_FRAMES, pixels=_PIXELS):
    """As `movie`, of the Fields of a run."""
    if name not in fields.names:
        has = ", ".join(fields.names)
        raise ConfigError(f"{fields.folder} has no field {name!r}; it has {has}")
    path = Path(path or RunDir(fields.folder).pictures / f"{name}{theme.mark()}.mp4")
    images = _curves if fields.dimension == 1 else _bodies
    with style.as_wide_as(None):  # a film is as large as its pixels say
        _encode(path, images(fields, name, spread(len(fields.times), frames), pixels))
    return path


def _encode(path, images):
    """Make `path` the movie of `images`; it gets its name when it is complete."""
    temporary = path.with_name(f".{path.stem}.tmp.mp4")
    with atomic.explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            options = {"fps": _RATE, "codec": "libx264", "quality": 7, "macro_block_size": 2}
            options["output_params"] = ["-preset", "veryfast"]  # no larger, in half the time
            with imageio.get_writer(temporary, format="FFMPEG", **options) as writer:
                for image in images:
                    writer.append_data(image)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def _bodies(fields, name, indices, pixels):
    """Images of a two- or three-dimensional run; one text changes from frame to frame."""
    from ecs_model.postprocess.scene import Scene  # loads PyVista, which 1D does not need

    limits, colours = fields.limits(name), style.colour_map(name)
    scene = Scene(fields.body, limits, colours, pixels, margin=_MARGIN)
    scene.draw(fields.at(name, 0))
    text = _annotate(scene, fields.plain_label(name))
    for i in indices:
        scene.draw(fields.at(name, i), cut=fields.dimension == 3)
        text.input = labels.time_text(fields.times[i])
        yield scene.image()
    scene.close()


def _annotate(scene, label):
    """The text of the time; a colour bar is added too, below the body, what it means beside it."""
    ink = theme.now().ink
    scene.plotter.add_scalar_bar(
        " ",
        mapper=scene.plotter.actors["body"].mapper,
        color=ink,
        vertical=False,
        width=0.5,
        height=0.08,
        position_x=0.4,
        position_y=0.02,
        label_font_size=16,
        fmt="%g",
        render=False,
    )
    ink = {"color": ink, "render": False}
    scene.plotter.add_text(label, position="lower_left", font_size=10, **ink)
    size = f"{scene.body.extent[0]:.3g} {labels.LENGTH} wide"
    scene.plotter.add_text(size, position="upper_right", font_size=10, **ink)
    time = scene.plotter.add_text(" ", position=_UPPER_LEFT, viewport=True, font_size=14, **ink)
    time.prop.justification_vertical = "top"
    return time


def _curves(fields, name, indices, pixels):
    """Images of a one-dimensional run."""
    order = np.argsort(fields.points[:, 0])
    canvas, curve, title = _profile(fields, name, fields.points[order, 0], pixels)
    still = canvas.copy_from_bbox(canvas.figure.bbox)
    for i in indices:
        curve.set_ydata(fields.at(name, i)[order])
        title.set_text(labels.time_text(fields.times[i]))
        canvas.restore_region(still)
        for artist in (curve, title):
            curve.axes.draw_artist(artist)
        yield np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])


@style.styled
def _profile(fields, name, positions, pixels):
    """A canvas of `pixels` on which all is drawn but what changes: a curve and a title."""
    fig = style.figure(pixels[1] / style.DPI, pixels[0] / style.DPI)
    axes = fig.subplots()
    axes.set(xlabel=f"Position [{labels.LENGTH}]", ylabel=fields.label(name))
    axes.set(xlim=(positions[0], positions[-1]), ylim=fields.limits(name))
    canvas, title = FigureCanvasAgg(fig), axes.set_title("t")
    (curve,) = axes.plot(positions, np.zeros(len(positions)))
    canvas.draw()  # places everything, once
    fig.set_layout_engine("none")
    for artist in (curve, title):
        artist.set_animated(True)
    canvas.draw()
    return canvas, curve, title
