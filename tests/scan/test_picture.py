"""Pictures of scans whose runs follow a law: everything is where the law puts it."""

import json
from itertools import combinations

import imageio.v3 as imageio
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.text import Text

from ecs_model import api
from ecs_model.cli import main
from ecs_model.postprocess import scan_areas, scan_curves, scan_map, scan_selection, theme
from ecs_model.postprocess.scan_data import VERDICTS, Scan
from ecs_model.postprocess.scan_readings import readings
from tests.scan.scans import FRONT, engine_of, scan, verdicts

ALPHA = '[[axis]]\nkey = "alpha"\nlow = 0.05\nhigh = 0.35\ncount = 7\n'
TORTUOSITY = '[[axis]]\nkey = "tortuosity"\nlow = 1.2\nhigh = 2.2\ncount = 5\n'
PUMP = '[[axis]]\nname = "A"\nkey = "membrane.parameters.A"\nvalues = [4e-3, 6e-3]\n'
STATES = '[[axis]]\nstates = ["cortex", "ischemia"]\n'
SEARCH = """[threshold]
key = "tissue.regions.start.initial.K_o"
low = "8 mM"
high = "40 mM"
"""
SALTELLI = (
    'outcomes = ["ignited.margin", "max_K_o"]\n',
    '[design]\nkind = "saltelli"\nsamples = 16\n',
)
BORDER = 0.17


def front(labels):
    """A front where alpha is below the border, the slower the longer paths are."""
    margin = BORDER - labels.get("alpha", 0.0)
    return verdicts(margin, speed=6 / labels.get("tortuosity", 2.0) if margin >= 0 else np.nan)


def searched(labels):
    """A threshold in proportion to alpha; for the smallest the lowest stimulus suffices."""
    value = 100 * labels["alpha"]
    state, value = ("always", np.nan) if labels["alpha"] < 0.06 else ("found", value)
    ends = {"value": value, "low": value - 0.1, "high": value + 0.1, "state": state}
    return verdicts(1.0, threshold=ends)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """`made(text, law)`: the Scan of a text whose runs follow a law."""
    there = {}

    def make(text, law=front, head=""):
        if (text, law) not in there:
            there[text, law] = tmp_path_factory.mktemp("law") / "scan"
            with engine_of(law):
                scan(there[text, law], head + FRONT + text)
        return Scan.open(there[text, law])

    return make


def thick(ax):
    """Vertices of the border."""
    (border,) = [c for c in ax.collections if np.ravel(c.get_linewidths())[:1] == scan_areas.BORDER]
    return np.concatenate([path.vertices for path in border.get_paths()])


def areas(ax):
    """Vertices of the areas of a map by their colours."""
    filled = [c for c in ax.collections if hasattr(c, "levels") and c.filled]
    return {
        tuple(c.get_facecolor()[0]): np.concatenate([p.vertices for p in c.get_paths()])
        for c in filled
    }


def test_border_speeds_and_states_are_where_they_belong(made):
    ax = scan_map.risk_map(made(ALPHA + TORTUOSITY)).axes[0]
    assert thick(ax)[:, 0] == pytest.approx(BORDER, abs=1e-6)
    (stars,) = [line.get_xydata() for line in ax.lines if line.get_marker() == "*"]
    assert any(np.allclose(star, (0.07, 1.88)) for star in stars)
    assert not any(np.allclose(star, (0.41, 1.39)) for star in stars)  # off the map
    numbers = [float(text.get_text()) for text in ax.texts if text.get_text()[:1].isdigit()]
    assert numbers and all(6 / 2.2 < number < 6 / 1.2 for number in numbers)
    assert "alpha" in ax.get_xlabel() and "lambda" in ax.get_ylabel()
    assert {*areas(ax)} == {to_rgba(theme.LIGHT.verdicts["ignited"])}


