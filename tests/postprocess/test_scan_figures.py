"""Figures of scans: numbers of contours, bars of Sobol indices, names of outcomes."""

import re

import pytest
from matplotlib.container import ErrorbarContainer

from ecs_model.postprocess import contour_labels, labels, style
from tests.postprocess.figure_makers import scanned, shown


@pytest.mark.parametrize("kind", ["map", "adaptive", "threshold", "maps"])
def test_numbers_of_contours_lie_inside_of_the_axes(figures_of, kind):
    figure = figures_of(scanned, kind)["map"]()
    counted = 0
    for text, box in shown(figure):
        ax = text.axes
        if ax is None or text not in ax.texts or not re.fullmatch(r"[\d.]+", text.get_text()):
            continue
        frame, counted = ax.get_window_extent(), counted + 1
        assert frame.x0 <= box.x0 and box.x1 <= frame.x1, text.get_text()
        assert frame.y0 <= box.y0 and box.y1 <= frame.y1, text.get_text()
    assert counted >= 3


def test_a_contour_without_room_has_no_number(tmp_path):
    with style.as_wide_as(60.0):
        ax = style.figure(2.0).subplots()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    x, y, z = [0, 1, 0, 1], [0, 0, 1, 1], [0, 1, 1, 2]
    lines = ax.tricontour(x, y, z, levels=[0.01, 1.0])
    assert [text.get_text() for text in contour_labels.number(ax, lines)] == ["1"]


def test_bars_of_sobol_indices_are_whole(figures_of):
    figure = figures_of(scanned, "sensitivity")["sensitivity"]()
    for ax in figure.axes:
        left, right = ax.get_xlim()
        spans = [bar.lines[2][0] for bar in ax.containers if isinstance(bar, ErrorbarContainer)]
        assert len(spans) == 2
        for span in spans:
            for segment in span.get_segments():
                assert left <= segment[:, 0].min() and segment[:, 0].max() <= right


def test_outcomes_of_scans_are_named_in_words():
    words = labels.untypeset(labels.outcome("fronts.along.speed_mm_per_min"))
    assert words == "Speed on line along [mm/min]"
    assert labels.untypeset(labels.outcome("max_K_o")) == "Maximum of [K+]o [mM]"
    assert labels.outcome("duration_s") == "Time above the threshold [s]"
    assert labels.outcome("energy.mean_W_per_m3") == "Mean of energy [W/m$^3$]"
