"""Options of commands that draw."""

import argparse

import pytest

from ecs_model.cli import common


def parsed(*arguments):
    parser = argparse.ArgumentParser()
    common.add_figures(parser)
    return common.figures(parser.parse_args(arguments))


@pytest.mark.parametrize("text", ["85", "85mm", "85 mm", "8.5 cm"])
def test_a_width_is_in_millimetres_or_has_a_unit(text):
    assert parsed("--width", text)["width"] == pytest.approx(85.0)


@pytest.mark.parametrize(("text", "words"), [("wide", "cannot read 'wide'"), ("85 s", "85 s")])
def test_what_is_no_width_is_told(text, words, capsys):
    with pytest.raises(SystemExit) as ended:
        parsed("--width", text)
    assert ended.value.code == 2 and words in capsys.readouterr().err
