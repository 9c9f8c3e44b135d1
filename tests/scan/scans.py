"""Scans in tests: run from here, with workers of their own."""

from contextlib import contextmanager

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


@contextmanager
def engine_of(law):
    """Scans whose runs have a law in the place of a computation: summary of a point's labels."""

    class Engine:
        alone = True

        def __init__(self, store, settings):
            self._store = store

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def compute(self, points, tell, say):
            for point in points:
                slot, found = self._store.slot(point), law(point.labels)
                slot.begin("")
                slot.fail(found) if isinstance(found, str) else slot.finish(found)
                tell(point)

    kept, driver.ENGINES["local"] = driver.ENGINES["local"], Engine
    try:
        yield
    finally:
        driver.ENGINES["local"] = kept


def verdicts(ignited, sd=-1.0, load=-1.0, speed=float("nan"), **more):
    """A summary with margins, and the speed [mm/min] of a front."""
    margins = {"ignited": ignited, "sd": sd, "load": load}
    found = {name: {"verdict": bool(m >= 0), "margin": m} for name, m in margins.items()}
    return found | {"fronts": {"way": {"speed_mm_per_min": speed}}, "max_K_o": 9.0} | more
