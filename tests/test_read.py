"""A configuration is read strictly, and every complaint has its line."""

import datetime
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecs_model.config.reader import parse_config
from ecs_model.config.resolve import check, with_intervals
from ecs_model.config.run import Config
from ecs_model.config.template import template
from ecs_model.config.whereabouts import find_line
from ecs_model.errors import ConfigError
from ecs_model.membrane import MODELS
from ecs_model.run.origin import resolved_text
from tests.parallel.runs import CONFIG as EVERYTHING
from tests.robust.cases import BASE

ODD = [
    True,
    float("nan"),
    float("inf"),
    -1,
    0,
    0.5,
    10**400,
    "",
    "x",
    "1 mM",
    "nan s",
    "1e999 s",
    [],
    [1],
    [[1]],
    {},
    {"x": 1},
    {"file": 1},
    {"parallel": 1},
    datetime.date(2020, 1, 1),
    "\0",
]


def places(tree, path=()):
    """Paths of all values of a configuration, tables and lists included."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items if isinstance(tree, dict | list) else ():
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


def replaced(tree, path, value):
    if not path:
        return value
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[path[0]] = replaced(tree[path[0]], path[1:], value)
    return copy


def complaint(text):
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "run.toml")
    return str(caught.value)


@pytest.mark.parametrize("text", [BASE, EVERYTHING, template()], ids=["small", "all", "template"])
def test_odd_values_anywhere_are_accepted_or_explained(text, monkeypatch):
    """Never another exception, at any place of any configuration."""
    tree = tomllib.loads(text)
    for path in places(tree):
        for value in ODD:
            changed = replaced(tree, path, value)
            monkeypatch.setattr(tomllib, "loads", lambda _, changed=changed: changed)
            try:
                config = parse_config(text)
                assert isinstance(config, Config)
                check(with_intervals(config), MODELS[config.membrane.model])
            except ConfigError as error:
                assert "Value error" not in str(error) and "pydantic" not in str(error)


@given(st.text(max_size=60))
def test_any_text_is_read_or_explained(text):
    try:
        parse_config(text)
    except ConfigError:
        pass


@given(st.text("abc.=[]{}\"' 0123456789,", max_size=20))
def test_any_override_is_read_or_explained(override):
    try:
        parse_config(BASE, overrides=[override])
    except ConfigError:
        pass


def test_every_setting_that_is_misspelt_is_found_in_its_line():
    """Each key of a large configuration, one after the other."""
    for number, line in enumerate(EVERYTHING.splitlines(), 1):
        key = line.partition(" =")[0]
        if " = " not in line or "{" in line:
            continue
        wrong = EVERYTHING.splitlines()
        wrong[number - 1] = line.replace(key, f"{key}x", 1)
        said = complaint("\n".join(wrong))
        assert f"run.toml:{number}: " in said and f"{key}x: no such setting" in said


def test_lines_of_repeated_tables():
    text = '[[probe]]\nname = "a"\n\n[[probe]]\n# a comment\nname = "b"\nat = 3\n'
    assert find_line(text, ["probe", 1, "at"]) == 7
    assert find_line(text, ["probe", 0]) == 1
    assert find_line(text, ["probe", 1, "missing"]) == 4
    assert find_line(text, ["tissue"]) is None


def test_all_mistakes_come_at_once():
    wrong = (
        BASE.replace("alpha = 0.2", "alpha = 2").replace('"20 ms"', "20").replace("[line", "[lne")
    )
    said = complaint(wrong)
    for words in ("tissue.alpha", "time.step", "lne: no such setting; did you mean 'line'"):
        assert words in said
    assert len(said.splitlines()) == 4


@pytest.mark.parametrize(
    ("override", "get", "value"),
    [
        ("tissue.alpha=0.3", lambda c: c.tissue.alpha, 0.3),
        ("time.step=10 ms", lambda c: c.time.step, 0.01),
        ('time.step="10 ms"', lambda c: c.time.step, 0.01),
        ("probe.p.name=q", lambda c: c.probe[0].name, "q"),
        ("probe.0.name=q", lambda c: c.probe[0].name, "q"),
        ("boundary.left.bath=5 mM", lambda c: c.boundary[0].bath, 5.0),
        ("tissue.regions.core.alpha=0.15", lambda c: c.tissue.regions[0].alpha, 0.15),
        ("solver.scheme=rkl2", lambda c: c.solver.scheme, "rkl2"),
        ("membrane.parameters.A=0.1", lambda c: c.membrane.parameters["A"], 0.1),
    ],
)
def test_overrides_win(override, get, value):
    assert get(parse_config(BASE, overrides=[override])) == pytest.approx(value)


@pytest.mark.parametrize("text", [BASE, EVERYTHING, template()], ids=["small", "all", "template"])
def test_the_resolved_text_says_the_same(text):
    config = parse_config(text)
    again = parse_config(resolved_text(config))
    assert again == config and resolved_text(again) == resolved_text(config)
