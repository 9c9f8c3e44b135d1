"""The run directory is never mixed up with another one, and its tables and files are never torn."""

import json
import multiprocessing
import os
import resource
import xml.etree.ElementTree as ElementTree
from contextlib import contextmanager

import numpy as np
import pytest

from ecs_model import api
from ecs_model.errors import ConfigError
from ecs_model.files import atomic, xdmf
from ecs_model.run.rundir import RunDir
from ecs_model.run.tables import LineSeries, SeriesFile, line_names, read_line, read_series

COLUMNS = ["t", "K_o@centre", "V@far, left", "total_K"]
UNITS = {"K_o@centre": "mM", "V@far, left": "mV", "total_K": "mol"}
RNG = np.random.default_rng(0)


def some_run(path):
    run = RunDir.create(path)
    atomic.write_json(run.run_json, {})
    return run


def test_a_run_that_was_killed_as_it_began_may_begin_again(tmp_path):
    """Its empty log is all that it leaves; a log with words in it may be anybody's."""
    RunDir.create(tmp_path / "run").claim().close()
    assert not RunDir.create(tmp_path / "run").is_run
    (tmp_path / "run" / "run.log").write_text("hours of work\n")
    with pytest.raises(ConfigError, match=r"other things \(run.log\)"):
        RunDir.create(tmp_path / "run", overwrite=True)


@pytest.mark.parametrize("name", ["run.json", "series.csv", "fields/t000000.h5", "lines/a.csv"])
def test_pipes_in_a_directory_are_refused_and_not_read(tmp_path, name):
    run = some_run(tmp_path / "run")
    (run.path / name).parent.mkdir(exist_ok=True)
    (run.path / name).unlink(missing_ok=True)
    os.mkfifo(run.path / name)
    (run.path / "run.log").touch()
    (run.path / "fields.xdmf").touch()
    with pytest.raises(ConfigError, match=f"{name}: is a pipe or a device"):
        RunDir.open(run.path)
    with pytest.raises(ConfigError, match="is a pipe or a device"):
        api.report(run.path)


@pytest.mark.parametrize("to", ["../elsewhere", "/dev/zero"])
def test_nothing_is_read_or_written_where_links_lead_out(tmp_path, to):
    run = some_run(tmp_path / "run")
    (tmp_path / "elsewhere").mkdir()
    (run.path / "own").symlink_to("run.json")
    (tmp_path / "link").symlink_to(run.path)
    assert RunDir.open(tmp_path / "link").is_run
    (run.path / "pictures").symlink_to(to)
    for look in (RunDir.open, api.plot):
        with pytest.raises(ConfigError, match=r"pictures: is a symbolic link to .*, out of"):
            look(run.path)
    assert not [*(tmp_path / "elsewhere").iterdir()]


def test_a_new_or_empty_directory_becomes_a_run(tmp_path):
    run = RunDir.create(tmp_path / "a" / "b")
    assert RunDir.create(run.path).path == run.path
    with pytest.raises(ConfigError, match="holds no run"):
        RunDir.open(run.path)
    atomic.write_json(run.run_json, {})
    assert RunDir.open(run.path) == run


def test_a_run_is_not_overwritten_unless_asked(tmp_path):
    run = some_run(tmp_path / "run")
    run.checkpoints.mkdir()
    (run.path / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"already holds a run; resume it with .*--overwrite"):
        RunDir.create(run.path)
    with pytest.raises(ConfigError, match=r"other things \(notes.txt\)"):
        RunDir.create(run.path, overwrite=True)
    assert run.is_run and run.checkpoints.exists()
    assert (run.path / "notes.txt").read_text() == "mine"


def test_overwrite_empties_a_run(tmp_path):
    run = some_run(tmp_path / "run")
    assert list(RunDir.create(run.path, overwrite=True).path.iterdir()) == []


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_directory_with_other_things_is_refused(tmp_path, overwrite):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(ConfigError, match="other things"):
        RunDir.create(tmp_path, overwrite)
    assert (tmp_path / "thesis.tex").exists()


