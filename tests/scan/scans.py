"""Scans in tests: run from here, with workers of their own."""

import pandas as pd

from ecs_model.scan import driver

FRONT = """
[run.mesh]
generator = "interval"
length = "0.3 mm"
cell = "5 um"
[run.tissue]
D = "1.96e-9 m^2/s"
[[run.tissue.regions]]
name = "start"
box = { low = ["-1 um"], high = ["50 um"] }
initial = { K_o = 30 }
[run.membrane]
model = "nagumo"
[[run.line]]
name = "way"
start = ["0 mm"]
end = ["0.3 mm"]
points = 61
[run.time]
end = "6 s"
step = "20 ms"
[run.output]
every = "1 s"
series = "0.5 s"
"""


def scan(folder, text, *overrides, **options):
    """Do a scan described by a text; exit code and table."""
    path = folder.parent / f"{folder.name}.toml"
    path.write_text(text)
    code = driver.run(path, folder, overrides, quiet=True, **options)
    return code, table(folder)


def table(folder):
    """The table of a scan."""
    return pd.read_parquet(folder / "table.parquet")


def thresholds(folder, text, *overrides):
    """Thresholds of a scan by its axis, all of them found."""
    code, found = scan(folder, text, *overrides)
    assert code == 0
    assert set(found["threshold.state"]) == {"found"}
    return found.set_index(found.columns[1])["threshold.value"]
