"""What sources bring is what was asked for: amounts, places and time courses in closed form."""

import numpy as np
import pytest

from tests.helpers import run_here, series, summary
from tests.verification.answers import (
    ALPHA,
    COURSES,
    STEPS,
    VOLUMES,
    text_of,
    with_table,
)

MIDDLE = {1: '["0.2 mm"]', 2: '["0.2 mm", "0.1 mm"]', 3: '["0.2 mm", "0.1 mm", "50 um"]'}
LOW = {1: '["-1 um"]', 2: '["-1 um", "-1 um"]', 3: '["-1 um", "-1 um", "-1 um"]'}
HIGH = {1: '["0.2 mm"]', 2: '["0.2 mm", "1 mm"]', 3: '["0.2 mm", "1 mm", "1 mm"]'}


def half(d, more=""):
    """The left half as a region."""
    return (
        f'[[tissue.regions]]\nname = "half"\nbox = {{ low = {LOW[d]}, high = {HIGH[d]} }}\n{more}'
    )


def of_every_kind(d, course):
    """A source of every kind, each with the same course: text, and name -> rate [mol/s]."""
    rate, middle = 0.1 * VOLUMES[d], MIDDLE[d]  # 0.5 mM/s
    kinds = {
        "point": f'point = {middle}\nrate = "{rate!r} mol/s"',
        "cloud": f'gaussian = {{ centre = {middle}, radius = "60 um" }}\nrate = "{rate!r} mol/s"',
        "area": f'region = "half"\nrate = "{rate!r} mol/s"',
        "load": 'region = "half"\nload = "0.7 mM/s"',
    }
    texts = [
        f'[[source]]\nname = "{name}"\n{kind}\nprofile = {course.text}\n'
        for name, kind in kinds.items()
    ]
    rates = dict.fromkeys(kinds, rate) | {"load": 0.7 * ALPHA * VOLUMES[d] / 2}
    return half(d) + "".join(texts), rates


def check_amounts(run, rates, course, start):
    """Every row of the series: what each source gave, and K+ outside."""
    rows = series(run)
    for k, t in enumerate(rows["t"]):
        lasting = course.integral(t)
        for name, rate in rates.items():
            got = rows[f"source {name}"][k]
            assert got == pytest.approx(rate * lasting, rel=1e-11, abs=1e-14 * rate), (name, t)
        total = start + sum(rates.values()) * lasting
        assert rows["ecs_K"][k] == pytest.approx(total, rel=1e-11), t


@pytest.mark.parametrize("steps", ["adaptive", "long", "fixed", "one an interval"])
@pytest.mark.parametrize("name", COURSES)
def test_amounts_of_every_source_in_every_course(tmp_path, name, steps):
    course = COURSES[name]
    text, rates = of_every_kind(2, course)
    run = run_here(text_of(2, text), with_table(tmp_path) / "run", *STEPS[steps])
    check_amounts(run, rates, course, 3.0 * ALPHA * VOLUMES[2])


@pytest.mark.parametrize("steps", ["rkl2", "rkl2, fixed"])
@pytest.mark.parametrize("name", ["step", "short pulse", "train", "table"])
def test_amounts_in_explicit_steps(tmp_path, name, steps):
    course = COURSES[name]
    text, rates = of_every_kind(1, course)
    run = run_here(text_of(1, text), with_table(tmp_path) / "run", *STEPS[steps])
    check_amounts(run, rates, course, 3.0 * ALPHA * VOLUMES[1])


@pytest.mark.parametrize("d", [1, 3])
@pytest.mark.parametrize("name", ["pulse", "table"])
def test_amounts_in_every_dimension(tmp_path, name, d):
    course = COURSES[name]
    text, rates = of_every_kind(d, course)
    run = run_here(text_of(d, text), with_table(tmp_path) / "run", *STEPS["adaptive"])
    check_amounts(run, rates, course, 3.0 * ALPHA * VOLUMES[d])


