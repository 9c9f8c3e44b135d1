"""Events and contents: parameters in time and space act as the integral of their course says."""

import itertools
import json

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from tests.helpers import run_here, series, summary
from tests.verification.answers import (
    ALPHA,
    COURSES,
    STEPS,
    VOLUMES,
    text_of,
    with_table,
)

# A membrane that releases K+ at a rate: what comes out is the integral of the rate.
RELEASE = '''"""Release at a rate."""

from ecs_model.membrane.model import MembraneModel
from ecs_model.record import concentration, quantity, record


@record
class State:
    """One node."""

    K_o = concentration(3.0, "extracellular potassium")


@record
class Parameters:
    """A rate and a share of K+ that is taken up."""

    rate = quantity(0.0, "mM/s", "release")
    k = quantity(0.0, "1/s", "uptake")


def rhs(y, p, env):
    """Time derivative of the state [mM/s]."""
    return State(K_o=p.rate - p.k * y.K_o)


model = MembraneModel(name="out", summary="release", State=State, Parameters=Parameters, rhs=rhs)
'''
WAYS = {name: steps for name, steps in STEPS.items() if name != "rkl2, fixed"}
ENDS = """
[[probe]]
name = "middle"
at = ["0.2 mm"]
[[probe]]
name = "first"
at = ["0 mm"]
[[probe]]
name = "last"
at = ["0.4 mm"]
"""


def halves(d):
    """Both halves as regions "left" and "right"."""
    low, high = json.dumps(["-1 um"] * d), json.dumps(["0.2 mm", *["1 mm"] * (d - 1)])
    start, end = json.dumps(["0.2 mm", *["-1 um"] * (d - 1)]), json.dumps(["1 mm"] * d)
    return (
        f'[[tissue.regions]]\nname = "left"\nbox = {{ low = {low}, high = {high} }}\n'
        f'[[tissue.regions]]\nname = "right"\nbox = {{ low = {start}, high = {end} }}\n'
    )


def event(name, values, course, region=None):
    """The text of an event."""
    where = f'region = "{region}"\n' if region else ""
    table = ", ".join(f"{k} = {v}" for k, v in values.items())
    return (
        f'[[event]]\nname = "{name}"\n{where}parameters = {{ {table} }}\nprofile = {course.text}\n'
    )


@pytest.fixture
def released(tmp_path):
    """A function that runs a line of releasing tissue: its columns."""
    (with_table(tmp_path) / "release.py").write_text(RELEASE)

    def run(*sections, steps=(), d=1, **more):
        text = text_of(d, *sections, **more).replace('model = "none"', 'file = "release.py"')
        return series(run_here(text, tmp_path / "run", *steps))

    return run


@pytest.mark.parametrize("steps", WAYS)
@pytest.mark.parametrize("name", COURSES)
def test_a_release_gives_its_integral(released, name, steps):
    course = COURSES[name]
    rows = released(event("on", {"rate": 2.0}, course), ENDS, steps=WAYS[steps])
    exact = [3 + 2 * course.integral(t) for t in rows["t"]]
    for place in ("first", "middle", "last"):
        np.testing.assert_allclose(rows[f"K_o@{place}"], exact, rtol=1e-9, err_msg=place)
    room = ALPHA * VOLUMES[1]
    given = room * (np.array(exact) - 3)
    np.testing.assert_allclose(rows["membranes"], given, rtol=1e-8, atol=1e-12 * room)


@pytest.mark.parametrize("steps", WAYS)
@pytest.mark.parametrize("name", ["short pulse", "train", "table"])
def test_an_event_that_halts_a_release(released, name, steps):
    course = COURSES[name]
    base = "[membrane.parameters]\nrate = 2.0\n"
    factor = 0.0 if name != "table" else 1.0
    rows = released(event("off", {"rate": factor}, course), base, ENDS, steps=WAYS[steps])
    exact = [3 + 2 * t + (factor - 2) * course.integral(t) for t in rows["t"]]
    np.testing.assert_allclose(rows["K_o@middle"], exact, rtol=1e-9)


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("name", ["pulse", "train"])
def test_the_same_event_on_two_halves_is_that_on_the_whole(released, name, d):
    course = COURSES[name]
    both = (event(side, {"rate": 2.0}, course, side) for side in ("left", "right"))
    rows = released(halves(d), *both, d=d)
    exact = [3 + 2 * course.integral(t) for t in rows["t"]]
    for column in ("max_K_o", "min_K_o"):
        np.testing.assert_allclose(rows[column], exact, rtol=1e-9)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_an_event_on_a_half_releases_half(released, d):
    """The node between counts by the cells that belong to the region."""
    course = COURSES["train"]
    rows = released(halves(d), event("left", {"rate": 2.0}, course, "left"), d=d)
    given = [ALPHA * VOLUMES[d] * course.integral(t) for t in rows["t"]]
    np.testing.assert_allclose(rows["membranes"], given, rtol=1e-8, atol=1e-20)


