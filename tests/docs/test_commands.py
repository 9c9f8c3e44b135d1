"""Every command, file and output in README and documentation is tried as it stands there."""

import csv
import json
import re

import numpy as np
import pytest

from ecs_model.errors import ConfigError
from ecs_model.membrane import MODELS
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.user_models import load_mechanism, load_model
from tests.docs import pages
from tests.helpers import found

MARK = re.compile(r"run|run: slow|output|(file|settings|not run): .+")
BUSY = [p for p in pages.PAGES if any(b.mark in ("run",) or b.mark[:4] in ("file", "sett")
                                      for b in pages.blocks(p))]  # fmt: skip
SLOW = [p for p in pages.PAGES if any(b.mark == "run: slow" for b in pages.blocks(p))]


@pytest.mark.parametrize("page", pages.PAGES)
def test_every_block_says_whether_it_is_run(page):
    wrong = [(b.line, b.mark) for b in pages.blocks(page) if not MARK.fullmatch(b.mark)]
    assert not wrong


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory):
    """Page -> the folder in which it was worked through, once."""
    done = {}

    def worked(page):
        if page not in done:
            folder = tmp_path_factory.mktemp("page")
            pages.work_through(page, folder, slow=False)
            done[page] = folder
        return done[page]

    return worked


@pytest.mark.parametrize("page", BUSY)
def test_pages_do_what_they_say(page, folder_of):
    folder_of(page)


@pytest.mark.slow
@pytest.mark.parametrize("page", SLOW)
def test_pages_do_what_they_say_at_length(page, tmp_path):
    pages.work_through(page, tmp_path, slow=True)


def test_the_neuron_of_the_tutorial_is_that_of_the_paper(folder_of):
    """Its rates are those of the built-in model, its seizures recur as the page says."""
    folder = folder_of("docs/tutorial.md")
    own, built_in = load_model(folder / "seizure.py"), MODELS["barreto_cressman"]
    rng, env = np.random.default_rng(0), Surroundings(alpha=0.08)
    y = own.State(*(v * rng.uniform(0.8, 1.2, 50) for v in own.State()))
    ours = own.rhs(y, own.Parameters(), env)
    theirs = built_in.rhs(built_in.State(**y._asdict()), built_in.Parameters(), env)._asdict()
    for name, rate in ours._asdict().items():
        np.testing.assert_allclose(rate, theirs[name], rtol=1e-5, err_msg=name)
    with open(folder / "results/cell/course.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    t, K = (np.array([float(row[c]) for row in rows]) for c in ("time [s]", "K_o [mM]"))
    rises = t[1:][(K[1:] > 8.5) & (K[:-1] <= 8.5)]
    seizures = rises[1:][np.diff(rises) > 6]
    np.testing.assert_allclose(np.diff(seizures), 29.6, atol=0.5)


def test_a_page_that_is_wrong_is_found(tmp_path):
    with pytest.raises(AssertionError, match="line 7"):
        pages.execute(pages.Block("run", "sh", "ecs-model modles", 7), tmp_path)
    with pytest.raises(ConfigError, match="tortuosityy"):
        pages.validate(pages.Block("", "toml", "[tissue]\ntortuosityy = 1\n", 1), "sd_wave")


@pytest.mark.parametrize(("file", "most"), [("a_type.py", 12), ("fitzhugh.py", 30)])
def test_what_a_modeller_writes_is_short(file, most):
    (block,) = [b for b in pages.blocks("docs/tutorial.md") if b.mark == f"file: {file}"]
    assert len([line for line in block.text.splitlines() if line.strip()]) <= most


def test_the_channel_of_the_tutorial_is_that_of_the_book(folder_of):
    """Gates at rest at -68 mV, where the exercise of Dayan & Abbott (chapter 6) begins."""
    channel = load_mechanism(folder_of("docs/tutorial.md") / "a_type.py", "a_type")
    a, b = (gate.at_rest(-0.068) for gate in channel.gates)
    found("A-type K+ current: a at -68 mV", a, 0.5404, 1e-4)
    found("A-type K+ current: b at -68 mV", b, 0.2885, 1e-4)


def test_the_wave_of_the_tutorial_ends(folder_of):
    folder = folder_of("docs/tutorial.md") / "results/wave"
    with open(folder / "series.csv", newline="") as file:
        middle = [float(row["K_o@middle [mM]"]) for row in csv.DictReader(file)]
    assert max(middle) > 50.0 and middle[-1] == pytest.approx(3.0, abs=0.01)
    speed = json.loads((folder / "summary.json").read_text())["fronts"]["along"]["speed_mm_per_min"]
    assert speed == pytest.approx(2.98, abs=0.005)
