"""Every run gives its figures, whatever it has or lacks, and the figures show something."""

import re
import subprocess
import sys

import imageio.v3 as imageio
import numpy as np
import pytest

from ecs_model import api
from ecs_model.errors import ConfigError
from ecs_model.files import atomic
from ecs_model.postprocess import (
    dataset,
    labels,
    line,
    maps,
    movie,
    report,
    run_figures,
    series,
    style,
)
from ecs_model.postprocess.paraview import write_paraview_script
from ecs_model.postprocess.raster import raster
from ecs_model.run import field_series, spike_tables
from ecs_model.run.field_series import FieldSeries
from ecs_model.run.rundir import RunDir
from ecs_model.run.tables import SeriesFile

ALWAYS = {"probes.png", "balance.png", "line_axis.png", "arrival_K_o.png"}
ALWAYS |= {"K_o.mp4", "open_in_paraview.py"}
OF_DIMENSION = {1: {"profiles.png"}, 2: {"maps.png"}, 3: {"K_o.png", "V.png"}}
COARSE = {1: (41,), 2: (21, 13), 3: (10, 7, 4)}


def assert_shows_something(path):
    image = imageio.imread(path)
    assert image[..., :3].std() > 5
    assert min(image.shape[:2]) > 100


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_a_full_run_gives_every_picture(run_of, dimension):
    run = run_of(dimension, counts=COARSE[dimension])
    paths = report(run.path)
    assert {path.name for path in paths} == ALWAYS | OF_DIMENSION[dimension]
    for path in paths:
        if path.suffix == ".png":
            assert_shows_something(path)
    assert not list(run.path.rglob(".*"))


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_a_bare_run_of_one_time_gives_what_it_can(run_of, dimension):
    lacking = {"v": False, "probes": False, "line": False, "reached": False}
    run = run_of(dimension, [0.0], counts=COARSE[dimension], **lacking)
    names = {path.name for path in report(run.path)}
    expected = OF_DIMENSION[dimension] - {"V.png"} | {"arrival_K_o.png", "open_in_paraview.py"}
    assert names == expected


def test_a_run_without_output_times_gives_a_paraview_script(tmp_path):
    RunDir.create(tmp_path)
    points, cells = np.eye(3), [[0, 1, 2]]
    FieldSeries.create(tmp_path, points, cells, units={"K_o": "mM"}).close()
    assert [path.name for path in report(tmp_path)] == ["open_in_paraview.py"]


def test_what_is_no_run_or_broken_is_one_sentence(run_of, tmp_path):
    with pytest.raises(ConfigError, match="is not a directory"):
        report(tmp_path / "nowhere")
    run = run_of(2, counts=COARSE[2])
    with pytest.raises(ConfigError, match="has no field 'Ca'; it has K_o, V"):
        movie.movie(run.path, "Ca")
    with pytest.raises(ConfigError, match="has no line 'x'; it has axis"):
        line.space_time(run.path, "x")
    with pytest.raises(ConfigError, match="dimension 2, not 1"):
        maps.profiles(run.path)
    (run.path / "fields" / "t000001.h5").unlink()
    with pytest.raises(ConfigError, match="cannot read"):
        report(run.path)


