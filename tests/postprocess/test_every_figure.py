"""Every kind of figure, for paper and dark pages, in PNG, PDF and SVG: words, and none cut off."""

import re
from unittest import mock

import imageio.v3 as imageio
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.container import ErrorbarContainer
from matplotlib.text import Text

from ecs_model import api, meshes
from ecs_model.errors import ConfigError
from ecs_model.files import atomic
from ecs_model.point_source import Experiment, concentration
from ecs_model.postprocess import (
    cell,
    contour_labels,
    curve,
    fit,
    labels,
    mesh_picture,
    run_figures,
    style,
    theme,
)
from ecs_model.postprocess.scan_data import Scan
from ecs_model.postprocess.scan_figures import drawings
from ecs_model.run import field_series, spike_tables
from ecs_model.run.field_series import FieldSeries
from ecs_model.run.rundir import RunDir
from tests.postprocess.conftest import COUNTS, make_run, potassium
from tests.scan.scans import FRONT, engine_of, scan, verdicts

RAW = re.compile(r"\w_\w|[A-Za-z_]\.[A-Za-z_]")  # of a key, such as max_K_o or tissue.alpha
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


@pytest.fixture(scope="module")
def figures_of(tmp_path_factory):
    """`figures_of(make, kind)`: name -> drawing function, made once."""
    there = {}

    def found(make, kind):
        if (make, kind) not in there:
            there[make, kind] = make(kind, tmp_path_factory.mktemp("figures"))
        return there[make, kind]

    return found


def shown(figure):
    """Texts that are drawn in a figure, and their boxes [pixels]."""
    renderer, drawn = FigureCanvasAgg(figure).get_renderer(), []
    figure.draw_without_rendering()
    with mock.patch.object(Text, "draw", lambda self, _: drawn.append(self)):
        figure.draw_without_rendering()
    return [(t, Text.get_window_extent(t, renderer)) for t in drawn if t.get_text().strip()]


def unmathed(text):
    """A text without what is mathematics."""
    return re.sub(r"(?<!\\)\$[^$]*\$", " ", text)


@pytest.mark.parametrize("width", [85.0, 183.0])
@pytest.mark.parametrize(("make", "kind"), EVERY, ids=[kind for _, kind in EVERY])
def test_texts_are_words_and_none_is_cut_off(figures_of, make, kind, width):
    with style.as_wide_as(width):
        for name, draw in figures_of(make, kind).items():
            figure = draw()
            edge = figure.bbox.x1
            for text, box in shown(figure):
                said = f"{name}: {text.get_text()!r}"
                assert not RAW.search(unmathed(text.get_text())), said
                assert -0.5 <= box.x0 and box.x1 <= edge + 0.5, said


@pytest.mark.parametrize("themed", theme.THEMES)
@pytest.mark.parametrize(("make", "kind"), EVERY, ids=[kind for _, kind in EVERY])
def test_every_format_can_be_had_in_both_themes(figures_of, make, kind, themed, tmp_path):
    with theme.using(themed):
        paths = style.save_all(figures_of(make, kind), tmp_path, ("png", "pdf", "svg"))
    ends = {"light": "", "dark": "_dark"}[themed]
    assert all(path.stem.endswith(ends) and path.stat().st_size > 3000 for path in paths)
    for path in [path for path in paths if path.suffix == ".png"]:
        image = imageio.imread(path)[..., :3] / 255
        paper = np.array(to_rgb(theme.THEMES[themed].paper))
        np.testing.assert_allclose(image[1, 1], paper, atol=0.01)
        assert image.std() > 0.02, path.name


@pytest.mark.parametrize("kind", ["map", "adaptive", "threshold", "maps"])
def test_numbers_of_contours_lie_inside_of_the_axes(figures_of, kind):
    figure = figures_of(scanned, kind)["map"]()
    counted = 0
    for text, box in shown(figure):
        ax = text.axes
        if ax is None or text not in ax.texts or not re.fullmatch(r"[\d.]+", text.get_text()):
            continue
        frame, counted = ax.get_window_extent(), counted + 1
        assert frame.x0 <= box.x0 and box.x1 <= frame.x1, text.get_text()
        assert frame.y0 <= box.y0 and box.y1 <= frame.y1, text.get_text()
    assert counted >= 3


