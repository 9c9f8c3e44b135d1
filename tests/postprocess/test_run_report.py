"""The report of a run: what it says, for every kind of run, and how a browser shows it."""

import html
import re

import pytest

from ecs_model import api
from ecs_model.cli import main
from ecs_model.files import atomic
from ecs_model.postprocess import html_film
from ecs_model.run.rundir import RunDir
from tests import browser
from tests.helpers import run_here, summary
from tests.robust.cases import BASE

COARSE = {1: (41,), 2: (21, 13), 3: (8, 6, 4)}
LARGEST = 6_000_000
TITLE = 'K+ <script>alert(1)</script> & "more"'


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small run of membranes that do nothing, in two dimensions, and its report."""
    text = (
        BASE.replace('title = "small"', f"title = '{TITLE}'")
        .replace("nagumo", "none")
        .replace("fmol", "nmol")
    )
    text = text.replace("parameters = { K_rest = 3.0 }\n", "")
    folder = tmp_path_factory.mktemp("report") / "run"
    run = run_here(text, folder, "output.every=0.1 s")
    return run, api.report(run.path)


def images(text):
    return re.findall(r'<img src="([^"]{22})', text)


def test_a_report_says_what_the_summary_says(made):
    run, path = made
    text, found = path.read_text(), summary(run)
    assert "<script>alert" not in text and "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    for key in ("load", "sd", "ignited"):
        assert f"{found[key]['margin']:+.3f}" in text
    assert f"{found['balance']['ecs_end']:.6e}" in text
    assert f"{found['balance']['given']['source pipette']:+.6e}" in text
    assert html.escape(run.config.read_text().splitlines()[3]).replace("&quot;", "&#34;") in text
    assert 'class="warning"' not in text  # it is finished, and nothing is wrong


def test_a_report_is_one_file_and_tells_no_machine(made):
    run, path = made
    text = re.sub(r'"data:image/[^"]*"', "image", path.read_text())
    assert not re.findall("(src|href)=[^i]", text) and "http:" not in text and "https:" not in text
    assert path.stat().st_size < LARGEST
    facts = api.open_run(run.path).facts
    program = [word for word in facts["command"][:1] if word != "-c"]
    for secret in (*facts["hosts"], facts["base"], *program):
        assert secret not in text


@pytest.mark.parametrize("dimension", [1, 3])
def test_every_dimension_has_its_pictures(run_of, dimension):
    run = run_of(dimension, counts=COARSE[dimension], v=False)
    text = api.report(run.path).read_text()
    films = 0 if dimension == 1 else 1
    assert text.count('class="film"') == films
    still = {"Probes", "Integrals", "Line &#39;axis&#39;", "Arrival of the front"}
    still |= {"Profiles"} if dimension == 1 else set()
    assert still <= {*re.findall("<h2>(.*?)</h2>", text)}
    assert len(images(text)) == len(still) + 2 * films  # a frame lies around each film
    assert text.count('prefers-color-scheme: dark)" srcset=') == len(still) + films
    assert ('type="range"' in text) == (films > 0)


def test_what_is_not_there_is_left_out_and_an_end_that_never_came_is_said(run_of):
    run = run_of(2, [0.0], counts=COARSE[2], v=False, probes=False, line=False, reached=False)
    text = api.report(run.path).read_text()
    assert "not at its end: it still runs, or was killed" in text
    assert len(images(text)) == 3 and "const times" not in text  # one map, nobody arrived
    facts = {"ended": "stopped", "reason": "signal 15", "time": 0.25}
    atomic.write_json(RunDir(run.path).run_json, facts)
    assert "stopped by signal 15 at 0.25 s" in api.open_run(run.path).state


def test_a_run_that_wrote_nothing_yet_has_a_report(tmp_path):
    run = RunDir.create(tmp_path / "run")
    atomic.write_json(run.run_json, {"ended": "error", "reason": "K+ is not finite"})
    path = api.report(run.path, tmp_path / "other.html")
    assert path.name == "other.html" and "failed: K+ is not finite" in path.read_text()


def test_films_that_would_be_too_large_lose_times_but_never_the_last(run_of, monkeypatch):
    run = run_of(2, [0.0, 10.0, 20.0, 30.0, 40.0], counts=COARSE[2], v=False)
    whole = html_film.films(film_fields(run))
    assert whole.times == ["0 s", "10 s", "20 s", "30 s", "40 s"]
    size = sum(map(len, whole.images["K_o"]))
    monkeypatch.setattr(html_film, "BUDGET", 0.7 * size)
    thinned = html_film.films(film_fields(run))
    assert thinned.times == ["0 s", "20 s", "40 s"]
    assert thinned.images["K_o"] == whole.images["K_o"][::2]


def film_fields(run):
    from ecs_model.postprocess.fields import load

    return load(run.path)


def test_the_command_reports_on_runs_and_refuses_the_rest(run_of, tmp_path, capsys):
    run = run_of(1, [0.0], counts=COARSE[1], v=False, probes=False, line=False)
    assert main(["report", str(run.path), "-o", str(tmp_path / "r.html")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "r.html")
    wrong = [
        ((str(tmp_path),), "neither a run nor a scan"),
        ((str(tmp_path / "no"),), "neither a run nor a scan"),
        ((str(run.path), "--points", "a"), "--points is for the report of a scan"),
        ((str(run.path), "-o", str(tmp_path / "no" / "r.html")), "does not exist"),
    ]
    for arguments, words in wrong:
        assert main(["report", *arguments]) == 2
        assert words in capsys.readouterr().err


def test_a_report_is_no_obstacle_to_overwriting_the_run(made):
    run, path = made
    assert path.exists() and RunDir.check(run.path, overwrite=True).path == run.path


def test_chromium_turns_the_film_and_loads_nothing_else(made, chromium):
    _, path = made
    browser.requested(chromium)
    chromium.get(path.as_uri())
    widths = chromium.execute_script("return [...document.images].map(i => i.naturalWidth)")
    assert len(widths) == 6 and min(widths) > 300
    urls = [url for url in browser.requested(chromium) if not url.startswith("data:image/")]
    assert urls == [path.as_uri()] and chromium.title == TITLE
    seen = {}
    for k in range(5):
        seen[shown(chromium, k)] = chromium.execute_script(
            "return document.querySelector('.film img').src"
        )
    assert [*seen] == ["0 s", "0.1 s", "0.2 s", "0.3 s", "0.4 s"]
    assert len({*seen.values()}) == 4  # nothing has happened at 0.1 s
    assert chromium.get_log("browser") == []


def shown(driver, number):
    """The time that is told when the slider has been moved."""
    return driver.execute_script(
        "const s = document.querySelector('.slider input'); s.value = arguments[0];"
        "s.dispatchEvent(new Event('input'));"
        "return document.querySelector('.slider output').textContent",
        number,
    )


def test_without_javascript_the_last_time_is_seen(made, chromium):
    _, path = made
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    chromium.get(path.as_uri())
    picture = chromium.find_element("css selector", ".film > img")
    (said,) = chromium.find_elements("css selector", ".slider output")
    assert picture.size["width"] > 300 and said.text == "0.4 s"
    assert not chromium.find_element("css selector", ".slider input").is_displayed()
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.fixture
def seen(chromium):
    """Shows a page as one sees it who has a screen of some width and a colour scheme."""

    def see(path, width, scheme):
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        size = {"width": width, "height": 1400, "deviceScaleFactor": 1, "mobile": width < 500}
        chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        chromium.get(path.as_uri())
        return chromium

    yield see
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


LUMINANCE = """
const luminance = c => { const [r, g, b] = c.match(/[0-9.]+/g).slice(0, 3).map(x => x / 255)
  .map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b };