def test_curves_of_probes_are_those_of_the_table(run_of):
    run = run_of(1)
    panels = series.probes(run.path).axes
    assert [axes.get_ylabel() for axes in panels] == [
        "[K$^+$]$_o$ [mM]",
        "Membrane potential [mV]",
    ]
    times, centre = panels[0].lines[1].get_data()
    place = run.points[[len(run.points) // 2]]
    expected = [run.laws["K_o"](place, t)[0] for t in times]
    np.testing.assert_allclose(centre, expected, rtol=1e-15)


def amounts_of(path, names, times=(0.0, 10.0, 20.0)):
    """Give a run a table of amounts: K+ outside, and what brought it, k mmol by the k-th."""
    units = dict.fromkeys(["ecs_K", *names], "mol")
    table = SeriesFile.create(
        RunDir(path).series, ["t", *units, "max_K_o"], units | {"max_K_o": "mM"}
    )
    brought = 1e-3 * np.arange(1, len(names) + 1)
    for t in times:
        share = t / times[-1]
        table.append([t, 2.0 + share * brought.sum(), *share * brought, 3.0])
    table.close()


MANY = [f"source s{k}" for k in range(30)]


@pytest.mark.parametrize("width", [None, 85.0, 183.0])
def test_a_balance_of_many_terms_fits_a_page(run_of, width):
    run = run_of(1, v=False, probes=False)
    amounts_of(run.path, MANY)
    with style.as_wide_as(width):
        figure = series.balance(run.path)
    figure.draw_without_rendering()
    assert figure.get_tightbbox().height * 25.4 < 240.0
    single, together = figure.axes
    assert single.get_ylabel() == "Maximum of [K$^+$]$_o$\n[mM]"
    ends = [curve.get_ydata()[-1] for curve in together.lines]
    shown = [0.465, *(1e-3 * k for k in range(25, 31)), 1e-3 * sum(range(1, 25))]
    np.testing.assert_allclose(sorted(ends), sorted(shown), rtol=1e-12)
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "all others together" in texts and "outside cells" in texts and len(texts) == 8


def test_what_changes_by_rounding_alone_looks_constant(run_of):
    run = run_of(1, v=False, probes=False)
    amounts_of(run.path, [], times=(0.0, 10.0))
    low, high = series.balance(run.path).axes[1].get_ylim()
    assert high - low >= 1e-6 * 2.0


def spikes(run, rows):
    """Give a synthetic run a table of the spikes along its line."""
    table = spike_tables.create(run.path, "axis")
    table.extend(rows)
    table.close()


def test_a_raster_has_a_tick_for_every_spike(run_of):
    run = run_of(1, v=False)
    spikes(run, [(1.5, 0.0), (1.5, 0.1), (20.0, 0.1), (39.0, 8.0)])
    (axes,) = raster(run.path, "axis").axes
    (ticks,) = axes.lines
    np.testing.assert_array_equal(ticks.get_xydata()[:, 0], [1.5, 1.5, 20.0, 39.0])
    np.testing.assert_array_equal(ticks.get_xydata()[:, 1], [0.0, 0.1, 0.1, 8.0])
    assert axes.get_xlim() == (0.0, 40.0)  # to the last row of the line
    assert axes.get_ylim()[0] < 0.0 and axes.get_ylim()[1] > 8.0  # all of the line
    assert (ticks.get_marker(), ticks.get_alpha()) == ("|", 1.0)
    names = {path.name for path in report(run.path)}
    assert "raster_axis.png" in names
    assert_shows_something(run.path / "pictures" / "raster_axis.png")


def test_many_spikes_are_drawn_paler_and_shorter(run_of):
    run = run_of(1, v=False)
    places = np.repeat(np.linspace(0, 8, 41), 4000)
    spikes(run, np.column_stack([np.tile(np.linspace(0, 40, 4000), 41), places]))
    (ticks,) = raster(run.path, "axis").axes[0].lines
    assert ticks.get_alpha() == 0.25 and ticks.get_markersize() < 4


def test_a_line_on_which_nothing_fired_has_no_raster(run_of):
    run = run_of(1, v=False)
    spikes(run, [])
    assert "raster_axis.png" not in {path.name for path in report(run.path)}


MEANING = {"V": "depolarization from rest"}


def test_what_a_model_calls_its_fields_is_what_pictures_say(run_of):
    run = run_of(2, counts=COARSE[2])
    atomic.write_json(run.path / "run.json", {"meanings": MEANING})
    words = "Depolarization from rest [mV]"
    assert series.probes(run.path).axes[1].get_ylabel() == words
    labels = [axes.get_ylabel() for axes in line.space_time(run.path).axes]
    assert words in labels
    drawn = [axes.get_ylabel() for axes in maps.maps(run.path).axes]
    assert words.replace(" [", "\n[") in drawn
    script = write_paraview_script(run.path).read_text()
    assert f"('V', '{words}'" in script and "embrane potential" not in script
    assert dataset.along(run.path, "axis").V.attrs["long_name"] == MEANING["V"]
    assert dataset.fields(run.path).V.attrs == {"units": "mV", "long_name": MEANING["V"]}


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_the_longest_axis_is_sampled_exactly_for_linear_fields(run_of, dimension):
    run = run_of(dimension, [0.0])
    points, cells, _ = field_series.read_mesh(run.path)
    places, nodes, weights = line.longest_axis(points, cells)
    sampled = np.einsum("sn,snx->sx", weights, points[nodes])
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    np.testing.assert_allclose(sampled[:, 0], places, atol=1e-12)
    np.testing.assert_allclose(sampled[:, 1:], np.tile(middle[1:], (len(places), 1)), atol=1e-12)
    assert (places[0], places[-1]) == (points[:, 0].min(), points[:, 0].max())


def test_a_line_outside_the_mesh_is_nan():
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [3, 0, 0], [4, 0, 0], [3, 1, 0.0]])
    places, _, weights = line.longest_axis(points, np.array([[0, 1, 2], [3, 4, 5]]))
    outside = (places > 0.5) & (places < 3) | (places > 3.5)
    np.testing.assert_array_equal(np.isnan(weights[:, 0]), outside)