def test_a_fit_of_ones_own_has_a_star_and_a_reading(tmp_path):
    fit = {"alpha": 0.11, "tortuosity": 1.75, "curve": "mine.csv", "decided": True}
    (tmp_path / "mine.fit.json").write_text(json.dumps(fit))
    with engine_of(front):
        scan(tmp_path / "out", 'marks = ["mine.fit.json"]\n' + FRONT + ALPHA + TORTUOSITY)
    found = Scan.open(tmp_path / "out")
    ax = scan_map.risk_map(found).axes[0]
    (stars,) = [line.get_xydata() for line in ax.lines if line.get_marker() == "*"]
    assert any(np.allclose(star, (0.11, 1.75)) for star in stars)
    assert "mine" in [text.get_text() for text in ax.texts]
    assert {r.name: r.verdict for r in readings(found)}["mine"] == "yes"


def test_labels_cover_neither_each_other_nor_stars(made):
    figure = scan_map.risk_map(made(ALPHA + TORTUOSITY))
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    ax = figure.axes[0]
    boxes = [t.get_window_extent(renderer) for t in ax.texts if t.get_text()]
    assert len(boxes) > 7
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    (stars,) = [ax.transData.transform(x.get_xydata()) for x in ax.lines if x.get_marker() == "*"]
    assert not any(box.contains(*star) for box in boxes for star in stars)


def test_a_regime_has_an_area_where_runs_show_it_and_nowhere_else(made):
    def law(labels):
        """A load at long paths alone; elsewhere K+ jumps from rest to a front."""
        yes, between = labels["alpha"] < BORDER, 1.9 < labels["tortuosity"]
        return verdicts(2.0 if yes else -2.0, 1.0 if yes else -2.0, 2.0 if yes or between else -1.0)

    found = made(ALPHA + TORTUOSITY, law)
    ax = scan_map.risk_map(found).axes[0]
    load, ignited = (to_rgba(theme.LIGHT.verdicts[name]) for name in ("load", "ignited"))
    assert {*areas(ax)} == {load, ignited}
    assert to_rgba(ax.get_facecolor()) == to_rgba("white")  # where no run was
    assert areas(ax)[load][:, 1].min() > 1.7
    assert found.word("load") in [t.get_text() for t in ax.figure.legends[0].texts]


def test_thresholds_have_a_surface_with_what_lies_outside_of_the_range(made):
    found = made(ALPHA + TORTUOSITY + SEARCH, searched)
    figure = scan_map.threshold_map(found)
    ax, bar = figure.axes
    assert bar.get_ylabel() == "Threshold of [K$^+$]$_o$ of the region start [mM]"
    (lines,) = [c for c in ax.collections if hasattr(c, "levels") and not c.filled]
    for level, path in zip(lines.levels, lines.get_paths(), strict=True):
        assert path.vertices[:, 0] == pytest.approx(level / 100, abs=1e-9)
    words = {text.get_text() for text in figure.legends[0].texts}
    assert {scan_map.MEANING["always"], "no threshold in the range"} <= words


def test_a_third_axis_gives_a_map_each(made):
    figure = scan_map.risk_map(made(TORTUOSITY + PUMP + ALPHA))
    assert "alpha" in figure.axes[0].get_xlabel()
    assert [ax.get_title() for ax in figure.axes] == ["A = 0.004", "A = 0.006"]


def test_curves_have_the_values_of_their_runs(made):
    figure = scan_curves.curves(made(ALPHA + PUMP))
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 7]
    assert [line.get_label() for line in lines] == ["A = 0.004", "A = 0.006"]
    for line in lines:
        assert line.get_ydata() == pytest.approx(BORDER - line.get_xdata())


def test_names_of_tissues_stand_apart_where_they_are_near_each_other(made):
    wide = ALPHA.replace("0.35", "0.95")
    figure = scan_curves.curves(made(wide + PUMP))
    figure.draw_without_rendering()
    renderer = FigureCanvasAgg(figure).get_renderer()
    names = [t for t in figure.axes[0].texts if t.get_rotation() == 50]
    edges = [Text.get_window_extent(t, renderer).x0 * 72 / figure.dpi for t in names]
    assert len(names) > 5 and min(np.diff(sorted(edges))) > 0.9 * scan_curves.APART


