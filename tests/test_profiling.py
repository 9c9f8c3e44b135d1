"""--profile: the tree of parts adds up, on every process, and leaves nothing behind."""

import json

import pytest

from ecs_model.run import profiling
from ecs_model.run.rundir import RunDir
from ecs_model.transport.increments import Increments
from ecs_model.transport.potential import Poisson
from tests.helpers import launch, summary

BOUND = """
[mesh]
generator = "interval"
length = "0.4 mm"
cell = "10 um"
[tissue]
ions = ["K", "Na", "Cl"]
transport = "electrodiffusion"
[[tissue.regions]]
name = "start"
box = { low = ["-1 um"], high = ["0.1 mm"] }
initial = { K_o = "12 mM", Cl_o = "128.5 mM" }
[membrane]
model = "pump_leak"
[time]
end = "0.4 s"
step = "10 ms"
[checkpoint]
every = "0.2 s"
"""


@pytest.fixture(
    scope="module", params=[2, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 3))]
)
def run(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("profile")
    (folder / "run.toml").write_text(BOUND)
    done = launch(request.param, "run", "run.toml", "-o", "out", "--profile", cwd=folder)
    assert done.returncode == 0, done.stderr
    return RunDir(folder / "out"), done.stderr, request.param


def test_parts_add_up_on_every_process(run):
    found = json.loads(run[0].profile.read_text())
    assert found["processes"] == run[2]
    rows = {row["part"]: row for row in found["parts"]}
    for parent in ("set-up", "loop", "loop/transport", "loop/output"):
        inner = [p for p in rows if p.rpartition("/")[0] == parent]
        assert len(inner) > 1, parent
        mean = sum(rows[p]["seconds"]["mean"] for p in inner)
        assert mean == pytest.approx(rows[parent]["seconds"]["mean"], rel=1e-6)
    for row in rows.values():
        assert 0 <= row["seconds"]["min"] <= row["seconds"]["mean"] <= row["seconds"]["max"]


def test_iterations_are_those_of_the_run(run):
    found = json.loads(run[0].profile.read_text())
    rows = {row["part"].removeprefix("loop/transport/"): row for row in found["parts"]}
    said = summary(run[0])
    ions = rows["solve of K, Na, Cl"]["iterations"]
    assert ions == pytest.approx(said["iterations_per_step"] * said["steps"])
    assert rows["solve of the potential"]["iterations"] >= rows["solve of the potential"]["calls"]
    assert rows["loop/checkpoints"]["seconds"]["mean"] > 0


def test_times_are_those_of_what_is_done_in_words(run):
    """No name of a class, which those who read the table do not know."""
    named = summary(run[0])["seconds"]
    assert {"membranes", "fields", "series", "arrival of the front", "checkpoints"} <= set(named)
    assert all(name == name.lower() for name in named)


def test_the_table_is_told_once_and_in_its_order(run):
    lines = run[1].partition("where the time went, s")[2].splitlines()[1:]
    names = [line[:36].rstrip() for line in lines if "finished at" not in line]  # the result
    assert names[0] == "set-up" and names.count("loop") == 1
    assert names.index("loop") < names.index("  transport") < names.index("    solve of K, Na, Cl")
    assert names[-1] == "  rest"


def test_a_profile_puts_everything_back():
    before = [getattr(thing, method) for thing, method, *_ in profiling.INNER]
    with pytest.raises(ZeroDivisionError), profiling.Profile():
        assert Increments.solve is not before[0] and Poisson.solve is not before[2]
        raise ZeroDivisionError
    assert [getattr(thing, method) for thing, method, *_ in profiling.INNER] == before
