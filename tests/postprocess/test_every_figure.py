"""Every kind of figure, for paper and dark pages, in PNG, PDF and SVG: words, and none cut off."""

import base64
import re

import imageio.v3 as imageio
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from ecs_model.postprocess import html_page, style, theme
from tests.postprocess.figure_makers import EVERY, shown

RAW = re.compile(r"\w_\w|[A-Za-z_]\.[A-Za-z_]")  # of a key, such as max_K_o or tissue.alpha


def unmathed(text):
    """A text without what is mathematics."""
    return re.sub(r"(?<!\\)\$[^$]*\$", " ", text)


@pytest.mark.parametrize("width", [85.0, 183.0])
@pytest.mark.parametrize(("make", "kind"), EVERY, ids=[kind for _, kind in EVERY])
def test_texts_are_words_and_none_is_cut_off(figures_of, make, kind, width):
    with style.as_wide_as(width):
        for name, draw in figures_of(make, kind).items():
            figure = draw()
            edge = figure.bbox.x1
            for text, box in shown(figure):
                said = f"{name}: {text.get_text()!r}"
                assert not RAW.search(unmathed(text.get_text())), said
                assert -0.5 <= box.x0 and box.x1 <= edge + 0.5, said


@pytest.mark.parametrize("themed", theme.THEMES)
@pytest.mark.parametrize(("make", "kind"), EVERY, ids=[kind for _, kind in EVERY])
def test_every_format_can_be_had_in_both_themes(figures_of, make, kind, themed, tmp_path):
    with theme.using(themed):
        paths = style.save_all(figures_of(make, kind), tmp_path, ("png", "pdf", "svg"))
    ends = {"light": "", "dark": "_dark"}[themed]
    assert all(path.stem.endswith(ends) and path.stat().st_size > 3000 for path in paths)
    for path in [path for path in paths if path.suffix == ".png"]:
        image = imageio.imread(path)[..., :3] / 255
        paper = np.array(to_rgb(theme.THEMES[themed].paper))
        np.testing.assert_allclose(image[1, 1], paper, atol=0.01)
        assert image.std() > 0.02, path.name


@pytest.mark.parametrize(("make", "kind"), EVERY, ids=[kind for _, kind in EVERY])
def test_pages_have_a_margin_around_every_figure(figures_of, make, kind):
    for name, draw in figures_of(make, kind).items():
        for address in html_page.embedded(draw, html_page.COARSE):
            image = imageio.imread(base64.b64decode(address.partition(",")[2]))[..., :3]
            edges = [image[:2], image[-2:], image[:, :2], image[:, -2:]]
            for edge in edges:
                assert np.ptp(edge.astype(int), axis=(0, 1)).max() < 60, name  # WebP is not exact