@pytest.mark.parametrize("first", ["left", "right"])
def test_events_on_two_halves_do_not_disturb_each_other(released, first):
    """Each has its own course; the amounts add up, in any order of the entries."""
    acts = {"left": ("pulse", 2.0), "right": ("train", 3.0)}
    order = [first, *(side for side in acts if side != first)]
    texts = [event(s, {"rate": acts[s][1]}, COURSES[acts[s][0]], s) for s in order]
    rows = released(halves(1), *texts)
    parts = [[v * COURSES[c].integral(t) for t in rows["t"]] for c, v in acts.values()]
    given = ALPHA * VOLUMES[1] / 2 * np.sum(parts, axis=0)
    np.testing.assert_allclose(rows["membranes"], given, rtol=1e-8, atol=1e-20)


@pytest.mark.parametrize("steps", WAYS)
def test_events_on_different_parameters_act_together(released, steps):
    """Release in a pulse, uptake in a train: the linear equation, piece by piece."""
    one, two = COURSES["pulse"], COURSES["train"]
    texts = event("in", {"rate": 6.0}, one), event("out", {"k": 0.9}, two)
    rows = released(*texts, ENDS, steps=[*WAYS[steps], "membrane.tolerance=1e-6"])
    rate = lambda t, K: 6.0 * one.factor(t) - 0.9 * two.factor(t) * K  # noqa: E731
    bends, K, exact = sorted({0.0, *one.bends, *two.bends, *rows["t"]}), 3.0, {0.0: 3.0}
    for a, b in itertools.pairwise(bends):
        middle = (a + b) / 2
        piece = lambda t, K: rate(middle, K)  # noqa: B023, E731
        K = solve_ivp(piece, (a, b), [K], rtol=1e-10, atol=1e-12).y[0, -1]
        exact[b] = K
    np.testing.assert_allclose(rows["K_o@middle"], [exact[t] for t in rows["t"]], rtol=2e-5)


def test_where_two_events_act_on_one_parameter_the_last_wins(released):
    one, two = COURSES["step"], COURSES["pulse"]
    rows = released(event("a", {"rate": 1.0}, one), event("b", {"rate": 5.0}, two), ENDS)
    exact = [3 + one.integral(t) + 4 * two.integral(t) for t in rows["t"]]
    np.testing.assert_allclose(rows["K_o@middle"], exact, rtol=1e-9)


@pytest.mark.parametrize("interval", ["2 s", "0.25 s", "40 ms"])
def test_an_event_does_not_depend_on_what_is_written(released, interval):
    course = COURSES["train"]
    rows = released(event("on", {"rate": 2.0}, course), ENDS, series=interval)
    exact = [3 + 2 * course.integral(t) for t in rows["t"]]
    np.testing.assert_allclose(rows["K_o@middle"], exact, rtol=1e-9)


def test_an_event_and_a_region_of_other_base(released):
    """Where a region has a value of its own, the event ends there too."""
    region = halves(1).replace('name = "left"\n', 'name = "left"\nparameters = { rate = 1.0 }\n')
    course = COURSES["pulse"]
    rows = released(region, event("on", {"rate": 4.0}, course))
    given = [
        ALPHA * VOLUMES[1] / 2 * (4 * course.integral(t) + (t + 3 * course.integral(t)))
        for t in rows["t"]
    ]
    np.testing.assert_allclose(rows["membranes"], given, rtol=1e-8, atol=1e-20)


PACKED = """
[mesh]
generator = "interval"
length = "0.4 mm"
cell = "0.1 mm"
[tissue]
alpha = {alpha}
packing = "{packing}"
[membrane]
model = "pump_leak"
{base}
[time]
end = "4 s"
step = "50 ms"
adaptive = false
[output]
every = "4 s"
series = "1 s"
fields = ["K_o", "V", "K_i"]
[[probe]]
name = "here"
at = ["0.1 mm"]
"""


