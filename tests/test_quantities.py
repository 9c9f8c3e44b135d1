"""Text with a unit to SI, by the table and by pint."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecs_model.quantities import length_text, parse, point_text
from ecs_model.units import DIMENSIONS, from_si, to_si

UNITS = [(kind, unit) for kind, units in DIMENSIONS.items() for unit in units]
NUMBERS = st.floats(-1e12, 1e12).filter(lambda x: x == 0 or abs(x) > 1e-12)


@given(NUMBERS, st.sampled_from(UNITS))
def test_what_is_written_is_read(number, unit):
    assert parse(f"{number!r} {unit[1]}", unit[1]) == pytest.approx(to_si(number, unit[1]))


@given(NUMBERS, st.sampled_from(UNITS))
def test_there_and_back(number, unit):
    assert from_si(to_si(number, unit[1]), unit[1]) == pytest.approx(number)


@given(st.sampled_from(UNITS), st.sampled_from(UNITS))
def test_another_kind_is_refused(one, other):
    if one[0] != other[0]:
        with pytest.raises(ValueError, match="is needed here"):
            parse(f"1 {one[1]}", other[1])


@settings(deadline=None)  # the first text that pint has to read waits for it
@given(st.text(max_size=20))
def test_any_text_is_a_number_or_a_sentence(text):
    try:
        assert math.isfinite(parse(text, "mM"))
    except ValueError as error:
        assert "mM" in str(error) or "finite" in str(error)


@pytest.mark.parametrize("value", [1, 1.5, True, None, [], {}])
def test_what_is_no_text_needs_a_unit(value):
    with pytest.raises(ValueError, match="needs a unit"):
        parse(value, "s")


@pytest.mark.parametrize(
    ("text", "unit", "si"),
    [
        ("3.5 mM", "mM", 3.5),
        ("3.5mM", "mM", 3.5),
        ("1e-3 M", "mM", 1.0),
        ("-70 mV", "V", -0.07),
        ("0.1", "1", 0.1),
        ("20 %", "1", 0.2),
        (" 5  um ", "m", 5e-6),
        (".5 s", "s", 0.5),
        ("310.15 kelvin", "K", 310.15),
        ("2 nmol/cm^2/s", "mol/m^2/s", 2e-5),
        ("3 millimolar", "mM", 3.0),
        ("1 day", "s", 86400.0),
    ],
)
def test_examples(text, unit, si):
    assert parse(text, unit) == pytest.approx(si, rel=1e-14)


def test_the_way_of_writing_does_not_matter():
    """The last digits, which differ, are dropped: restarts compare configurations."""
    assert parse("3 mM", "mM") == parse("0.003 M", "mM") == parse("3 mol/m^3", "mM")


@pytest.mark.parametrize(("value", "shown"), [(3, "3 um"), (True, "1 um"), ({"x": 3}, "1 um")])
def test_what_is_no_text_gets_an_example_that_would_be_right(value, shown):
    with pytest.raises(ValueError, match=f'needs a unit: write a string such as "{shown}"'):
        parse(value, "um")


@pytest.mark.parametrize("text", ["50 um", "2 mm", "1.5 m", "0.1 nm", "0 mm", "-12.5 um"])
def test_lengths_are_told_as_they_are_written(text):
    assert length_text(parse(text, "um")) == text


def test_points_are_told_in_millimetres():
    assert point_text((1e-4, 0.0, -2e-3)) == "(0.1, 0, -2) mm"
