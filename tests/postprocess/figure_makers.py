"""Every kind of figure, as tests make them, and the texts in one."""

import re
from unittest import mock

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from ecs_model import meshes
from ecs_model.files import atomic
from ecs_model.point_source import Experiment, concentration
from ecs_model.postprocess import cell, curve, fit, mesh_picture, run_figures
from ecs_model.postprocess.scan_data import Scan
from ecs_model.postprocess.scan_figures import drawings
from ecs_model.run import field_series, spike_tables
from ecs_model.run.field_series import FieldSeries
from ecs_model.run.rundir import RunDir
from tests.postprocess.conftest import COUNTS, make_run, potassium
from tests.scan.scans import FRONT, engine_of, scan, verdicts

ALPHA = '[[axis]]\nkey = "alpha"\nlow = 0.05\nhigh = 0.35\ncount = 7\n'
TORTUOSITY = '[[axis]]\nkey = "tortuosity"\nlow = 1.2\nhigh = 2.2\ncount = 5\n'
SEARCH = '[threshold]\nkey = "tissue.regions.start.initial.K_o"\nlow = "8 mM"\nhigh = "40 mM"\n'
STATES = '[[axis]]\nstates = ["cortex", "ischemia"]\n'
TOP = '[[axis]]\nkey = "membrane.parameters.K_top"\nvalues = ["50 mM", "60 mM"]\n'
ADAPTIVE = '[adaptive]\nmargin = "ignited"\nruns = 40\nstart = 3\nwave = 12\n'
SALTELLI = '[design]\nkind = "saltelli"\nsamples = 4\n'
CONSENSUS = """[consensus]
margin = "ignited"
[[consensus.member]]
name = "one"
[[consensus.member]]
name = "other"
set = { "membrane.parameters.K_top" = "60 mM" }
"""
SCANS = {
    "map": ALPHA + TORTUOSITY,
    "map of words": ALPHA + TORTUOSITY,
    "maps": ALPHA + TORTUOSITY + TOP,
    "adaptive": re.sub("count = .\n", "", ALPHA + TORTUOSITY) + ADAPTIVE,
    "threshold": ALPHA + TORTUOSITY + SEARCH,
    "sensitivity": re.sub("count = .\n", "", ALPHA + TORTUOSITY) + SALTELLI,
    "consensus": ALPHA + TORTUOSITY + CONSENSUS,
    "curves": ALPHA + TOP,
    "bars": STATES + SEARCH,
}
OUTCOMES = 'outcomes = ["fronts.way.speed_mm_per_min", "max_K_o", "ignited.margin"]\n'
RUNS = ("line", "plane", "body", "sheet")
CELLS = ("course", "branch", "thresholds", "map")


def law(labels):
    """A front where alpha is small and paths are long, as a jump; K+ and speed follow both."""
    alpha, tortuosity = labels.get("alpha", 0.2), labels.get("tortuosity", 1.6)
    inside = 0.3 * alpha / 0.2 < tortuosity - 1.1
    threshold = {"value": 90 * alpha, "low": 89 * alpha, "high": 91 * alpha, "state": "found"}
    level = {"max_K_o": 60 - 100 * alpha, "threshold": threshold}
    speed = 6 / tortuosity - 4 * alpha
    return verdicts(2.0 if inside else -1.0, speed=speed, **level)


def worded(labels):
    """What neurons do: three words."""
    word = (
        "rest" if labels["alpha"] > 0.22 else "seizure" if labels["tortuosity"] > 1.6 else "firing"
    )
    margin = 1.0 if word == "seizure" else -1.0
    told = {"verdict": margin > 0, "margin": margin}
    return verdicts(-1.0, seizure=told, regime=word)


def scanned(kind, folder):
    head = OUTCOMES if kind == "sensitivity" else ""
    with engine_of(worded if kind == "map of words" else law):
        scan(folder / "scan", head + FRONT + SCANS[kind])
    return drawings(Scan.open(folder / "scan"))


def sheet(folder):
    """A run on a surface in space."""
    run = RunDir.create(folder)
    x, y = (a.ravel() for a in np.meshgrid(*2 * [np.linspace(0, 3, 12)]))
    points = 1e-3 * np.column_stack([x, y, np.sin(2 * x)])
    cells = [(k, k + 1, k + 12) for k in range(131) if k % 12 < 11]
    cells += [(k + 1, k + 13, k + 12) for k in range(131) if k % 12 < 11]
    series = FieldSeries.create(folder, points, np.array(cells), units={"K_o": "mM"})
    series.write(20.0, {"K_o": potassium(points, 20.0)})
    series.close()
    arrival = {"arrival_K_o": np.where(x < 2, x, np.nan)}
    field_series.write_maps(folder, arrival, {"arrival_K_o": "s"})
    return run


