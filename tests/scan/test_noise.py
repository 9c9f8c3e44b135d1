"""Ensembles: seeds of noise as the axis of a scan."""

from tests.scan.scans import scan

ENSEMBLE = """
[run.mesh]
generator = "interval"
length = "0.2 mm"
cell = "20 um"
[run.membrane]
model = "epileptor2"
[[run.noise]]
name = "background"
amplitude = { I = "60 mV" }
duration = "1 ms"
length = "0.1 mm"
[run.time]
end = "0.1 s"
step = "5 ms"
[[axis]]
key = "noise.background.seed"
values = [1, 2, 3]
"""


def test_every_seed_gives_a_run_of_its_own(tmp_path):
    """Points are told apart, and so is what they come to."""
    code, table = scan(tmp_path / "ensemble", ENSEMBLE)
    assert code == 0
    assert [*table["noise.background.seed"]] == [1, 2, 3]
    assert len({*table["end_K_o"]}) == len({*table["id"]}) == 3