const of = (e, what) => luminance(getComputedStyle(document.querySelector(e))[what]);
return [of('body', 'color'), of('.note', 'color'), of('body', 'backgroundColor')];
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_by_day_and_by_night(made, seen, scheme):
    """Contrast of text by WCAG: 4.5 and more, dark on light or light on dark."""
    *texts, paper = seen(made[1], 1100, scheme).execute_script(LUMINANCE)
    assert (paper > 0.9) == (scheme == "light") and (paper < 0.05) == (scheme == "dark")
    for text in texts:
        low, high = sorted([text, paper])
        assert (high + 0.05) / (low + 0.05) > 4.5


PAPERS = """
const [done] = [arguments[arguments.length - 1]];
const first = i => { const c = document.createElement('canvas').getContext('2d');
  c.drawImage(i, 0, 0); return [...c.getImageData(1, 1, 1, 1).data]; };
const images = [...document.querySelectorAll('picture img')];
Promise.all(images.map(i => i.decode())).then(() => done(images.map(first)));
"""


@pytest.mark.parametrize(("scheme", "paper"), [("light", 0xFF), ("dark", 0x17)])
def test_figures_are_of_the_colour_of_the_page(made, seen, scheme, paper):
    found = seen(made[1], 1100, scheme).execute_async_script(PAPERS)
    frames = [pixel for pixel in found if pixel[3] == 0]  # of films, on no paper
    reds = [pixel[0] for pixel in found if pixel[3]]
    assert len(frames) == 1 and len(reds) >= 4
    assert max(abs(red - paper) for red in reds) <= 2


def test_films_lie_inside_of_their_frames(made, seen):
    boxes = """return [...document.querySelectorAll('.film img')].map(e => {
        const b = e.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; })"""
    for width in (1100, 400):
        film, frame = seen(made[1], width, "dark").execute_script(boxes)
        assert film == frame and film[2] > 300


def test_nothing_is_wider_than_a_telephone(made, seen):
    wide = """return [...document.querySelectorAll('body *')].filter(
        e => !e.closest('.wide, pre') && e.getBoundingClientRect().right > 400).length"""
    assert seen(made[1], 400, "light").execute_script(wide) == 0
