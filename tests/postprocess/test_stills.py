"""Stills of bodies: large enough to be seen at any width, close to each other, axes told apart."""

import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from ecs_model.meshes import box
from ecs_model.postprocess import stills, style
from ecs_model.postprocess.body import Body, unstructured

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


@pytest.mark.parametrize("width", [1.2, 1.1], ids=["along nodes", "between nodes"])
def test_a_cut_body_shows_what_a_cut_through_all_of_its_cells_would(width):
    mesh = box((1.0, width, 0.8), 0.1)
    values = np.random.default_rng(5).random(len(mesh.points))
    values[mesh.points[:, 2] < 0.25] = np.nan  # never reached
    body, grid = Body(mesh.points, mesh.cells), unstructured(mesh.points, mesh.cells)
    body.coloured(1.0 - values, cut=True)
    skin = body.coloured(values, cut=True)
    grid.point_data["values"] = values
    whole = grid.clip(normal=body.across, origin=body.centre)
    lies_on_nodes = np.isclose(mesh.points[:, 1], width / 2).any()
    assert lies_on_nodes == (width == 1.2)
    expected = whole.extract_surface(algorithm="dataset_surface")
    shown = dict(zip(_places(skin.points), skin["values"], strict=True))
    found = [shown[place] for place in _places(expected.points)]
    np.testing.assert_allclose(found, expected["values"], rtol=1e-12)
    assert 100 < len(found) and 0.1 < np.isnan(found).mean() < 0.9


def test_a_cut_a_hair_beside_nodes_shows_their_values():
    """So close that they have all of the share: nothing of another node, which may be nan."""
    mesh = box((1.0, 1.2, 0.8), 0.1)
    points = mesh.points - (0, 0.6, 0)
    beside = np.abs(points[:, 1]) < 1e-9
    points[beside, 1] = -1e-18  # before the cut
    values = np.where(np.arange(len(points)) == 0, np.nan, points[:, 0])
    skin = Body(points, mesh.cells).coloured(values, cut=True)
    shown = np.abs(skin.points[:, 1]) < 1e-9
    assert shown.sum() > 50
    np.testing.assert_allclose(skin["values"][shown], skin.points[shown, 0], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("cut", [False, True])
def test_what_is_infinite_at_a_node_is_so_there_and_no_further_than_its_cells(cut):
    mesh = box((1.0, 1.1, 0.8), 0.1)
    values = np.where(np.isclose(mesh.points, (0.5, 1.1, 0.8)).all(axis=1), np.inf, 1.0)
    skin = Body(mesh.points, mesh.cells).coloured(values, cut)
    assert np.isinf(skin["values"]).sum() == 1
    assert (skin["values"] >= 1.0).all()


def _places(points):
    return [tuple(p) for p in np.round(np.asarray(points, float), 6)]
