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

MARK = re.compile(r"run|run: (slow|clone)|output|(file|settings|not run): .+")
BUSY = [
    p
    for p in pages.PAGES
    if any(b.mark in ("run",) or b.mark[:4] in ("file", "sett") for b in pages.blocks(p))
]
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
    folder = folder_of("docs/from_paper.md")
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
    (block,) = [b for b in pages.blocks("docs/from_paper.md") if b.mark == f"file: {file}"]
    assert len([line for line in block.text.splitlines() if line.strip()]) <= most


def test_the_channel_of_the_tutorial_is_that_of_the_paper(folder_of):
    """Connor, Walter & McKown (1977) wrote the slopes of the book as widths, in three digits."""
    channel = load_mechanism(folder_of("docs/from_paper.md") / "a_type.py", "a_type")
    u = np.linspace(-90.0, 10.0, 21)
    a = (0.0761 * np.exp((u + 94.22) / 31.84) / (1 + np.exp((u + 1.17) / 28.93))) ** (1 / 3)
    b = (1 + np.exp((u + 53.3) / 14.54)) ** -4
    for gate, paper in zip(channel.gates, (a, b), strict=True):
        np.testing.assert_allclose(gate.at_rest(1e-3 * u), paper, atol=1e-3)
        assert all(0.3 < 1 / sum(gate.rates(x)) < 4.0 for x in u)  # ms


def test_the_wave_of_the_tutorial_ends(folder_of):
    folder = folder_of("docs/from_paper.md") / "results/wave"
    with open(folder / "series.csv", newline="") as file:
        middle = [float(row["K_o@middle [mM]"]) for row in csv.DictReader(file)]
    assert max(middle) > 50.0 and middle[-1] == pytest.approx(3.0, abs=0.01)
    speed = json.loads((folder / "summary.json").read_text())["fronts"]["along"]["speed_mm_per_min"]
    assert speed == pytest.approx(2.98, abs=0.005)
