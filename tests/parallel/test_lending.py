"""Membranes that are advanced by other processes: the same numbers, and work that is even."""

import sys

import numpy as np
import pytest

from ecs_model.membrane.loans import chosen, loans
from tests.helpers import launch_program
from tests.parallel.runs import begun, close, done, same_bytes, settings
from tests.parallel.test_noise import CONFIG as NOISE

PROGRAM = """
import numpy as np
from ecs_model.errors import SolutionError
from ecs_model.membrane import MODELS
from ecs_model.membrane.kernel import BLOCK
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.solver import Reaction
from ecs_model.native import MPI
from ecs_model.physics.regimes import Firing
from ecs_model.run.lending import Lending

comm = MPI.COMM_WORLD
NODES = [50 * BLOCK + 7, 20 * BLOCK, 5][comm.rank]


def membranes(model, **how):
    random = np.random.default_rng(comm.rank)
    y = model.State(*(np.full(NODES, v) for v in model.State()))
    y[0][:] *= 1 + 0.2 * random.random(NODES)
    if comm.rank == 0:  # more to do, for some nodes
        y[0][: NODES // 3] += 8.0 * random.random(NODES // 3)
    p = model.Parameters()
    name = p._fields[0]
    p = p._replace(**{name: getattr(p, name) * (1 + 0.1 * random.random(NODES))})
    made = Reaction(model, y, p, Surroundings(alpha=np.full(NODES, 0.2)), np.ones(NODES), **how)
    if model.fires:
        made.follow(Firing())
    return made


def ordered(events):
    return events[np.lexsort((events[:, 1], events[:, 0]))]


def trial(name, always=True, **how):
    model = MODELS[name]
    apart, shared = membranes(model, **how), membranes(model, **how)
    shared.lending = Lending(comm, shared, always)
    for k in range(5):
        for one in (apart, shared):
            one.advance(0.01, 0.01 * k)
        for here, there in zip(apart.state().values(), shared.state().values(), strict=True):
            here, there = (getattr(x, "values", getattr(x, "value", x)) for x in (here, there))
            np.testing.assert_array_equal(here, there)
        np.testing.assert_array_equal(apart.counts, shared.counts)
        if model.fires:
            np.testing.assert_array_equal(*(ordered(x.trace.events()) for x in (apart, shared)))
            for x, y in zip(apart.trace.lasting().values(), shared.trace.lasting().values()):
                np.testing.assert_array_equal(x, y)
    work = comm.allgather(shared.lending.worked)
    assert sum(work) == sum(own := comm.allgather(apart.block_steps))
    fired = comm.allreduce(len(shared.trace.events()) if model.fires else 0)
    return np.array(work), np.array(own), fired


for name, how in (
    ("barreto_cressman", {}),
    ("huebel_dahlem", {}),
    ("epileptor2", {}),
    ("pump_leak", {"substeps": 3}),
):
    work, own, fired = trial(name, **how)
    assert max(work) < 0.8 * max(own) and min(work) > min(own), (name, work, own)
    assert fired or name not in ("barreto_cressman", "epileptor2"), name
work, own, _ = trial("pump_leak", always=False, substeps=3)
assert (work == own).all(), (work, own)  # so little is not worth messages

shared = membranes(MODELS["barreto_cressman"])
shared.lending = Lending(comm, shared, always=True)
shared.advance(0.02)
before = shared.lending.worked
if comm.rank == 0:
    shared.variables[0][:] = np.nan  # also in what others advance
try:
    shared.advance(0.02, 0.02)
    assert comm.rank != 0
except SolutionError as error:
    assert comm.rank == 0 and "K_o = nan mM" in str(error), error
assert comm.rank or shared.counts.min() >= 0
if comm.rank == 0:
    shared.stand_by()
else:
    shared.advance(0.02, 0.04)
if all(comm.allgather(True)) and comm.rank == 0:  # lines of several may mix
    print("fine")
"""
RUN = """\
[mesh]
generator = "box"
size = ["0.4 mm", "0.1 mm", "0.1 mm"]
cell = "25 um"

[tissue]
{tissue}

[[tissue.regions]]
name = "load"
ball = {{ centre = ["0 mm", "0 mm", "0 mm"], radius = "0.1 mm" }}
alpha = 0.12
initial = {{ K_o = 36.0, Na_o = 116.0 }}

[membrane]
model = "kager_mori"
{membrane}

[[event]]
name = "pump"
parameters = {{ I_pump = 0.0 }}
profile = {{ kind = "pulse", start = "13 ms", duration = "10 ms" }}

[time]
end = "40 ms"
step = "5 ms"

[output]
every = "20 ms"
series = "20 ms"
precision = "double"

[[line]]
name = "axis"
start = ["0 mm", "50 um", "50 um"]
end = ["0.4 mm", "50 um", "50 um"]
points = 9
"""
IONS = 'ions = ["K", "Na", "Cl"]'
JOINED = f'{IONS}\ntransport = "electrodiffusion"\nsyncytium = {{ tortuosity = 2.5 }}'
NOISY = NOISE.replace('cell = "60 um"', 'cell = "12 um"').replace('end = "40 ms"', 'end = "20 ms"')
FOCUS = """
[[tissue.regions]]
name = "focus"
box = { low = ["0 mm", "0 mm"], high = ["0.2 mm", "0.4 mm"] }
initial = { K_o = 15.0, V = "20 mV" }
"""
TEXTS = {
    "K+": RUN.format(tissue="", membrane=""),
    "swelling": RUN.format(tissue=IONS, membrane="options = {swelling = true}"),
    "electrodiffusion": RUN.format(tissue=JOINED, membrane=""),
    "synapses, noise": NOISY.replace("[membrane]", "[membrane]\ntolerance = 1e-6") + FOCUS,
}
RUNS = """
from ecs_model import api
from ecs_model.native import MPI
from ecs_model.run.lending import Lending

calls = []
advance = Lending.advance
Lending.advance = lambda self, *when: (calls.append(self), advance(self, *when))[1]
for wanted in ("true", "false"):
    assert api.run("run.toml", wanted, overrides=[f"solver.balance={wanted}"], quiet=True).code == 0
assert len({*calls}) == 1
lent = calls[0].worked - calls[0]._reaction.block_steps
assert max(MPI.COMM_WORLD.allgather(lent)) > 20
"""