def test_an_impossible_place_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"cannot write .*in the way"):
        RunDir.create(tmp_path / "file")
    with pytest.raises(ConfigError, match=r"cannot write .*not a folder"):
        RunDir.create(tmp_path / "file" / "run")
    with pytest.raises(ConfigError, match="cannot write"):
        RunDir.create("/proc/run")
    with pytest.raises(ConfigError, match="is not a directory"):
        RunDir.open(tmp_path / "nowhere")


def test_a_table_reads_back_bit_for_bit(tmp_path):
    path = tmp_path / "series.csv"
    rows = np.column_stack([np.arange(20) / 3, RNG.normal(size=(20, 3)) * 1e-15])
    rows[4, 2] = np.nan
    table = SeriesFile.create(path, COLUMNS, UNITS)
    for row in rows:
        table.append(row)
    values, units = read_series(path)
    assert list(values) == COLUMNS
    assert units == {"t": "s", **UNITS}
    np.testing.assert_array_equal(np.column_stack(list(values.values())), rows)
    assert path.read_text().startswith('t [s],K_o@centre [mM],"V@far, left [mV]",total_K [mol]\n')


def test_an_empty_table_has_columns(tmp_path):
    SeriesFile.create(tmp_path / "s.csv", COLUMNS, UNITS)
    values, _ = read_series(tmp_path / "s.csv")
    assert [v.shape for v in values.values()] == [(0,)] * 4


def test_resume_drops_torn_and_later_rows(tmp_path):
    path = tmp_path / "series.csv"
    table = SeriesFile.create(path, COLUMNS, UNITS)
    times = np.arange(10) * 0.1
    for t in times:
        table.append([t, 1, 2, 3])
    table.close()
    with open(path, "a") as file:
        file.write("1.0,1.0,2.")
    assert len(read_series(path)[0]["t"]) == 10
    again = SeriesFile.resume(path, COLUMNS, UNITS, times[4])
    for t in times[5:]:
        again.append([t, 1, 2, 3])
    assert read_series(path)[0]["t"].tolist() == times.tolist()


def test_resume_refuses_other_columns(tmp_path):
    SeriesFile.create(tmp_path / "s.csv", COLUMNS, UNITS)
    with pytest.raises(ConfigError, match="not those of this configuration"):
        SeriesFile.resume(tmp_path / "s.csv", COLUMNS[:2], UNITS, 0.0)
    with pytest.raises(ConfigError, match="not those of this configuration"):
        SeriesFile.resume(tmp_path / "s.csv", COLUMNS, UNITS | {"total_K": "nmol"}, 0.0)


@pytest.mark.parametrize("content", ["", "t [s],x [mM]\n1.0\n", "t [s]\nabc\n", "time\n1.0\n"])
def test_a_broken_table_is_one_sentence(tmp_path, content):
    (tmp_path / "s.csv").write_text(content)
    if content:
        with pytest.raises(ConfigError):
            read_series(tmp_path / "s.csv")
    with pytest.raises(ConfigError, match="cannot read"):
        read_series(tmp_path / "missing.csv")


