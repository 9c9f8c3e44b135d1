"""Stills of bodies: large enough to be seen at any width, close to each other, axes told apart."""

import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from ecs_model.postprocess import stills, style

COARSE = (7, 5, 4)


@pytest.fixture
def drawn(run_of):
    """A function: width [mm] -> a figure of four times, and boxes of its bodies [mm] in rows."""

    def made(width):
        run = run_of(3, (0.0, 20.0, 40.0, 60.0), counts=COARSE, v=False)
        with style.as_wide_as(width):
            figure = stills.stills(run.path)
        figure.draw_without_rendering()
        shown = [axes.get_window_extent() for axes in figure.axes if axes.images]
        boxes = np.array([box.get_points() for box in shown]) / figure.dpi * 25.4
        return figure, boxes.reshape((4, 2, 2, 2) if width < 100 else (2, 4, 2, 2))

    return made


@pytest.mark.parametrize(("width", "least"), [(85.0, 25.0), (183.0, 33.0)])
def test_bodies_are_large_and_close_to_each_other(drawn, width, least):
    _, boxes = drawn(width)
    sizes = boxes[..., 1, :] - boxes[..., 0, :]
    assert (sizes[..., 0] > least).all()
    np.testing.assert_allclose(sizes[..., 0], sizes[0, 0, 0], rtol=0.01)
    gaps = boxes[:-1, :, 0, 1] - boxes[1:, :, 1, 1]  # between rows
    assert (gaps >= 0).all() and (gaps < 0.35 * sizes[:-1, :, 1]).all()


@pytest.mark.parametrize("width", [85.0, 183.0])
def test_letters_of_axes_do_not_overlap(drawn, width):
    figure, _ = drawn(width)
    renderer = FigureCanvasAgg(figure).get_renderer()
    letters = [text for text in figure.axes[0].texts if text.get_text() in "xyz"]
    boxes = [text.get_window_extent(renderer) for text in letters]
    assert len(boxes) == 3
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