def test_whatever_is_lent_comes_back_as_it_would_have_been_here():
    ended = launch_program(3, [sys.executable, "-c", PROGRAM])
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == ["fine"]


@pytest.mark.parametrize(
    "name", ["K+", *(pytest.param(x, marks=pytest.mark.slow) for x in [*TEXTS][1:])]
)
def test_fields_do_not_depend_on_who_advances_them(tmp_path, name):
    (tmp_path / "run.toml").write_text(TEXTS[name])
    ended = launch_program(2, [sys.executable, "-c", RUNS], cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    same_bytes(tmp_path / "true", tmp_path / "false")


@pytest.mark.slow
def test_a_run_goes_on_with_and_without_on_another_number_of_processes(tmp_path):
    text = RUN.format(tissue="", membrane="substeps = 20\nprecision = 'double'")
    (tmp_path / "run.toml").write_text(text.replace("[time]", "[time]\nadaptive = false"))
    one = begun(1, tmp_path, "one")
    begun(3, tmp_path, "out", "solver.balance=true", "time.end=20 ms")
    done(2, tmp_path, "resume", "out", *settings("time.end=40 ms", "solver.balance=false"))
    close(one, tmp_path / "out", rtol=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_all_find_the_same_loans(seed):
    random = np.random.default_rng(seed)
    work = random.exponential(1000.0, 17)
    work[random.random(17) < 0.2] = np.nan
    every = np.array([loans(work, rank, least=10.0) for rank in range(17)])
    np.testing.assert_array_equal(every, -every.T)
    here = np.isfinite(work)
    np.testing.assert_array_equal(every[~here], 0.0)
    even = (work - every.sum(axis=1))[here]
    np.testing.assert_allclose(even, even.mean(), atol=17.0)


def test_little_is_not_lent():
    work = np.array([1000.0, 960.0, 970.0])
    assert not loans(work, 0, least=0.0).any()  # within a tenth of the mean
    work[0] = 1500.0
    assert loans(work, 0, least=100.0).sum() == pytest.approx(1500.0 - work.mean())
    assert not loans(work, 0, least=1000.0).any()
    assert not loans(np.full(3, np.nan), 0, least=0.0).any()


def test_the_busiest_blocks_are_lent():
    work = np.array([1.0, 9.0, 2.0, 7.0, 1.0, 8.0])
    shares = chosen(work, np.array([9.0, 16.0, 50.0]), fare=1.5)
    assert [share.tolist() for share in shares] == [[1], [5, 3], [2]]
