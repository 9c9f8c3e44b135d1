"""Spiking neurons that synapses join: the same on any number of processes, and after a resume."""

import pytest

from tests.parallel.runs import begun, close, done, same_bytes, settings
from tests.verification.recruitment import REST, text

BOTH = "excitation+inhibition"
LINE = {"K_bath": 7.0, "initial": REST, "g_AMPA": 0.1, "g_GABA": 0.02, "kind": BOTH, "kick": 0.1}
WAY = """
[[line]]
name = "way"
start = ["0 mm"]
end = ["1 mm"]
"""
FIXED = ("membrane.substeps=200", "time.adaptive=false", "solver.rtol=1e-12", "time.end=0.04 s")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("recruitment")
    lasting = text(end=0.1, series=0.02, **LINE).replace('every = "0.1 s"', 'every = "0.02 s"')
    (path / "run.toml").write_text(lasting + WAY)
    return path


@pytest.mark.parametrize("n", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_equal_steps_give_equal_fields(folder, n):
    """While the focus fires; a spike magnifies what solvers leave."""
    one = folder / "one"
    if not one.exists():
        begun(1, folder, "one", *FIXED)
    close(one, begun(n, folder, f"fixed{n}", *FIXED), rtol=1e-6, atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 2])
def test_a_run_that_is_resumed_is_the_same(folder, n):
    """Bit for bit, where the focus recruits."""
    whole = begun(n, folder, f"whole{n}")
    half = begun(n, folder, f"half{n}", "time.end=0.04 s")
    done(n, folder, "resume", half.name, *settings("time.end=0.1 s"))
    same_bytes(whole, half)
