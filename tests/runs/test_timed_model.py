"""A model whose release is a pulse in time, in tissue: the same amount in any step."""

import csv

import pytest

from tests.helpers import run_here

pytest.importorskip("gotranx", reason="the extra [formats] is not installed")

CELL = """states(K_o = ScalarParam(4.0, unit="mM"))
parameters(start = ScalarParam(103.0, unit="ms"), length = ScalarParam(7.0, unit="ms"))
dK_o_dt = Conditional(And(Ge(time, start), Lt(time, start + length)), 1/length, 0.0)
"""
RUN = """
[mesh]
generator = "interval"
length = "0.4 mm"
cell = "40 um"
[membrane]
file = "cell.ode"
[[probe]]
name = "here"
at = ["0.2 mm"]
[time]
end = "0.4 s"
[output]
every = "0.1 s"
"""


@pytest.mark.parametrize(
    "steps",
    [
        ["time.step=20 ms"],
        ["time.step=1 ms", "time.tolerance=100 mM"],
        ["time.step=20 ms", "time.adaptive=false"],
        ["time.step=0.1 s", "time.adaptive=false"],
        ["time.step=20 ms", "time.adaptive=false", "membrane.substeps=1"],
    ],
    ids=["adaptive", "long", "fixed", "as long as intervals", "one sub-step"],
)
def test_a_pulse_gives_its_amount_once(tmp_path, steps):
    (tmp_path / "cell.ode").write_text(CELL)
    run = run_here(RUN, tmp_path / "run", *steps)
    head, *rows = csv.reader(run.series.read_text().splitlines())
    column = head.index("K_o@here [mM]")
    values = {round(float(row[0]), 6): float(row[column]) for row in rows}
    for t, expected in ((0.1, 4.0), (0.2, 5.0), (0.4, 5.0)):
        assert values[t] == pytest.approx(expected, rel=1e-8), t
