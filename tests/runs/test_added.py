"""A run with a mechanism of one's own goes on with the code that it began with, and no other."""

import shutil

import pytest

from ecs_model import api
from ecs_model.errors import ConfigError

RUN = """\
[mesh]
generator = "interval"
length = "0.4 mm"
cell = "40 um"

[membrane]
model = "pump_leak"
add = ["mine.py:mine"]
parameters = { g_mine = "0.3 S/m^2" }

[time]
end = "0.1 s"
step = "20 ms"

[output]
every = "0.1 s"
"""
MINE = """\
from ecs_model.membrane.mechanism import Conductance, mechanism, quantity

@mechanism({"g_mine": quantity(0.1, "S/m^2", "of mine", low=0.0)})
def mine(v, c, y, p, T):
    return {"K": Conductance(p.g_mine)}
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("added")
    (folder / "mine.py").write_text(MINE)
    (folder / "run.toml").write_text(RUN)
    assert api.run(folder / "run.toml", folder / "out", quiet=True).code == 0
    return folder


@pytest.fixture
def copy(whole, tmp_path):
    """A copy of the run directory, whose paths still start from the first folder."""
    return shutil.copytree(whole / "out", tmp_path / "out")


BY_CHANCE = """\
import os
from ecs_model.membrane.mechanism import Conductance, mechanism, quantity

NUMBER = float(os.environ["NUMBER"])

@mechanism({"g_mine": quantity(DEFAULT, "S/m^2", "of mine", low=0.0)})
def mine(v, c, y, p, T):
    return {"K": Conductance(FACTOR * p.g_mine)}
"""


def longer(folder):
    return api.resume(folder, overrides=["time.end=0.2s"], quiet=True).code


def test_it_goes_on(copy):
    assert longer(copy) == 0


@pytest.mark.parametrize(
    ("now", "message"),
    [(MINE.replace('"K"', '"Na"'), r"mine\.py changed"), (MINE + "# a note", r"mine\.py changed")],
)
def test_not_with_other_contents_of_the_file(whole, copy, now, message):
    (whole / "mine.py").write_text(now)
    try:
        with pytest.raises(ConfigError, match=message):
            longer(copy)
    finally:
        (whole / "mine.py").write_text(MINE)


def test_nor_with_another_mechanism_unless_it_is_trusted(whole, copy):
    (whole / "other.py").write_text(MINE)
    resolved = copy / "config.resolved.toml"
    resolved.write_text(resolved.read_text().replace("mine.py:mine", "other.py:mine"))
    with pytest.raises(ConfigError, match=r"membrane\.add, then give --trust"):
        longer(copy)


@pytest.mark.parametrize(
    ("default", "factor", "message"),
    [
        ("0.1 * NUMBER", "1.0", r"another value of the membrane model \(.*g_mine.* changed\)"),
        ("0.1", "NUMBER", "another membrane model"),
    ],
)
def test_nor_with_what_the_same_file_makes_of_chance(
    tmp_path, monkeypatch, default, factor, message
):
    """As it may by the hash of a text or the clock, in a number or in the text of a formula."""
    text = BY_CHANCE.replace("DEFAULT", default).replace("FACTOR", factor)
    (tmp_path / "mine.py").write_text(text)
    (tmp_path / "run.toml").write_text(RUN)
    monkeypatch.setenv("NUMBER", "1.0")
    assert api.run(tmp_path / "run.toml", tmp_path / "out", quiet=True).code == 0
    monkeypatch.setenv("NUMBER", "1.5")
    with pytest.raises(ConfigError, match=message):
        longer(tmp_path / "out")
    monkeypatch.setenv("NUMBER", "1.0")
    assert longer(tmp_path / "out") == 0


def test_a_parameter_by_which_nothing_can_be_divided_is_named(tmp_path):
    (tmp_path / "mine.py").write_text(MINE.replace("p.g_mine)", "0.01 / p.g_mine)"))
    (tmp_path / "run.toml").write_text(RUN.replace("0.3 S/m^2", "0 S/m^2"))
    with pytest.raises(ConfigError, match=r"membrane\.parameters\.g_mine: .*potential"):
        api.run(tmp_path / "run.toml", tmp_path / "out", quiet=True)
