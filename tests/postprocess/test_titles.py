"""Titles above whole figures."""

import pytest

from ecs_model import api
from ecs_model.errors import ConfigError
from ecs_model.postprocess import style, titles

LONG = "After Somebody & Another (1999), Some Journal 12, 345, doi:10.1000/a.very-long.address: "


@pytest.mark.parametrize("place", ["outside upper center", "outside right upper"])
@pytest.mark.parametrize("width", [None, 85.0])
def test_a_title_lies_above_all_that_is_drawn(tmp_path, place, width):
    with style.as_wide_as(width):
        figure = style.figure(3.0)
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], label="something")
        figure.legend(loc=place)
        titles.put(figure, 3 * LONG)
        style.save(figure, tmp_path / "figure.png")
    (text,), (legend,) = figure.texts, figure.legends
    assert text.get_window_extent().y0 > legend.get_window_extent().y1
    assert text.get_window_extent().x1 <= figure.bbox.x1
    assert "doi:10.1000/a.very-long.address" in text.get_text()


def test_figures_of_a_run_can_have_its_title(run_of, monkeypatch):
    run, saved = run_of(1), {}
    monkeypatch.setattr(style, "save", lambda figure, path: saved.setdefault(path, figure))
    api.plot(run.path, titled=True)
    assert saved
    for figure in saved.values():
        assert [text.get_text() for text in figure.texts] == [api.open_run(run.path).name]


def test_a_fit_has_no_title(tmp_path):
    (tmp_path / "fit.csv").write_text("t [s]\n")
    with pytest.raises(ConfigError, match=r"--titled: .* is a fit, which has no title"):
        api.plot(tmp_path, titled=True)