def test_sensitivities_are_those_of_the_report(made):
    found = made(
        ALPHA.replace("count = 7", "") + TORTUOSITY.replace("count = 5", "") + SALTELLI[1],
        head=SALTELLI[0],
    )
    (ax,) = scan_curves.sensitivity(found).axes  # K+ is the same everywhere: it has no indices
    indices = found.sobol["ignited.margin"]
    widths = {patch.get_width() for patch in ax.patches}
    assert {s[key] for s in indices.values() for key in ("S1", "ST")} == widths
    assert [t.get_text() for t in ax.get_yticklabels()][-1].startswith("Volume fraction")


@pytest.mark.parametrize(
    ("text", "law", "names"),
    [
        (ALPHA + TORTUOSITY, front, "map"),
        (ALPHA + TORTUOSITY + SEARCH, searched, "map"),
        (ALPHA, front, "curves"),
        (ALPHA + SEARCH, searched, "curves"),
        (STATES, front, "bars"),
        (STATES + PUMP, front, "curves"),
        (ALPHA.replace("7", "2") + TORTUOSITY + PUMP, front, "samples"),
        (ALPHA.replace("7", "1") + TORTUOSITY.replace("5", "1"), front, "curves"),
    ],
)
def test_every_scan_has_its_picture(made, text, law, names):
    paths = api.plot(made(text, law).path)
    assert [path.name for path in paths] == [f"{names}.png", f"{names}.pdf"]
    assert imageio.imread(paths[0])[..., :3].std() > 5


def test_a_scan_is_drawn_as_it_is_wanted(made, capsys):
    folder = str(made(ALPHA, front).path)
    looks = "--format", "svg", "--width", "85", "--theme", "dark"
    assert main(["scan", "plot", folder, *looks]) == 0
    assert capsys.readouterr().out.strip().endswith("curves_dark.svg")
    assert main(["scan", "status", folder, *looks]) == 2
    assert "are those of `ecs-model scan plot DIR`" in capsys.readouterr().err


@pytest.mark.parametrize("stop", ["load", "ignited", "everywhere", "none"])
def test_what_ends_a_run_is_all_that_is_shown_of_it(made, stop):
    found = made(f'{ALPHA}{TORTUOSITY}[stop]\nverdict = "{stop}"\n')
    known = tuple(name for name in VERDICTS if name != "seizure")  # what these runs have
    assert found.judged == ((stop,) if stop in VERDICTS else known)
    words = [text.get_text() for text in scan_map.risk_map(found).legends[0].texts]
    assert found.word("rest" if stop in ("sd", "load") else "ignited") in words


def test_failed_runs_are_marked(made):
    def law(labels):
        return "region is empty" if labels["alpha"] > 0.31 else front(labels)

    ax = scan_map.risk_map(made(ALPHA + TORTUOSITY, law)).axes[0]
    failed = [c.get_offsets() for c in ax.collections if len(c.get_offsets()) == 5]
    assert any(np.allclose(places[:, 0], 0.35) for places in failed)


def test_states_are_read_off_the_map(made):
    found = {r.name: r for r in readings(made(ALPHA + TORTUOSITY))}
    expected = {"ischemia": "yes", "before-ischemia": "border", "slice": "no", "immature": ""}
    assert {name: found[name].verdict for name in expected} == expected
    assert 6 / 2.2 < found["sd"].speed < 6 / 1.95
    assert np.isnan(found["slice"].speed)


def test_thresholds_of_states_are_read_off_the_map(made):
    found = {r.name: r for r in readings(made(ALPHA + TORTUOSITY + SEARCH, searched))}
    assert found["cortex"].value == pytest.approx(20.0)
    assert np.isnan(found["sd"].value)


def test_a_report_shows_each_regime_and_both_sides_of_the_border(made):
    found = made(ALPHA + TORTUOSITY)
    rows = found.finished.set_index("id").loc[scan_selection.chosen(found)]
    assert len(rows) == len({*rows.index}) == scan_selection.SHOWN
    assert {0.15, 0.2} <= {round(alpha, 6) for alpha in rows["alpha"]}
