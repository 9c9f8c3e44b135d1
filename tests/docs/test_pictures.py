"""Every picture of the pages is there, is used, and is newer than what draws it."""

import re

import pytest

from docs import draw, picture_list
from tests.docs import pages

SHOWN = re.compile(r"pictures/([\w-]+)\.(?:png|mp4)")


def test_pictures_are_newer_than_what_draws_them():
    """`python docs/draw.py` draws those that are older."""
    assert set(draw.outdated()) <= picture_list.LONG


def test_every_picture_is_drawn_by_the_script_or_one_that_it_names():
    there = {path.stem for path in draw.PICTURES.glob("*.png")}
    assert there == {*picture_list.MADE, *picture_list.SCRIPTS}


@pytest.mark.parametrize("name", picture_list.MADE)
def test_what_a_picture_shows_can_be_computed(name):
    assert "[" in draw.text(picture_list.MADE[name].config)
    assert (draw.CODE / f"{picture_list.MADE[name].module}.py").is_file()


def test_pages_show_no_picture_that_is_not_there():
    shown = {n for p in pages.PAGES for n in SHOWN.findall((pages.ROOT / p).read_text())}
    there = {path.stem for path in draw.PICTURES.iterdir()}
    assert shown - there <= {"course", "maps", "paraview"}  # of results, on pages about them


def test_a_digest_knows_code_and_settings_from_words_about_them(tmp_path, monkeypatch):
    module = tmp_path / "style.py"
    texts = ('"""Says."""\nx = 1  # one\n', '"""Says more."""\n\nx = 1\n', '"""Says."""\nx = 2\n')
    found = []
    for text in texts:
        module.write_text(text)
        found.append(draw._essence(module))
    assert found[0] == found[1] != found[2]
    before = draw.digest("sd_wave")
    monkeypatch.setattr(draw, "text", lambda config: "[time]\nend = 1\n")
    assert draw.digest("sd_wave") != before