@pytest.mark.parametrize("packing", ["scaled", "swollen", "fixed"])
@pytest.mark.parametrize("alpha", [0.1, 0.2, 0.3])
@pytest.mark.parametrize(("name", "value"), [("S", '"2e6 1/m"'), ("phi", "0.5")])
def test_an_event_is_packed_as_a_parameter_is(tmp_path, name, value, packing, alpha):
    """From the beginning to the end it is the same as the parameter itself."""
    text = PACKED.format(alpha=alpha, packing=packing, base="{base}")
    initial = '[membrane.initial]\nK_o = "9 mM"\n'
    set_ = text.format(base=f"[membrane.parameters]\n{name} = {value}\n{initial}")
    acts = text.format(base=initial) + (
        f'[[event]]\nname = "e"\nparameters = {{ {name} = {value} }}\n'
    )
    one, two = (
        series(run_here(t, tmp_path / f"run{k}", "membrane.tolerance=1e-7"))
        for k, t in enumerate((set_, acts))
    )
    for column in ("K_o@here", "K_i@here", "V@here"):
        np.testing.assert_allclose(two[column], one[column], rtol=1e-7, err_msg=column)


ALPHAS = [(0.2, 0.2), (0.1, 0.3), (0.35, 0.05)]


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("alphas", ALPHAS)
def test_regions_hold_what_they_were_given(tmp_path, d, alphas):
    """At the start: alpha times volume times concentration, also of Na+ and a probe ion."""
    text = halves(d)
    for side, alpha, level in (("left", alphas[0], 11.0), ("right", alphas[1], 4.0)):
        text = text.replace(
            f'name = "{side}"\n',
            f'name = "{side}"\nalpha = {alpha}\n'
            f"initial = {{ K_o = {level}, Na_o = {10 * level}, TMA_o = {level / 8} }}\n",
        )
    ions = '[tissue]\nions = ["K", { name = "Na", initial = "3 mM" }, "TMA"]\n'
    run = run_here(text_of(d, ions, text, end="20 ms", series="20 ms"), tmp_path / "run")
    found, half = summary(run)["balance"], VOLUMES[d] / 2
    held = half * (alphas[0] * 11.0 + alphas[1] * 4.0)
    assert found["ecs_start"] == pytest.approx(held, rel=1e-12)
    assert found["ions"]["Na"]["ecs_start"] == pytest.approx(10 * held, rel=1e-12)
    assert found["ions"]["TMA"]["ecs_start"] == pytest.approx(held / 8, rel=1e-12)
    for ion in (found, *found["ions"].values()):
        assert ion["ecs_end"] == pytest.approx(ion["ecs_start"], rel=1e-12)


INSIDE = """
[[tissue.regions]]
name = "{side}"
box = {box}
alpha = {alpha}
parameters = {{ {parameters} }}
initial = {{ {initial} }}
"""


@pytest.mark.parametrize("packing", ["scaled", "fixed"])
@pytest.mark.parametrize("alphas", ALPHAS)
@pytest.mark.parametrize("phis", [(0.5, 0.5), (0.3, 0.6)])
def test_cells_hold_what_they_were_given(tmp_path, alphas, phis, packing):
    """At the start: volume fraction of cells times volume times K+ in them, side by side."""
    text, expected = "", 0.0
    boxes = ('{ low = ["-1 um"], high = ["0.2 mm"] }', '{ low = ["0.2 mm"], high = ["1 mm"] }')
    for k, (alpha, phi, level) in enumerate(zip(alphas, phis, (140.0, 70.0), strict=True)):
        text += INSIDE.format(
            side=f"half {k}",
            box=boxes[k],
            alpha=alpha,
            parameters=f"phi = {phi}",
            initial=f"K_i = {level}",
        )
        fraction = phi * ((1 - alpha) / 0.8 if packing == "scaled" else 1.0)
        expected += 0.2e-3 * fraction * level
    run = run_here(
        f'[mesh]\ngenerator = "interval"\nlength = "0.4 mm"\ncell = "20 um"\n{text}'
        f'[tissue]\npacking = "{packing}"\n[membrane]\nmodel = "pump_leak"\n'
        '[time]\nend = "1 ms"\nstep = "1 ms"\n[output]\nevery = "1 ms"\n',
        tmp_path / "run",
    )
    assert summary(run)["balance"]["cells_start"] == pytest.approx(expected, rel=1e-9)
