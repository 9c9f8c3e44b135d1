"""Figures for light and dark pages: what can be told apart, and the names of their files."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from ecs_model import api
from ecs_model.errors import ConfigError
from ecs_model.postprocess import theme


def luminance(colour):
    parts = np.array(to_rgb(colour))
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return linear @ (0.2126, 0.7152, 0.0722)


def contrast(one, other):
    """The contrast of two colours as the WCAG define it, 1 to 21."""
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", theme.THEMES)
def test_what_is_drawn_can_be_told_from_what_is_behind_it(name):
    look = theme.THEMES[name]
    assert contrast(look.ink, look.paper) > 12 and contrast(look.dim, look.paper) > 7
    assert min(contrast(colour, look.paper) for colour in look.cycle) > 2
    areas = [*look.verdicts.values(), *look.regimes.values(), *look.agreement, look.never]
    assert min(contrast(look.ink, area) for area in areas) > 4.5  # borders, numbers, on areas


def test_a_dark_figure_of_a_directory_has_a_name_of_its_own(run_of):
    run = run_of(1)
    light, dark = (api.plot(run.path, ("svg",), theme=name) for name in theme.THEMES)
    assert {path.stem + "_dark" for path in light if path.suffix == ".svg"} <= {
        path.stem for path in dark
    }
    assert (run.path / "pictures" / "K_o_dark.mp4").is_file()


def test_another_theme_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="--theme: found 'grey'; light or dark would be right"):
        api.plot(tmp_path, theme="grey")
