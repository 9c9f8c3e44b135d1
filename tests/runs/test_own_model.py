"""The guide to models of one's own is true: its example runs, as fast and as exact as built-in."""

import re
from pathlib import Path

import numpy as np
import pytest

from ecs_model.errors import ConfigError
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.rosenbrock import ros2
from ecs_model.membrane.solver import Reaction
from ecs_model.membrane.user_models import load_model
from tests.helpers import run_here, summary

GUIDE = Path(__file__).parents[2] / "docs" / "own_models.md"
RUN = """
title = "own model"
[mesh]
generator = "interval"
length = "1 mm"
cell = "10 um"
[[tissue.regions]]
name = "start"
box = { low = ["0 mm"], high = ["0.1 mm"] }
initial = { K_o = "55 mM" }
[membrane]
file = "buffered.py"
parameters = { A = 7e-3 }
[[line]]
name = "way"
start = ["0 mm"]
end = ["1 mm"]
[time]
end = "20 s"
"""


@pytest.fixture
def example(tmp_path):
    text = re.search(r"```python\n([^`]*Nagumo release[^`]*)```", GUIDE.read_text())[1]
    path = tmp_path / "buffered.py"
    path.write_text(text)
    return path


def test_the_example_of_the_guide_runs(example, tmp_path):
    found = summary(run_here(RUN, tmp_path / "run"))
    assert 1.0 < found["fronts"]["way"]["speed_mm_per_min"] < 3.3  # 3.3 without the buffer


def test_the_example_is_compiled_exactly(example):
    model = load_model(example)
    p, env = model.Parameters(), Surroundings()
    rng = np.random.default_rng(0)
    y = model.State(K_o=rng.uniform(3, 50, 100), B=rng.uniform(0, 20, 100))
    expected, _ = model.step(ros2, y, p, env, 0.01)
    Reaction(model, y, p, env, substeps=1).advance(0.01)
    np.testing.assert_allclose(np.array(y), np.array(expected), rtol=1e-11)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "release - uptake, B=uptake",
            "release - uptake if y.B > 1 else 0.0, B=uptake",
            "np.where",
        ),
        ("p.k_on", "p.k_onn", "k_onn"),
        ("p.k_on * y.K_o", "p.k_on / (y.K_o - 3.0)", "the rate of K_o, B is no finite number"),
        ('"1/mM^2/s"', '"1/mM^3/s"', "unknown unit"),
        ("K_o = concentration(3.0", "Q = concentration(3.0", "K_o"),
    ],
)
def test_mistakes_are_named_with_their_line(example, old, new, words):
    example.write_text(example.read_text().replace(old, new))
    with pytest.raises(ConfigError, match=re.escape(words)) as error:
        load_model(example)
    assert "buffered.py" in str(error.value)


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        ("State(K_o=[release], B=uptake)", "the rate of K_o is a value of type list"),
        ("State(K_o=release)", "gives no rate of B; B=0.0 would be right if it does not change"),
        ("State(K_o=release, B=None)", "the rate of B is None; a number or a formula would be"),
        ('State(K_o="release", B=uptake)', "the rate of K_o is a value of type str"),
        ("State(K_o=np.zeros(2), B=uptake)", "the rate of K_o is a value of type ndarray"),
        ("None", "returns None; a State would be right"),
        ("(release, uptake)", "returns a value of type tuple; a State would be right"),
    ],
)
def test_rates_that_are_no_values_are_named_with_the_line_of_their_function(example, rates, words):
    text = example.read_text().replace("State(K_o=release - uptake, B=uptake)", rates)
    text = f"import numpy as np\n{text}"
    example.write_text(text)
    line = text.splitlines().index("def rhs(y, p, env):") + 1
    with pytest.raises(ConfigError, match=re.escape(f"buffered.py:{line}: rhs: {words}")):
        load_model(example)
