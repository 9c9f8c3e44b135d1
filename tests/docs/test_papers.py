"""The page of published figures says what its configurations compute."""

import re

import pytest

from docs import draw, picture_list, published
from ecs_model import api
from ecs_model.cell.config import CellConfig
from ecs_model.config import reader
from tests.docs.pages import ROOT
from tests.helpers import run_here

PAGE = (ROOT / "docs/papers.md").read_text()
FILES = sorted((ROOT / "docs/papers").glob("*.toml"))
QUICK = ("barreto_2011", "hubel_2014b", "fisher_1976")


def in_page(name):
    """The rows of the table of a paper, as they stand on the page."""
    (part,) = [p for p in PAGE.split("\n## ") if f"pictures/paper_{name}.png" in p]
    return [line for line in part.splitlines() if line.startswith("| ")][1:]


def test_the_page_has_every_paper_with_its_citation_and_configuration():
    assert {path.stem for path in FILES} <= set(published.PAPERS)
    assert {f"paper_{name}" for name in published.PAPERS} <= {
        *picture_list.MADE,
        *picture_list.SCRIPTS,
    }
    for name, paper in published.PAPERS.items():
        cited = published.citation(name)
        assert re.match(r"After .* \((19|20)\d\d\), .*doi:10\.\S+: ", cited), cited
        for text in (cited, paper.heading, paper.showed, paper.verdict, published.how(name)):
            assert text in PAGE


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_configuration_of_a_paper_can_be_used(path):
    if published.kind(path.stem) == "cell":
        reader.parse_config(path.read_text(), path.name, (), CellConfig)
    else:
        api.check(path)


@pytest.mark.parametrize(
    "name",
    [p if p in QUICK else pytest.param(p, marks=pytest.mark.slow) for p in published.PAPERS],
)
def test_the_numbers_of_a_paper_are_those_of_the_page(tmp_path, name):
    if published.kind(name) == "run":
        run_here(draw.text(f"papers/{name}"), tmp_path / "made")
    elif published.kind(name) == "cell":
        (tmp_path / "job.toml").write_text(draw.text(f"papers/{name}"))
        api.cell(tmp_path / "job.toml", tmp_path / "made", quiet=True)
    else:
        (tmp_path / "made").mkdir()
    assert published.rows(name, tmp_path / "made") == in_page(name)
