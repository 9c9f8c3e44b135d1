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
from ecs_model.postprocess import style

SHARP, COARSE = 150, 110  # dots per inch of what is read, and of what is looked at
PACKAGES = ("dolfinx-solver-real", "fenics-dolfinx", "numpy", "scipy", "matplotlib", "SALib")
_QUALITY = 82  # of WebP images


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


@style.styled
def embedded(figure, dpi):
    """A figure as the address of an image that holds it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, bbox_inches="tight", pad_inches=0.05)
    return _address("png", buffer)


def photograph(pixels):
    """An image (rows, columns, 3) as the address of a small image that looks like it."""
    import imageio.v3 as imageio

    buffer = io.BytesIO()
    imageio.imwrite(buffer, pixels, extension=".webp", quality=_QUALITY)
    return _address("webp", buffer)


def _address(kind, buffer):
    return f"data:image/{kind};base64," + base64.b64encode(buffer.getvalue()).decode()


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