def ran(kind, folder):
    if kind == "sheet":
        return run_figures.figures(sheet(folder / "run"))
    dimension = 1 + RUNS.index(kind)
    coarse = tuple(-(-count // (3 if dimension == 3 else 2)) for count in COUNTS[dimension])
    times = [0.0, 20.0, 40.0] if dimension < 3 else [20.0]
    made = make_run(folder / "run", dimension, times, counts=coarse, v=dimension < 3)
    if dimension == 1:
        table = spike_tables.create(made.path, "axis")
        table.extend([(1.5, 0.0), (20.0, 0.1), (39.0, 8.0)])
        table.close()
    return run_figures.figures(RunDir.open(made.path))


def celled(kind, folder):
    """A figure of tables as jobs write them, with settings that have long names."""
    special = [{"kind": k, "value": v, "state": {"K_o": [8.0], "V": [-60.0]}} for k, v in KINDS]
    members = [{"branches": [{"special": special}]}]
    atomic.write_json(folder / "summary.json", {"title": "A cell", "members": members})
    (folder / "cell.toml").write_text(EVENTS)
    (folder / f"{kind}.csv").write_text(TABLES[kind])
    makers = {"course": cell.course, "branch": cell.branch}
    make = makers.get(kind) or {"thresholds": cell.thresholds, "map": cell.regime_map}[kind]
    return {kind: lambda: make(folder)}


KINDS = (("fold", 9.0), ("Hopf", 11.0))
EVENTS = '[[event]]\nname = "no blood"\nstart = "2 s"\nduration = "3 s"\n[[event]]\nname = "load"\n'
TABLES = {
    "course": "cell,time [s],V [mV],K_o [mM],Na_o [mM],Cl_o [mM],K_i [mM],Na_i [mM]\n"
    + "".join(f"0,{t},{-70 + t},{3 + t},140,120,135,{10 + t}\n" for t in range(8)),
    "branch": "cell,over,unit,value,unstable directions,K_o [mM],V [mV]\n"
    + "".join(f"0,membrane.parameters.K_bath,mM,{k},{k // 9},{k},{k - 70}\n" for k in range(4, 14)),
    "thresholds": "node.alpha,event,varied,unit,threshold\n"
    + "".join(f"{a / 10},step,add.K_o,mM,{3 + a}\n" for a in range(1, 5)),
    "map": "membrane.parameters.P_NaP [nm/s],parameters.K_bath [mM],regime,highest K_o [mM]\n"
    + "".join(
        f"{p},{k},{'rest' if p + k < 9 else 'SD'},5\n" for k in range(3, 7) for p in range(3, 7)
    ),
}


def fitted(kind, folder):
    times = np.linspace(0, 40, 41)
    if kind == "fit":
        one = fit.Fitted("K_o@near tip", "mM", 3 + times, 3.1 + times, 0.2 + 0 * times)
        return {"fit": lambda: fit._figure(times, [one])}
    pipette = Experiment(distance=100e-6, rate=5e-13, D=1.31e-9, start=10.0, duration=20.0)
    found = type("Found", (), {"values": {"alpha": 0.2, "tortuosity": 1.6, "uptake": 0.005}})
    course = concentration(times, pipette, **found.values)
    found.residuals = 0 * times
    return {"curve": lambda: curve._figure(times, course, pipette, found)}


def meshed(kind, folder):
    size = {"interval": 4e-3, "rectangle": (4e-3, 1e-3), "box": (4e-3, 1e-3, 1e-3)}[kind]
    made = getattr(meshes, kind)(size, 0.5e-3)
    return {kind: lambda: mesh_picture.figure(made, "a block of tissue with a long name")}


MESHES = ("interval", "rectangle", "box")
MAKERS = {scanned: SCANS, ran: RUNS, celled: CELLS, fitted: ("fit", "point source")}
MAKERS |= {meshed: MESHES}
EVERY = [(make, kind) for make, kinds in MAKERS.items() for kind in kinds]


def shown(figure):
    """Texts that are drawn in a figure, and their boxes [pixels]."""
    renderer, drawn = FigureCanvasAgg(figure).get_renderer(), []
    figure.draw_without_rendering()
    with mock.patch.object(Text, "draw", lambda self, _: drawn.append(self)):
        figure.draw_without_rendering()
    return [(t, Text.get_window_extent(t, renderer)) for t in drawn if t.get_text().strip()]
