"""Pages of one file: tables, and figures as images inside of it. Nothing is loaded from elsewhere.

The frame of all pages is `page.html`; each kind of report is a child of it.
"""

import base64
import datetime
import io
import platform
from functools import partial
from importlib import resources
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from ecs_model import __version__
from ecs_model.files import atomic
from ecs_model.postprocess import style, theme

SHARP, COARSE = 150, 110  # dots per inch of what is read, and of what is looked at
PACKAGES = ("dolfinx-solver-real", "fenics-dolfinx", "numpy", "scipy", "matplotlib", "SALib")
_SEEN = {"quality": 82, "method": 2}  # WebP images that are looked at; 2 is quick
_READ = {"quality": 92, "method": 2}  # those that are read


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
    light, dark = in_themes(draw)
    box = style.tight_box(light)
    style.lay_out_as(dark, light)
    return in_themes(partial(_saved, box, dpi), (light, dark))


def in_themes(made, *pairs):
    """What a function returns in each theme, of what is for it in pairs: a pair (light, dark)."""
    both = []
    for name, *given in zip(("light", "dark"), *pairs, strict=True):
        with theme.using(name):
            both.append(made(*given))
    return tuple(both)


@style.styled
def _saved(box, dpi, figure):
    """The address of the image of a figure that has its layout."""
    buffer, how = io.BytesIO(), {"format": "webp", "dpi": dpi, "pil_kwargs": _READ}
    figure.savefig(buffer, bbox_inches=box, facecolor=figure.get_facecolor(), **how)
    return _address(buffer)


def drawing(pixels):
    """Lines and letters (rows, columns, 4) as the address of an image of them."""
    return _encoded(pixels, _READ)


def photograph(pixels):
    """An image (rows, columns, 4) as the address of a small image that looks like it."""
    return _encoded(pixels, _SEEN)


def _encoded(pixels, how):
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
