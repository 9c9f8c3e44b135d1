"""What is said where a step in an electric field fails: what is to be changed."""

import pytest

from ecs_model import api
from ecs_model.errors import SolutionError

CURRENT = """
[mesh]
generator = "interval"
length = "1 mm"
cell = "50 um"
[tissue]
transport = "electrodiffusion"
ions = ["K", {{ name = "Na", initial = "{Na} mM" }}, {{ name = "Cl", initial = "{Cl} mM" }}]
[membrane]
model = "none"
[[boundary]]
on = "left"
current = "{current} A/m^2"
[[boundary]]
on = "right"
bath = "3 mM"
[time]
end = "1 s"
step = "0.1 s"
[output]
every = "0.5 s"
"""


@pytest.mark.parametrize(
    ("Na", "Cl", "current", "words"),
    [
        (0, 0, 1, "where there was none of it; give it an initial concentration"),
        (140, 143, 10_000, "; try less current through boundary left, or a shorter time.step"),
    ],
)
def test_what_is_to_be_changed_is_named(tmp_path, Na, Cl, current, words):
    (tmp_path / "run.toml").write_text(CURRENT.format(Na=Na, Cl=Cl, current=current))
    with pytest.raises(SolutionError, match="at t = 0 s: ") as raised:
        api.run(tmp_path / "run.toml", tmp_path / "out", quiet=True)
    assert words in str(raised.value)