def test_a_contour_without_room_has_no_number(tmp_path):
    with style.as_wide_as(60.0):
        ax = style.figure(2.0).subplots()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    x, y, z = [0, 1, 0, 1], [0, 0, 1, 1], [0, 1, 1, 2]
    lines = ax.tricontour(x, y, z, levels=[0.01, 1.0])
    assert [text.get_text() for text in contour_labels.number(ax, lines)] == ["1"]


def test_bars_of_sobol_indices_are_whole(figures_of):
    figure = figures_of(scanned, "sensitivity")["sensitivity"]()
    for ax in figure.axes:
        left, right = ax.get_xlim()
        spans = [bar.lines[2][0] for bar in ax.containers if isinstance(bar, ErrorbarContainer)]
        assert len(spans) == 2
        for span in spans:
            for segment in span.get_segments():
                assert left <= segment[:, 0].min() and segment[:, 0].max() <= right


def luminance(colour):
    parts = np.array(to_rgb(colour))
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return linear @ (0.2126, 0.7152, 0.0722)


def contrast(one, other):
    """The contrast of two colours as the WCAG define it, 1 to 21."""
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", theme.THEMES)
def test_what_is_drawn_can_be_told_from_what_is_behind_it(name):
    look = theme.THEMES[name]
    assert contrast(look.ink, look.paper) > 12 and contrast(look.dim, look.paper) > 7
    assert min(contrast(colour, look.paper) for colour in look.cycle) > 2
    areas = [*look.verdicts.values(), *look.regimes.values(), *look.agreement, look.never]
    assert min(contrast(look.ink, area) for area in areas) > 4.5  # borders, numbers, on areas


def test_outcomes_of_scans_are_named_in_words():
    words = labels.untypeset(labels.outcome("fronts.along.speed_mm_per_min"))
    assert words == "Speed on line along [mm/min]"
    assert labels.untypeset(labels.outcome("max_K_o")) == "Maximum of [K+]o [mM]"
    assert labels.outcome("duration_s") == "Time above the threshold [s]"
    assert labels.outcome("energy.mean_W_per_m3") == "Mean of energy [W/m$^3$]"


def test_a_dark_figure_of_a_directory_has_a_name_of_its_own(run_of):
    run = run_of(1)
    light, dark = (api.plot(run.path, ("svg",), theme=name) for name in theme.THEMES)
    assert {path.stem + "_dark" for path in light if path.suffix == ".svg"} <= {
        path.stem for path in dark
    }
    assert (run.path / "pictures" / "K_o_dark.mp4").is_file()


HEADS = ("{0}", "fitted {0}", "residual {0}", "band low {0}", "band high {0}")


def test_a_fit_can_be_drawn_again_from_its_table(tmp_path):
    heads = ["t [s]", *(head.format("K_o@tip [mM]") for head in HEADS)]
    rows = [(t, 3 + t, 3.1 + t, -0.1, 2.9 + t, 3.3 + t) for t in range(6)]
    lines = [",".join(heads), *(",".join(map(str, row)) for row in rows)]
    (tmp_path / "fit.csv").write_text("\n".join(lines) + "\n")
    times, (column,) = fit.read(tmp_path / "fit.csv")
    assert (column.name, column.unit) == ("K_o@tip", "mM") and times.tolist() == [*range(6)]
    np.testing.assert_allclose(column.half, 0.2)
    np.testing.assert_allclose(column.measured - column.fitted, -0.1)
    paths = api.plot(tmp_path, ("png", "pdf"), 85.0, "dark")
    assert [path.name for path in paths] == ["fit_dark.png", "fit_dark.pdf"]


def test_another_theme_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="--theme: found 'grey'; light or dark would be right"):
        api.plot(tmp_path, theme="grey")
