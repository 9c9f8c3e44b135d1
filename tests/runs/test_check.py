"""What `check` says of a mesh: how much it falsifies the speed of a front."""

import re

from ecs_model import api

TEXT = """
[mesh]
generator = "interval"
length = "1 mm"
cell = "20 um"
[membrane]
model = "nagumo"
[[probe]]
name = "end"
at = ["1 mm"]
[time]
end = "0.5 s"
[output]
every = "0.25 s"
[checkpoint]
every = "0.25 s"
"""


def test_the_speed_of_a_front_is_that_of_finer_cells_but_for_a_little(tmp_path):
    """The strip takes nothing from the run but tissue and membrane: neither probes nor times."""
    path = tmp_path / "run.toml"
    path.write_text(TEXT)
    *_, speeds, error = api.check(path, check_mesh=True)
    coarse, fine = map(float, re.findall(r"([\d.]+) mm/min", speeds))
    told = float(re.search(r"([\d.]+)% too (?:fast|slow)", error)[1])
    assert 0 < abs(coarse / fine - 1) < 0.1
    assert abs(100 * abs(coarse / fine - 1) - told) < 0.1