@pytest.mark.parametrize("interval", ["2 s", "0.4 s", "0.1 s"])
def test_amounts_do_not_depend_on_what_is_written(tmp_path, interval):
    course = COURSES["train"]
    text, rates = of_every_kind(2, course)
    run = run_here(text_of(2, text, series=interval), tmp_path / "run", *STEPS["adaptive"])
    check_amounts(run, rates, course, 3.0 * ALPHA * VOLUMES[2])


@pytest.mark.parametrize("steps", ["adaptive", "one an interval", "rkl2"])
@pytest.mark.parametrize("name", ["pulse", "short pulse", "train", "table"])
def test_an_amount_is_what_enters_in_all(tmp_path, name, steps):
    course = COURSES[name]
    source = (
        f'[[source]]\nname = "all"\npoint = {MIDDLE[1]}\namount = "30 nmol"\n'
        f"profile = {course.text}\n"
    )
    rows = series(run_here(text_of(1, source), with_table(tmp_path) / "run", *STEPS[steps]))
    expected = [3e-8 * course.integral(t) / course.integral(2.0) for t in rows["t"]]
    np.testing.assert_allclose(rows["source all"], expected, rtol=1e-11, atol=1e-20)


def test_of_an_amount_the_part_before_the_end_enters(tmp_path):
    source = f"""[[source]]
name = "all"
point = {MIDDLE[1]}
amount = "30 nmol"
profile = {{ kind = "pulse", start = "1 s", duration = "4 s" }}
"""
    found = summary(run_here(text_of(1, source), tmp_path / "run"))["balance"]["given"]
    assert found["source all"] == pytest.approx(3e-8 / 4, rel=1e-12)


@pytest.mark.parametrize("first", ["0.1", "0.3"])
@pytest.mark.parametrize("d", [1, 2, 3])
def test_a_load_raises_its_region_by_what_it_says_whatever_alpha(tmp_path, d, first):
    """Without diffusion between (the same load everywhere) K+ rises alike: 0.7 mM/s."""
    text = (
        half(d, f"alpha = {first}\n")
        + f'[[tissue.regions]]\nname = "all"\nbox = {{ low = {LOW[d]}, '
        + f"high = {HIGH[d].replace('0.2', '2')} }}\n"
        + '[[source]]\nname = "load"\nregion = "all"\nload = "0.7 mM/s"\n'
        + f'profile = {COURSES["pulse"].text}\n[[probe]]\nname = "in"\nat = {MIDDLE[d]}\n'
    )
    rows, volume = series(run_here(text_of(d, text), tmp_path / "run")), VOLUMES[d]
    top = 3.0 + 0.7 * 0.211
    for column in ("K_o@in", "max_K_o", "min_K_o"):
        assert rows[column][-1] == pytest.approx(top, rel=1e-10)
    alphas = (float(first) + ALPHA) / 2
    assert rows["source load"][-1] == pytest.approx(0.7 * 0.211 * alphas * volume, rel=1e-11)


def test_a_region_rate_is_spread_by_volume_and_a_load_by_room(tmp_path):
    """Over two alphas: a load raises both alike, a rate raises the small space more."""
    text = """
[[tissue.regions]]
name = "narrow"
box = { low = ["-1 um"], high = ["0.2 mm"] }
alpha = 0.1
[[tissue.regions]]
name = "all"
box = { low = ["-1 um"], high = ["1 mm"] }
[[source]]
name = "rate"
region = "all"
rate = "4 mmol/s"
profile = { kind = "pulse", duration = "1 ms" }
[[probe]]
name = "narrow"
at = ["0 mm"]
[[probe]]
name = "wide"
at = ["0.4 mm"]
"""
    run = run_here(
        text_of(1, text, end="1 ms", series="1 ms"), tmp_path / "run", "time.step=0.1 ms"
    )
    rows = series(run)
    per_volume = 4e-3 * 1e-3 / VOLUMES[1]
    assert rows["K_o@narrow"][-1] - 3.0 == pytest.approx(per_volume / 0.1, rel=1e-4)
    assert rows["K_o@wide"][-1] - 3.0 == pytest.approx(per_volume / 0.2, rel=1e-4)