@contextmanager
def longest_file(size):
    """No file may grow beyond `size` bytes: a write that would is cut short, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_row_that_does_not_fit_is_not_written(tmp_path):
    table = SeriesFile.create(tmp_path / "s.csv", ["t", "x"], {})
    with longest_file(1000), pytest.raises(ConfigError, match="cannot write"):
        for k in range(1000):
            table.append([k, 0.1])
    assert (tmp_path / "s.csv").read_bytes().endswith(b",0.1\n")
    rows = len(read_series(tmp_path / "s.csv")[0]["t"])
    table.append([rows, 0.1])
    assert read_series(tmp_path / "s.csv")[0]["t"].tolist() == list(range(rows + 1))


def test_an_index_entry_that_does_not_fit_is_not_written(tmp_path):
    index = xdmf.Index(tmp_path / "fields.xdmf")
    with longest_file(1000), pytest.raises(ConfigError, match="cannot write"):
        for k in range(1000):
            index.append(xdmf.grid(float(k), ""))
    grids = len(ElementTree.parse(index.path).findall("Domain/Grid/Grid"))
    index.append(xdmf.grid(float(grids), ""))
    times = [xdmf.time_of(grid) for grid in xdmf.read_grids(index.path)]
    assert times == list(range(grids + 1))


def test_a_full_disk_is_one_sentence():
    """/dev/full fails like a full disk for whoever appends to it."""
    table = SeriesFile("/dev/full", 2)
    with pytest.raises(ConfigError, match="No space left on device; free some space"):
        table.append([1.0, 2.0])


def test_a_line_reads_back(tmp_path):
    arc, units = np.linspace(0, 1e-3, 5), {"K_o": "mM", "V": "mV"}
    line = LineSeries.create(tmp_path, "axis", arc, units)
    for t in (0.0, 0.5):
        line.append(t, {"V": arc * 1e5 - 70, "K_o": arc * 1e4 + t})
    line.close()
    LineSeries.resume(tmp_path, "axis", arc, units, 0.0).append(0.7, {"V": arc, "K_o": arc})
    times, places, fields, found_units = read_line(tmp_path, "axis")
    assert line_names(tmp_path) == ["axis"]
    assert times.tolist() == [0.0, 0.7] and found_units == units
    np.testing.assert_allclose(places, arc * 1e3, rtol=1e-15)
    np.testing.assert_array_equal(fields["K_o"], [arc * 1e4, arc])
    np.testing.assert_array_equal(fields["V"], [arc * 1e5 - 70, arc])


def test_json_knows_arrays_and_has_no_nan(tmp_path):
    path = tmp_path / "summary.json"
    atomic.write_json(
        path, {"b": np.array([1.5, np.nan]), "a": np.int64(3), "c": (np.bool_(True),)}
    )
    assert json.loads(path.read_text()) == {"a": 3, "b": [1.5, None], "c": [True]}
    assert path.read_text().index('"a"') < path.read_text().index('"b"')


def test_a_failed_write_leaves_the_old_file_and_no_temporary(tmp_path):
    path = tmp_path / "x.json"
    atomic.write_json(path, {"old": 1})
    with pytest.raises(TypeError):
        atomic.write_json(path, {"new": object()})
    with pytest.raises(TypeError):
        atomic.write_bytes(path, "text is not bytes")
    assert json.loads(path.read_text()) == {"old": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["x.json"]
    with pytest.raises(ConfigError, match="folder that should hold it does not exist"):
        atomic.write_text(tmp_path / "no" / "x.json", "")


def _write_often(path):
    for _ in range(100):
        atomic.write_text(path, "whole" * 100)


def test_processes_may_write_the_same_file_at_once(tmp_path):
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        pool.map_async(_write_often, [tmp_path / "shared"] * 4).get(timeout=60)
    assert [p.name for p in tmp_path.iterdir()] == ["shared"]
    assert (tmp_path / "shared").read_text() == "whole" * 100


def test_a_table_that_lost_rows_is_not_continued_and_stays_as_it_is(tmp_path):
    path = tmp_path / "series.csv"
    table = SeriesFile.create(path, ["t", "a"], {"a": "mM"})
    for t in (0.0, 1.0, 3.0):
        table.append([t, 2.0])
    table.close()
    whole = path.read_bytes()
    with pytest.raises(ConfigError, match="holds 3 of the 4 times"):
        SeriesFile.resume(path, ["t", "a"], {"a": "mM"}, 3.0, 4)
    assert path.read_bytes() == whole
    SeriesFile.resume(path, ["t", "a"], {"a": "mM"}, 3.0, 3).close()