def test_a_movie_has_a_frame_per_time_and_moves(run_of):
    run = run_of(2, [0.0, 20.0, 40.0, 60.0], counts=COARSE[2])
    path = movie.movie(run.path, frames=3, pixels=(320, 240))
    frames = imageio.imread(path, plugin="FFMPEG")
    assert len(frames) == 3
    assert np.abs(frames[0].astype(float) - frames[-1]).mean() > 5


@pytest.mark.parametrize(
    ("low", "high"), [(3.0, 53.0), (-70.0, -20.0), (3.0, 3.0), (0.0, 0.0), (3.0, 3.0 + 1e-12)]
)
def test_limits_are_ordered_and_hold_the_values(low, high):
    below, above = labels.nice_limits(low, high)
    assert below <= low <= high <= above
    assert below < above


def test_limits_of_nothing_are_usable():
    assert labels.nice_limits(np.nan, np.nan) == (0.0, 1.0)


def test_postprocessing_needs_neither_mpi_nor_dolfinx():
    modules = "run_figures, line, maps, movie, paraview, raster, stills, series, vtkhdf"
    code = f"import sys; from ecs_model.postprocess import {modules}; "
    code += "sys.exit(bool({'mpi4py', 'dolfinx', 'petsc4py'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("width", [85.0, 183.0])
@pytest.mark.parametrize("dimension", [1, 2])
def test_no_text_is_cut_off_at_any_width(run_of, dimension, width):
    run = run_of(dimension, counts=COARSE[dimension])
    with style.as_wide_as(width):
        for name, draw in run_figures.figures(RunDir.open(run.path)).items():
            figure = draw()
            figure.draw_without_rendering()
            left, right = figure.get_tightbbox().intervalx
            assert left > 0 and right < width / 25.4, name


@pytest.mark.parametrize("dimension", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_figures_in_every_format_are_as_wide_as_was_asked(run_of, dimension):
    run = run_of(dimension, counts=COARSE[dimension])
    paths = api.plot(run.path, ("png", "pdf", "svg"), 85.0)
    endings = [path.suffix for path in paths]
    assert endings.count(".png") == endings.count(".pdf") == endings.count(".svg") > 3
    for path in paths:
        if path.suffix == ".svg":
            (points,) = re.findall(r'<svg [^>]*width="([\d.]+)pt"', path.read_text())
            assert float(points) * 25.4 / 72 == pytest.approx(85.0, abs=0.01)
            assert "<text" not in path.read_text()  # letters are outlines
        if path.suffix == ".pdf":
            assert b"/FontFile2" in path.read_bytes() and b"/Type3" not in path.read_bytes()


@pytest.mark.parametrize(
    ("formats", "width", "words"),
    [(["gif"], None, "--format: found 'gif'"), (["png"], 9.0, "--width: found 9; 70 to 400 mm")],
)
def test_other_formats_and_widths_are_refused(run_of, formats, width, words):
    with pytest.raises(ConfigError, match=words):
        api.plot(run_of(1).path, formats, width)


def test_columns_of_the_series_are_named_in_words():
    assert labels.label("ecs_K", "mol/m^2") == "K$^+$ outside cells [mol/m$^2$]"
    assert labels.label("cell_Cl", "mol") == "Cl$^-$ in cells [mol]"
    assert labels.label("membranes", "mol") == "K$^+$ from membranes [mol]"
    assert labels.label("membranes (Na)", "mol") == "Na$^+$ from membranes [mol]"


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("source.KCl.amount", "amount of the source KCl"),
        ("membrane.parameters.K_bath", "[K+] of the bath"),
        ("membrane.parameters.g_leak", "g leak"),
        ("event.no blood.profile.duration", "duration of the event no blood"),
        ("tissue.regions.start.initial.K_o", "[K+]o of the region start"),
        ("tissue.regions.bolus.box.high.0", "high of the region bolus"),
        ("tissue.alpha", "volume fraction "),
    ],
)
def test_settings_are_named_in_words(key, words):
    assert labels.untypeset(labels.setting(key)) == words.strip()
