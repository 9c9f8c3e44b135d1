"""What runs and scans return: an exit code, what came out, and where it is."""

import sys

from ecs_model.native import MPI

import pytest

from ecs_model import api
from ecs_model.scan.progress import lines
from tests.helpers import launch_program
from tests.scan.scans import FRONT

RUN = FRONT.replace("[run.", "[").replace("[[run.", "[[")
SCAN = FRONT + '[[axis]]\nkey = "membrane.parameters.K_threshold"\nvalues = [12, 15]\n'
SAY = """
import sys
from ecs_model import api
found = api.run("run.toml", "shared", quiet=True)
assert found.code == 0 and "on line 'way'" in repr(found)
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("outcomes")
    (folder / "run.toml").write_text(RUN)
    (folder / "scan.toml").write_text(SCAN)
    return folder


@pytest.fixture(scope="module")
def result(place):
    return api.run(place / "run.toml", place / "out", MPI.COMM_SELF, quiet=True)


def test_a_run_shows_what_came_out_and_where_it_is(result, place):
    assert result.code == 0 and result.path == place / "out"
    assert result.run.is_finished and len(result.run.series) > 5
    said = repr(result)
    assert said.startswith("out: finished\n") and str(place / "out") in said
    assert "Front on line 'way'" in said and "mm/min" in said and "K⁺ load" in said
    shown = result._repr_html_()
    assert shown.startswith("<b>out: finished</b><table>") and "line &#x27;way&#x27;" in shown


def test_a_run_says_one_line_unless_it_is_asked_for_more(result, place, capsys):
    where = (place / "run.toml", place / "again", MPI.COMM_SELF)
    code = api.run(*where, overrides=["time.end=1 s"]).code
    first = capsys.readouterr().err
    assert code == 0 and first.count("\n") == 1
    assert first.startswith(f"{place / 'again'}: ") and first.endswith("finished at t = 1 s\n")
    api.run(*where, overrides=["time.end=1 s"], overwrite=True, verbose=True)
    assert "balance of K+" in capsys.readouterr().err
    assert "balance of K+" in (place / "again" / "run.log").read_text()


def test_going_on_with_what_is_finished_says_so(result, capsys):
    again = api.resume(result.path, MPI.COMM_SELF)
    assert again.code == 0 and repr(again) == repr(result)
    assert capsys.readouterr().err.count("nothing is left to compute") == 1


def test_every_process_has_the_result(place):
    done = launch_program(2, [sys.executable, "-c", SAY], cwd=place)
    assert done.returncode == 0, done.stderr


def test_a_scan_shows_what_came_out_and_where_it_is(place):
    result = api.scan(place / "scan.toml", place / "scan", quiet=True)
    assert result.code == 0 and len(result.scan.frame) == 2
    said = repr(result)
    assert said.startswith(f"Scan in {place / 'scan'}: all points finished")
    assert "2 of 2 points finished" in said and "<table>" in result._repr_html_()
    frame, report = result.scan.frame, result.scan.report
    yes = {name: int(frame[f"{name}.verdict"].sum()) for name in ("load", "sd", "ignited")}
    assert report["yes"] == yes and 0 <= min(yes.values())
    words = f"K+ load: yes in {yes['load']}; spreading depolarization: yes in {yes['sd']}; "
    assert words in "".join(lines(place / "scan", report))
    assert repr(api.scan_collect(place / "scan", quiet=True)) == said


def test_a_scan_of_which_nothing_is_finished_is_shown_too(tmp_path):
    result = api.ScanResult(75, tmp_path)
    assert "the same call goes on" in repr(result)
    assert "no point is finished" in result._repr_html_()
