"""The report of a scan: what it says, where its pictures come from, how a browser shows it."""

import re
import shutil
from pathlib import Path

import pytest

from ecs_model import api, cli
from ecs_model.errors import ConfigError
from ecs_model.run.rundir import RunDir
from ecs_model.scan.status import status
from tests import browser
from tests.helpers import summary
from tests.scan.scans import FRONT, scan, table

TITLE = 'K+ <script>alert(1)</script> & "more"'
GRID = f"""title = '{TITLE}'
{FRONT}
[[axis]]
key = "tortuosity"
values = [1.4, 1.8]
[[axis]]
name = "start"
key = "tissue.regions.start.initial.K_o"
values = ["9 mM", "40 mM", "100 mM"]
[[axis]]
name = "from"
key = "tissue.regions.start.box.low.0"
values = ["-1 um", "2 mm"]
"""
SEARCH = """[[axis]]
key = "tortuosity"
values = [1.6]
[threshold]
key = "tissue.regions.start.initial.K_o"
low = "8 mM"
high = "40 mM"
tolerance = 0.1
"""


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report") / "scan"
    code, found = scan(folder, GRID)
    assert code == 1  # half of the points fail
    path = api.scan_report(folder, [found["id"][0], found["id"][2][:9]], quiet=True)
    return path


def test_a_report_is_one_file_with_all_that_matters(grid):
    text = grid.read_text()
    assert (
        "<script>alert" not in text
        and "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#34;more&#34;" in text
    )
    assert {address[:23] for address in re.findall(r'src="([^"]*)"', text)} == {
        "data:image/webp;base64,"
    }
    assert all(link.startswith("#") for link in re.findall(r'href="([^"]*)"', text))
    assert text.count("<img") == 3  # the scan, and two runs
    assert text.count("region &#39;start&#39; holds no cell") == 6
    assert "12: 6 finished, 6 failed" in text
    for row in table(grid.parent)["id"]:
        assert row in text


def test_torn_files_of_a_point_stop_neither_report_nor_scan(grid, tmp_path):
    folder = tmp_path / "scan"
    shutil.copytree(grid.parent, folder)
    shutil.copy(grid.parent.with_suffix(".toml"), folder.with_suffix(".toml"))
    one, two = table(folder).query("run == 'finished'")["id"][:2]
    (folder / "points" / one / "status.json").write_text("")
    assert api.scan_report(folder, [], quiet=True).is_file()
    (folder / "points" / two / "summary.json").write_text("")
    assert "5 finished" in [*status(folder)][1]
    assert scan(folder, GRID)[0] == 1
    assert "6 finished" in [*status(folder)][1]
    (folder / "points" / two / "summary.json").write_text("{")
    with pytest.raises(ConfigError, match=f"{two}/summary.json is damaged.*this run again"):
        scan(folder, GRID)


def test_an_opened_scan_says_what_it_is(grid):
    said = repr(api.open_scan(grid.parent))
    for words in (repr(TITLE), "6 of 12 points finished", "tortuosity", "3 values"):
        assert words in said


def test_pictured_runs_are_those_of_the_scan_and_made_once(grid):
    found = table(grid.parent)
    run = RunDir(grid.parent / "repeats" / found["id"][2])
    assert summary(run)["ignited"]["margin"] == pytest.approx(found["ignited.margin"][2], rel=1e-12)
    before = run.summary.stat().st_mtime_ns
    api.scan_report(grid.parent, [found["id"][0], found["id"][2]], quiet=True)
    assert run.summary.stat().st_mtime_ns == before


def test_a_threshold_is_shown_by_the_run_at_its_igniting_end(tmp_path):
    _, found = scan(tmp_path / "scan", FRONT + SEARCH)
    api.scan_report(tmp_path / "scan", quiet=True)
    run = RunDir(tmp_path / "scan/repeats" / found["id"][0])
    said = re.search(r'K_o = "(\S+) mM"', run.config.read_text())
    assert float(said[1]) == found["threshold.high"][0]
    assert summary(run)["ignited"]["verdict"]


def test_kept_runs_are_shown_and_no_run_is_repeated(tmp_path):
    scan(tmp_path / "scan", FRONT + SEARCH.partition("[threshold]")[0], 'keep="run"')
    path = api.scan_report(tmp_path / "scan", quiet=True)
    assert path.read_text().count("<img") == 2
    assert not (tmp_path / "scan/repeats").exists()


def test_a_run_that_cannot_be_repeated_is_said(grid, monkeypatch):
    first = table(grid.parent)["id"][4]
    config = grid.parent / "points" / first / "config.toml"
    config.write_text(config.read_text().replace("nagumo", "nagumoo"))
    path = api.scan_report(grid.parent, [first], quiet=True)
    assert "No picture: " in path.read_text() and "nagumoo" in path.read_text()


@pytest.mark.parametrize(
    ("points", "words"), [("zz", "no finished point begins so"), ("", "no finished")]
)
def test_points_that_are_not_there_are_named(grid, points, words):
    with pytest.raises(ConfigError, match=words):
        api.scan_report(grid.parent, [points])


def test_the_command_line_writes_a_report_without_runs(grid, capsys, tmp_path):
    other = str(tmp_path / "r.html")
    assert cli.main(["report", str(grid.parent), "--points", "none", "-o", other]) == 0
    assert capsys.readouterr().out.strip() == other and "6 failed" in Path(other).read_text()
    assert cli.main(["scan", "report", str(grid.parent), "--points", "none"]) == 0
    assert capsys.readouterr().out.strip() == str(grid)
    assert grid.read_text().count("<img") == 1
    assert cli.main(["scan", "report", str(grid.parents[1])]) == 2
    assert "holds no scan" in capsys.readouterr().err


def column(driver, number):
    """Texts of a column of the table of points."""
    cells = driver.find_elements("css selector", f"#points tbody td:nth-child({number})")
    return [cell.text for cell in cells]


def test_chromium_shows_it_sorts_it_and_loads_nothing_else(grid, chromium):
    names = table(grid.parent)["id"]
    api.scan_report(grid.parent, [names[0], names[2]], quiet=True)
    browser.requested(chromium)
    chromium.get(grid.as_uri())
    widths = chromium.execute_script("return [...document.images].map(i => i.naturalWidth)")
    assert len(widths) == 3 and min(widths) > 300
    (first,) = [url for url in browser.requested(chromium) if not url.startswith("data:image/webp")]
    assert first == grid.as_uri()
    assert chromium.title == TITLE
    margins = chromium.find_elements("css selector", "#points thead button")[-1]
    for descending in (False, True):
        margins.click()
        shown = column(chromium, len(chromium.find_elements("css selector", "#points thead th")))
        numbers = [float(text) for text in shown[:6]]
        assert numbers == sorted(numbers, reverse=descending) and len({*numbers}) > 3
        assert shown[6:] == ["-"] * 6  # unknown ones stay last
    assert chromium.get_log("browser") == []


def test_it_can_be_read_without_javascript(grid, chromium):
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    chromium.get(grid.as_uri())
    assert chromium.find_elements("css selector", "#points button") == []
    assert len(column(chromium, 1)) == 12
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
