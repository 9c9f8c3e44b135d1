"""Pages of one file: tables, and figures as images inside of it. Nothing is loaded from elsewhere.

The frame of all pages is `page.html`; each kind of report is a child of it.
"""

import base64
import datetime
import io
import platform
from importlib import resources
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from ecs_model import __version__
from ecs_model.files import atomic
from ecs_model.postprocess import style, theme

SHARP, COARSE = 150, 110  # dots per inch of what is read, and of what is looked at
PACKAGES = ("dolfinx-solver-real", "fenics-dolfinx", "numpy", "scipy", "matplotlib", "SALib")
_QUALITY = 82  # of WebP images that are looked at
_READ = {"quality": 92}  # of those that are read


def write(path, name, content):
    """`path`, which then holds the page made of the template `name` and its content by name.

    Raises:
        ConfigError: if it cannot be written.
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    pages = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    atomic.write_text(path, pages.get_template(name).render(**content))
    return Path(path)


def _template(name):
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def embedded(draw, dpi):
    """Addresses of the images that hold what a function draws: on white paper, on a dark page."""
    return in_themes(lambda: _saved(draw(), dpi))


def in_themes(made):
    """What a function returns in each theme: a pair (light, dark)."""
    pair = []
    for name in ("light", "dark"):
        with theme.using(name):
            pair.append(made())
    return tuple(pair)


@style.styled
def _saved(figure, dpi):
    """The address of the image of a figure, which is laid out once."""
    box = style.tight_box(figure)
    figure.set_layout_engine("none")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="webp", dpi=dpi, bbox_inches=box, pil_kwargs=_READ)
    return _address(buffer)


def drawing(pixels):
    """An image (rows, columns, 4) of lines and letters as the address of the same image."""
    return _encoded(pixels, lossless=True)


def photograph(pixels):
    """An image (rows, columns, 4) as the address of a small image that looks like it."""
    return _encoded(pixels, quality=_QUALITY)


def _encoded(pixels, **how):
    import imageio.v3 as imageio

    buffer = io.BytesIO()
    imageio.imwrite(buffer, pixels, extension=".webp", **how)
    return _address(buffer)


def _address(buffer):
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def toml(settings):
    """Settings as TOML, without those that are None."""
    import tomli_w

    return tomli_w.dumps(_without_none(settings))


def _without_none(value):
    if isinstance(value, dict):
        return {k: _without_none(v) for k, v in value.items() if v is not None}
    return [_without_none(v) for v in value] if isinstance(value, list) else value


def number(value):
    """A number as tables show it; a dash if it is unknown."""
    return f"{value:.4g}" if np.isfinite(value) else "-"


def made():
    """Pairs that say with what the page was made, and when."""
    yield "Report", f"ecs-model {__version__}, Python {platform.python_version()}, {_versions()}"
    yield "Written", datetime.datetime.now().astimezone().isoformat(timespec="seconds")


def _versions():
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)
