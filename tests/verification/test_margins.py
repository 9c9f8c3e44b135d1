"""The margin of a seizure across its border: the tables of docs/results.md, computed again."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from ecs_model import api

PAGE = Path(__file__).parents[2] / "docs" / "results.md"
MESHES = {
    "1-D": 'generator = "interval"\nlength = "{size} mm"\ncell = "{cell} um"\n',
    "2-D": 'generator = "rectangle"\nsize = ["{size} mm", "{size} mm"]\ncell = "{cell} um"\n',
}
FOCUS = {"1-D": ('"-1 um"', '"0.21 mm"'), "2-D": ('"-1 um", "-1 um"', '"0.21 mm", "0.21 mm"')}
TIME = '[time]\nend = "{end} s"\n[output]\nevery = "{end} s"\nseries = "{series} s"\n'


def stimulated(dimension, seconds):
    """Neurons of `barreto_cressman` that are stimulated for some time, all of them."""
    return (
        f"[mesh]\n{MESHES[dimension].format(size=0.2, cell=100)}"
        '[membrane]\nmodel = "barreto_cressman"\nparameters = { K_bath = "6 mM" }\n'
        '[[event]]\nname = "kick"\nparameters = { I_stim = "3 uA/cm^2" }\n'
        f'profile = {{ kind = "pulse", start = "0.5 s", duration = "{seconds} s" }}\n'
        f"{TIME.format(end=9, series=1)}"
    )


def ignited(dimension, bath):
    """Tissue of `epileptor2` beside a focus whose bath has more K+."""
    low, high = FOCUS[dimension]
    return (
        f"[mesh]\n{MESHES[dimension].format(size=0.8, cell=50)}[tissue]\nalpha = 0.1\n"
        f'[[tissue.regions]]\nname = "focus"\nbox = {{ low = [{low}], high = [{high}] }}\n'
        f"parameters = {{ K_bath = {bath} }}\n"
        '[membrane]\nmodel = "epileptor2"\nparameters = { K_bath = "7 mM" }\n'
        f"{TIME.format(end=60, series=6)}"
    )


def sharply(dimension, bath):
    """The same with errors that do not decide, a few parts in a thousand from the border."""
    tight = (
        ("[time]\n", '[time]\ntolerance = "1e-4 mM"\n'),
        (
            "[membrane]\n",
            '[membrane]\ntolerance = 1e-8\nprecision = "double"\n',
        ),
    )
    text = ignited(dimension, bath)
    for old, new in tight:
        text = text.replace(old, new)
    return text


TABLES = {"stimulus [s]": stimulated, "bath of the focus [mM]": sharply}
BORDERS = {d: f"bath of the focus, {d} [mM]" for d in MESHES}


def printed(head, dimension):
    """Values and margins of a row of the page."""
    (values,) = re.findall(rf"^\| {re.escape(head)} \|(.*)\|$", PAGE.read_text(), re.M)
    below = PAGE.read_text().partition(f"| {head} |")[2]
    margins = re.search(rf"^\| margin, {dimension} \|(.*)\|$", below, re.M)[1]
    columns = zip(values.split("|"), margins.split("|"), strict=True)
    return [(float(v), float(m)) for v, m in columns]


def margin(folder, text):
    (folder / "run.toml").write_text(text)
    assert api.run(folder / "run.toml", folder / "run", quiet=True, overwrite=True).code == 0
    return json.loads((folder / "run" / "summary.json").read_text())["seizure"]["margin"]


def check(folder, head, dimension, chosen=slice(None)):
    rows = printed(head, dimension)
    assert len(rows) == 9
    for value, expected in rows[chosen]:
        found = margin(folder, TABLES.get(head, sharply)(dimension, value))
        assert found == pytest.approx(expected, abs=0.0051), f"{value}: {found:.4f}"


@pytest.mark.parametrize(("head", "chosen"), [(head, slice(1, 3)) for head in TABLES])
def test_margins_are_those_of_the_page(tmp_path, head, chosen):
    check(tmp_path, head, "1-D", chosen)


def test_the_margin_goes_through_its_border_as_on_the_page(tmp_path):
    check(tmp_path, BORDERS["1-D"], "1-D", slice(5, 7))


@pytest.mark.slow
@pytest.mark.parametrize("dimension", MESHES)
def test_all_rows_at_the_border_are_those_of_the_page(tmp_path, dimension):
    check(tmp_path, BORDERS[dimension], dimension)


@pytest.mark.slow
@pytest.mark.parametrize("dimension", MESHES)
@pytest.mark.parametrize("head", TABLES)
def test_all_margins_are_those_of_the_page(tmp_path, head, dimension):
    check(tmp_path, head, dimension)


@pytest.mark.parametrize("dimension", MESHES)
def test_what_the_page_says_of_them_is_true(dimension):
    """One grows through 0 in even steps; the other is steep there, and grows beyond."""
    even = np.array([m for _, m in printed("stimulus [s]", dimension)])
    jump = np.array([m for _, m in printed("bath of the focus [mM]", dimension)])
    assert (np.diff(even) > 0).all() and np.diff(even).max() < 0.25 and even[0] < 0 < even[-1]
    yes = jump >= 0
    assert (jump[~yes] > -2).all() and (jump[~yes] < -1).all() and yes[-1] and not yes[0]
    assert (np.diff(jump[yes]) > 0).all() and np.diff(jump[yes]).max() < 0.4
    values, border = np.array(printed(BORDERS[dimension], dimension)).T
    assert (np.diff(border) >= 0).all() and border[0] < -1.7 and border[-1] > 0.1
    assert np.diff(border).max() < 1.0  # the coarser rows jump by 2.0 and 2.1
    steep = np.flatnonzero(border > -1.7)[0] - 1, np.flatnonzero(border > 0)[0]
    assert np.diff(values[[*steep]]) < 0.006 * values[0]  # the border is 0.5 % wide
