"""Messages find the line, or the --set, that they are about."""

import pytest

from ecs_model.config.whereabouts import Written, told_where
from ecs_model.errors import ConfigError

TEXT = """\
[tissue]
alpha = 0.2

[[tissue.regions]]
name = "core: left"
tag = "a"

[[probe]]
name = "p"
at = ["1 mm"]

[[probe]]
name = "p q"
at = ["9 mm"]

[[boundary]]
on = "left"
bath = "3 mM"

[[source]]
name = "it's"
profile = { kind = "table", file = "a.csv" }
"""


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("tissue.alpha: must be less", 2),
        ("tissue.alpha.field: there is none", 2),
        ("alpha: must be less", 2),  # as generators and packings say it
        ("probe 'p': the point is outside", 8),
        ("probe 'p q': at: found (1 mm)", 14),
        ("boundary left: the mesh has no such boundary", 16),
        ("boundary 'left': profile: no", 16),
        ("region 'core: left' holds no cell", 4),
        ("tissue.regions 'core: left': tag: none", 6),
        ("source it's: nothing would enter", 20),
        ("boundary: two entries are on one", 16),
    ],
)
def test_a_message_finds_its_line(message, line):
    assert Written(TEXT, "run.toml").placed(message) == f"run.toml:{line}: {message}"


@pytest.mark.parametrize(
    "message", ["no C compiler found", "out: holds other things", "solver.rtol: is not there", ""]
)
def test_a_message_about_nothing_in_the_file_stays(message):
    assert Written(TEXT, "run.toml").placed(message) == message


@pytest.mark.parametrize(
    ("override", "place", "told"),
    [
        ("tissue.alpha=0.3", ["tissue", "alpha"], True),
        ("tissue.alpha=0.3", ["tissue", "alpha", "field"], True),
        ("tissue.alpha=0.3", ["tissue", "D"], False),
        ("tissue = {}", ["tissue", "D"], True),
        ("probe.p q.at=1", ["probe", 1, "at"], True),
        ("probe.p q.at=1", ["probe", 0, "at"], False),
        ("probe.1.at=1", ["probe", 1], True),
        ("probe.p.at=1", ["probe", 0], True),
        ("boundary.left.bath=1", ["boundary", 0, "bath"], True),
    ],
)
def test_what_was_set_on_the_command_line_is_named_instead(override, place, told):
    where = Written(TEXT, "run.toml", ["time.end=1 s", override]).where(place)
    assert (where == f"--set {override}") == told


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (["probe", 1, "at", 0], "p q"),
        (["boundary", 0, "bath"], "left"),
        (["tissue", "regions", 0, "tag"], "core: left"),
        (["tissue", "alpha"], ""),
        (["probe", 7, "at"], ""),
    ],
)
def test_a_setting_of_an_entry_knows_its_name(place, name):
    assert Written(TEXT, "run.toml").entry_of(place) == name


def test_the_last_of_two_that_set_the_same_counts():
    written = Written(TEXT, "run.toml", ["tissue.alpha=1", "tissue.alpha=2"])
    assert written.placed("tissue.alpha: no").startswith("--set tissue.alpha=2: ")


def test_an_error_is_told_where_and_others_pass(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(TEXT)
    with pytest.raises(ConfigError, match=rf"^{path}:8: probe 'p': outside"), told_where(path):
        raise ConfigError("probe 'p': outside")
    with pytest.raises(KeyError), told_where(path):
        raise KeyError("p")
