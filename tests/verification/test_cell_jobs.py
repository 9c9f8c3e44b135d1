"""Jobs of single cells against SciPy and closed forms: courses, events, steady states, limits."""

import csv
import itertools
import json

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ecs_model import api
from ecs_model.errors import ConfigError
from ecs_model.run.tables import read_series


def job(folder, text, *overrides):
    """summary.json of a job."""
    (folder / "job.toml").write_text(text)
    api.cell(folder / "job.toml", folder / "out", overrides, overwrite=True, quiet=True)
    return json.loads((folder / "out" / "summary.json").read_text())


def table(folder, name):
    """Columns of a table of a job, those that are numbers as arrays."""
    with open(folder / "out" / name, newline="") as file:
        rows = list(csv.DictReader(file))
    return {head: np.array([row[head] for row in rows]) for head in rows[0]}


def numbers(folder, column="K_o [mM]"):
    """Times [s] and a column of course.csv."""
    found = table(folder, "course.csv")
    return found["time [s]"].astype(float), found[column].astype(float)


def nagumo(K, A=6e-3, rest=3.0, middle=12.0, top=55.0):
    """dK/dt [mM/s]."""
    return -A * (K - rest) * (K - middle) * (K - top)


@pytest.mark.parametrize("start", [4.0, 8.0, 11.9, 12.1, 30.0, 60.0])
@pytest.mark.parametrize("every", ["0.05 s", "1 s"])
def test_a_course_is_that_of_scipy(tmp_path, start, every):
    text = f"""[membrane]
model = "nagumo"
tolerance = 1e-7
initial = {{ K_o = "{start} mM" }}
[time]
end = "10 s"
every = "{every}"
"""
    job(tmp_path, text)
    t, K = numbers(tmp_path)
    exact = solve_ivp(lambda _, y: nagumo(y), (0, 10), [start], "LSODA", t, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(K, exact.y[0], rtol=2e-5)


UPTAKE = """[membrane]
model = "threshold_release"
tolerance = 1e-7
parameters = {{ r = 0.0, k = 0.5 }}
[time]
end = "10 s"
every = "{every}"
"""


def pieces(t, changes, start=3.0):
    """K+ of linear uptake at times `t`, where changes are (time, rest, rate, added)."""
    K, now, found = start, 0.0, np.empty(len(t))
    rest, rate = 3.0, 0.5
    for (begin, *settings), (end, *_) in itertools.pairwise([*changes, (np.inf,)]):
        K, now = rest + (K - rest) * np.exp(-rate * (begin - now)), begin
        rest, rate, added = settings
        K += added
        there = (t >= begin - 1e-9) & (t < end)
        found[there] = rest + (K - rest) * np.exp(-rate * (t[there] - begin))
    return found


COURSES = {
    "a step of K+": (
        '[[event]]\nname = "a"\nstart = "1.237 s"\nadd = { K_o = "5 mM" }\n',
        [(0, 3, 0.5, 0), (1.237, 3, 0.5, 5)],
    ),
    "a pulse of rest": (
        '[[event]]\nname = "a"\nstart = "1.237 s"\nduration = "2.5 s"\n'
        'parameters = { K_rest = "20 mM" }\n',
        [(0, 3, 0.5, 0), (1.237, 20, 0.5, 0), (3.737, 3, 0.5, 0)],
    ),
    "shorter than a sample": (
        '[[event]]\nname = "a"\nstart = "1.2371 s"\nduration = "1.3 ms"\n'
        'parameters = { K_rest = "900 mM", k = 40.0 }\n',
        [(0, 3, 0.5, 0), (1.2371, 900, 40, 0), (1.2384, 3, 0.5, 0)],
    ),
    "two that overlap": (
        '[[event]]\nname = "a"\nstart = "1 s"\nduration = "4 s"\nparameters = { K_rest = 20.0 }\n'
        '[[event]]\nname = "b"\nstart = "2.3 s"\nduration = "5 s"\nparameters = { k = 2.0 }\n',
        [(0, 3, 0.5, 0), (1, 20, 0.5, 0), (2.3, 20, 2, 0), (5, 3, 2, 0), (7.3, 3, 0.5, 0)],
    ),
    "one that stays": (
        '[[event]]\nname = "a"\nstart = "4.1 s"\nadd = { K_o = 2.0 }\n'
        "parameters = { K_rest = 9.0 }\n",
        [(0, 3, 0.5, 0), (4.1, 9, 0.5, 2)],
    ),
    "one at the beginning": (
        '[[event]]\nname = "a"\nadd = { K_o = 4.0 }\n',
        [(0, 3, 0.5, 4)],
    ),
}


@pytest.mark.parametrize("name", COURSES)
@pytest.mark.parametrize("every", ["10 ms", "0.4 s", "2.5 s"])
def test_events_of_a_cell_act_when_they_should(tmp_path, name, every):
    events, changes = COURSES[name]
    job(tmp_path, UPTAKE.format(every=every) + events)
    t, K = numbers(tmp_path)
    np.testing.assert_allclose(K, pieces(t, changes), rtol=2e-5)


def test_put_is_what_the_state_becomes(tmp_path):
    put = '[[event]]\nname = "a"\nstart = "2.03 s"\nput = { K_o = "11 mM" }\n'
    job(tmp_path, UPTAKE.format(every="0.5 s") + put)
    t, K = numbers(tmp_path)
    exact = np.where(t < 2.03, 3.0, 3 + 8 * np.exp(-0.5 * (t - 2.03)))
    np.testing.assert_allclose(K, exact, rtol=2e-5)


@pytest.mark.parametrize("near", [3.4, 11.6, 50.0])
@pytest.mark.parametrize("middle", [12.0, 20.0])
def test_steady_states_and_their_eigenvalues(tmp_path, near, middle):
    """The three zeros of the cubic, and its slopes there."""
    text = f"""[membrane]
model = "nagumo"
parameters = {{ K_threshold = "{middle} mM" }}
[[steady]]
near = {{ K_o = "{near if near != 11.6 else middle - 0.4} mM" }}
"""
    (member,) = job(tmp_path, text)["members"]
    (steady,) = member["steady"]
    zero = {3.4: 3.0, 11.6: middle, 50.0: 55.0}[near]
    assert steady["state"]["K_o"][0] == pytest.approx(zero, rel=1e-7)
    others = [x for x in (3.0, middle, 55.0) if x != zero]
    slope = -6e-3 * (zero - others[0]) * (zero - others[1])
    ((real, imaginary),) = steady["eigenvalues [1/s]"]
    assert real == pytest.approx(slope, rel=1e-5) and imaginary == 0.0
    assert steady["stable"] == (slope < 0)


THRESHOLD = """[membrane]
model = "threshold_release"
tolerance = 1e-7
parameters = {{ k = {k} }}
[node]
alpha = {alpha}
[[event]]
name = "it"
start = "0.7 s"
{event}
[[threshold]]
event = "it"
vary = "{vary}"
low = {low}
high = {high}
tolerance = 1e-5
wait = "{wait} s"
window = "1 s"
triggered = {{ K_o = "above 20 mM" }}
"""
# What is varied, the event, its ends, and the closed form of the threshold: K+ of 12 mM.
STIMULI = {
    "add.K_o": ("add = { K_o = 1.0 }", '"1 mM"', '"50 mM"', lambda k: 9.0),
    "put.K_o": ("put = { K_o = 5.0 }", '"4 mM"', '"50 mM"', lambda k: 12.0),
    "duration": (
        'duration = "1 s"\nparameters = { K_rest = 30.0 }',
        '"0.01 s"',
        '"9 s"',
        lambda k: np.log(27 / 18) / k,
    ),
    "parameters.K_rest": (
        'duration = "1 s"\nparameters = { K_rest = 30.0 }',
        '"4 mM"',
        '"90 mM"',
        lambda k: 3 + 9 / (1 - np.exp(-k)),
    ),
}


@pytest.mark.parametrize("vary", STIMULI)
@pytest.mark.parametrize(("k", "wait"), [(0.4, 20), (0.8, 20), (0.8, 7), (1.6, 20)])
def test_thresholds(tmp_path, vary, k, wait):
    """Ignition at 12 mM, whatever the event and however long one waits."""
    event, low, high, law = STIMULI[vary]
    text = THRESHOLD.format(k=k, alpha=0.2, event=event, vary=vary, low=low, high=high, wait=wait)
    ((found,),) = (m["thresholds"] for m in job(tmp_path, text)["members"])
    assert found["value"] == pytest.approx(law(k), rel=1e-4)
    assert found["below"] <= found["value"] <= found["above"]


@pytest.mark.parametrize("alpha", [0.1, 0.3])
def test_the_amount_of_a_threshold_is_that_of_the_room(tmp_path, alpha):
    event, low, high, _ = STIMULI["add.K_o"]
    text = THRESHOLD.format(
        k=0.8, alpha=alpha, event=event, vary="add.K_o", low=low, high=high, wait=20
    )
    ((found,),) = (m["thresholds"] for m in job(tmp_path, text)["members"])
    assert found["amount per tissue [mM]"] == pytest.approx(9 * alpha, rel=1e-4)


def test_a_batch_is_its_cells_one_by_one(tmp_path):
    base = UPTAKE.format(every="0.5 s") + COURSES["a pulse of rest"][0]
    batch = '[[batch]]\nname = "initial.K_o"\nvalues = ["4 mM", "9 mM", "30 mM"]\n'
    job(tmp_path, base + batch)
    together = numbers(tmp_path)[1].reshape(3, -1)
    for start, course in zip((4.0, 9.0, 30.0), together, strict=True):
        job(tmp_path, base, f"membrane.initial={{ K_o = {start} }}")
        np.testing.assert_allclose(course, numbers(tmp_path)[1], rtol=1e-7)


# A membrane with everything known: a fold of K+, a Hopf point of V and W, in chosen units.
KNOWN = '''"""A cubic in K+, a rotor in V."""

from ecs_model.membrane.model import MembraneModel
from ecs_model.record import concentration, quantity, record


@record
class State:
    """One node."""

    K_o = concentration(4.0, "extracellular potassium")
    V = quantity(-70.0, "mV", "potential")
    W = quantity(0.0, "mV", "its partner")


@record
class Parameters:
    """What drives them."""

    drive = quantity(-30.0, "mM/s", "drive of the cubic")
    s = quantity(4.0, "1", "its folds lie at 10 -+ sqrt(s)")
    mu = quantity(-1.0, "1/s", "growth of the rotor")
    omega = quantity(60.0, "1/s", "its frequency")
    centre = quantity(-70.0, "mV", "its centre")


def rhs(y, p, env):
    """Time derivative of the state."""
    x, v, w = y.K_o - 10.0, y.V - p.centre, y.W
    grow = p.mu - 1e4 * (v * v + w * w)
    return State(
        K_o=p.drive - x * x * x + 3.0 * p.s * x, V=grow * v - p.omega * w, W=p.omega * v + grow * w
    )


model = MembraneModel(name="known", summary="known", State=State, Parameters=Parameters, rhs=rhs)
'''


@pytest.fixture
def known(tmp_path):
    """A function that does a job with the membrane of KNOWN."""
    (tmp_path / "known.py").write_text(KNOWN)
    head = '[membrane]\nfile = "known.py"\ntolerance = 1e-6\n'
    return lambda text, parameters="": job(
        tmp_path, head + f"parameters = {{ {parameters} }}\n" + text
    )


@pytest.mark.parametrize("s", [1.0, 4.0])
def test_folds_of_a_cubic(known, s):
    """At K+ = 10 -+ sqrt(s), drive = +-2 s^(3/2)."""
    text = '[[continuation]]\nname = "drive"\nlow = "-31 mM/s"\nhigh = "31 mM/s"\n'
    (member,) = known(text, f"s = {s}")["members"]
    special = member["branches"][0]["special"]
    folds = [(x["value"], x["state"]["K_o"][0]) for x in special if x["kind"] == "fold"]
    exact = [(2 * s**1.5, 10 - s**0.5), (-2 * s**1.5, 10 + s**0.5)]
    np.testing.assert_allclose(sorted(folds), sorted(exact), rtol=1e-4)


@pytest.mark.parametrize("omega", [20.0, 60.0])
def test_hopf_point_of_a_rotor(known, omega):
    """Where growth vanishes, with the period 2 pi / omega."""
    text = '[[continuation]]\nname = "mu"\nlow = "-2 1/s"\nhigh = "2 1/s"\n'
    (member,) = known(text, f"omega = {omega}")["members"]
    special = member["branches"][0]["special"]
    (hopf,) = [x for x in special if x["kind"] == "Hopf"]
    assert hopf["value"] == pytest.approx(0.0, abs=1e-4)
    assert hopf["period [s]"] == pytest.approx(2 * np.pi / omega, rel=1e-4)


@pytest.mark.parametrize("mu", [-1.0, 0.5])
def test_eigenvalues_of_a_rotor(known, mu):
    (member,) = known("[[steady]]\n", f"mu = {mu}, omega = 20.0")["members"]
    pairs = sorted(map(tuple, member["steady"][0]["eigenvalues [1/s]"]))
    for growth, turning in ((mu, -20.0), (mu, 20.0)):
        assert any(p == pytest.approx((growth, turning), rel=1e-5) for p in pairs), pairs
    assert member["steady"][0]["stable"] == (mu < 0)


# growth, centre [mV], drive: below the lower fold K+ is low, above the upper one it is high.
REGIMES = {
    "rest": ("mu = -1.0, centre = -70.0", "drive = -30.0"),
    "tonic": ("mu = 2.0, centre = -60.0", "drive = -30.0"),  # between -74 and -46 mV
    "depolarized": ("mu = -1.0, centre = -20.0", "drive = -30.0"),
    "SD": ("mu = -1.0, centre = -20.0", "drive = 1800.0"),
}


@pytest.mark.parametrize("every", ["5 ms", "13 ms"])
@pytest.mark.parametrize("name", REGIMES)
def test_regimes_of_a_rotor(tmp_path, known, name, every):
    """Spikes of 14 mV (radius sqrt(mu / 1e4)) or none, polarized or not, K+ of 5.2 or 23 mM."""
    rotor, drive = REGIMES[name]
    text = (
        f'[map]\nx = {{ name = "initial.V", values = [-40.0] }}\n'
        f'settle = "8 s"\nobserve = "6.5 s"\nevery = "{every}"\n'
    )
    text += '[detect]\nspike = "-60 mV"\n' if name == "tonic" else ""
    known(text, f"{rotor}, {drive}, omega = 40.0")
    found = table(tmp_path, "map.csv")
    assert [*found["regime"]] == [name]
    drive = float(drive.split("=")[1])
    (exact,) = [10 + x.real for x in np.roots([-1, 0, 12, drive]) if abs(x.imag) < 1e-9]
    for column in ("lowest K_o [mM]", "highest K_o [mM]"):
        assert float(found[column][0]) == pytest.approx(exact, rel=1e-4)


BATH = """[membrane]
model = "epileptor2"
options = { bath = "diffusion" }
parameters = { K_bath = "12 mM", J_pump = 0.0 }
tolerance = 1e-7
[time]
end = "5 s"
"""
UNIFORM = """[mesh]
generator = "interval"
length = "0.2 mm"
cell = "50 um"
[tissue]
tortuosity = 2.5
[output]
every = "5 s"
series = "1 s"
"""


def test_a_cell_is_uniform_tissue_of_its_tortuosity(tmp_path):
    """K+ reaches the bath (1.6 / 2.5)^2 as fast, here as there."""
    job(tmp_path, f"{BATH}every = '1 s'\n[node]\ntortuosity = 2.5\n")
    _, K = numbers(tmp_path)
    (tmp_path / "run.toml").write_text(UNIFORM + BATH)
    assert api.run(tmp_path / "run.toml", tmp_path / "run", quiet=True).code == 0
    ours = read_series(tmp_path / "run" / "series.csv")[0]["max_K_o"]
    np.testing.assert_allclose(K, ours, rtol=1e-6)
    exact = 12 - (12 - K[0]) * np.exp(-((1.6 / 2.5) ** 2) * np.arange(6) / 100)
    np.testing.assert_allclose(K, exact, rtol=1e-6)


def test_tortuosity_is_an_axis_of_jobs(tmp_path):
    """Batches, maps and branches; branches where the bath lets it rest."""
    axis = 'name = "tortuosity"\nvalues = [1.6, 2.5]\n'
    job(tmp_path, f"{BATH}every = '5 s'\n[[batch]]\n{axis}")
    rows = table(tmp_path, "course.csv")
    K = rows["K_o [mM]"].astype(float)[rows["time [s]"].astype(float) == 5]
    assert K[0] > K[1] + 0.05
    bath = BATH.partition("[time]")[0].replace('"12 mM", J_pump = 0.0', '"8.5 mM"')
    branch = '[[continuation]]\nname = "tortuosity"\nlow = 1.0\nhigh = 4.0\n'
    job(tmp_path, bath + branch)
    found = table(tmp_path, "branch.csv")
    values, K = (found[name].astype(float) for name in ("value", "K_o [mM]"))
    assert values.min() < 1.01 and values.max() > 3.99
    order = np.argsort(values)
    assert (np.diff(K[order]) < 0).all()  # the further the bath, the more the pump takes
    mapped = '[map]\nx = { name = "tortuosity", values = [1.2, 4.0] }\n'
    job(tmp_path, f'{bath}{mapped}settle = "0 s"\nobserve = "20 s"\n')
    highest = table(tmp_path, "map.csv")["highest K_o [mM]"].astype(float)
    assert highest[0] > highest[1] + 0.05


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("[node]\ntortuosity = 2.5\n", "node.tortuosity: has no effect in the model 'pump_leak'"),
        ('[[batch]]\nname = "tortuosity"\nvalues = [2.0]\n', r"tortuosity: has no effect"),
        ("[node]\ntortuosity = 0.9\n", "node.tortuosity: must be"),
    ],
)
def test_a_tortuosity_that_does_nothing_is_refused(tmp_path, change, says):
    with pytest.raises(ConfigError, match=says):
        job(tmp_path, f'[membrane]\nmodel = "pump_leak"\n[time]\nend = "1 s"\n{change}')
    given = 'options = { bath = "vessels" }'
    vessels = BATH.replace('options = { bath = "diffusion" }', given)
    with pytest.raises(ConfigError, match="tortuosity"):
        job(tmp_path, vessels + change)


def test_a_tortuosity_is_bounded_on_every_axis(tmp_path):
    with pytest.raises(ConfigError, match=r"job.toml:\d+: .*tortuosity"):
        job(tmp_path, f'{BATH}[[batch]]\nname = "tortuosity"\nvalues = [0.5]\n')
