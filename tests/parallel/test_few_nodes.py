"""More processes than there is work for: some own nothing, and all is as on one."""

import json
import sys

import pytest

from tests.helpers import launch_program
from tests.parallel.runs import close, settings
from tests.parallel.test_processes import DRIVE

CONFIG = """\
title = "three cells"

[mesh]
generator = "interval"
length = "60 um"
cell = "20 um"

[tissue]
ions = ["K", "Na", "Cl"]

[[tissue.regions]]
name = "bolus"
box = { low = ["-1 um"], high = ["10 um"] }
initial = { K_o = "40 mM", Cl_o = "149 mM" }

[membrane]
model = "kager_mori"

[[boundary]]
on = "right"
bath = "3.5 mM"

[[probe]]
name = "middle"
at = ["30 um"]

[[line]]
name = "axis"
start = ["0 um"]
end = ["60 um"]
points = 4

[time]
end = "1 s"
step = "25 ms"

[output]
every = "0.5 s"
series = "0.1 s"
precision = "double"

[checkpoint]
every = "0.5 s"
"""
WAYS = {
    "fixed": ("membrane.substeps=50", "membrane.precision=double", "time.adaptive=false"),
    "adaptive": (),
    "electrodiffusion": ("tissue.transport=electrodiffusion", "time.end=0.5 s"),
    "refined": ("mesh.levels=1",),
}
QUICK, ALL = ("fixed", "adaptive"), tuple(WAYS)
COUNTED = ("steps", "rejected_steps", "nodes")
WITHIN = 1e-4  # of a reading, where blocks of nodes choose their own sub-steps
CASES = [(3, QUICK), (5, QUICK)]
LONG = [(n, ALL) for n in (2, 3, 5, 8, 16)]
EACH = [*CASES, *(pytest.param(*case, marks=pytest.mark.slow) for case in LONG)]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A function: way and number of processes -> run directory, computed once."""
    folder = tmp_path_factory.mktemp("few")
    (folder / "run.toml").write_text(CONFIG)

    def of(n, way, together):
        if not (folder / f"{way}{n}").exists():
            _compute(folder, n, [w for w in together if not (folder / f"{w}{n}").exists()])
        return folder / f"{way}{n}"

    return of


def _compute(folder, n, ways):
    jobs = [_job(folder, way, n) for way in ways]
    (folder / f"{n}.json").write_text(json.dumps(jobs))
    program = [sys.executable, DRIVE, str(folder / f"{n}.json"), str(folder / f"notes{n}")]
    done = launch_program(n, program)
    for rank in range(n):
        notes = json.loads((folder / f"notes{n}.{rank}").read_text())
        assert [note["code"] for note in notes] == [0] * len(ways), (notes, done.stderr)


def _job(folder, way, n):
    arguments = ["run", "run.toml", "-o", f"{way}{n}", "--quiet", *settings(*WAYS[way])]
    return {"name": way, "folder": str(folder), "environment": {}, "arguments": arguments}


@pytest.mark.parametrize(("n", "ways"), EACH)
def test_there_are_the_same_steps_and_verdicts(run, n, ways):
    for way in ways:
        one, other = (json.loads((run(k, way, ways) / "summary.json").read_text()) for k in (1, n))
        assert other["processes"] == n
        assert [one[what] for what in COUNTED] == [other[what] for what in COUNTED], way
        assert abs(other["balance"]["relative_error"]) < 1e-12
        rtol = 1e-9 if way == "fixed" else WITHIN
        for what in ("sd", "load"):
            assert other[what] == pytest.approx(one[what], rel=rtol), (way, what)


@pytest.mark.parametrize(("n", "ways"), EACH)
def test_fixed_sub_steps_give_equal_fields(run, n, ways):
    close(run(1, "fixed", ways), run(n, "fixed", ways), rtol=1e-9)
