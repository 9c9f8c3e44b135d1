"""Recorded formulas need no more operations than their values do, and keep their values."""

import re

import numpy as np
import pytest

from ecs_model.membrane.expressions import Recording, as_c

A, B = 1.7, 0.3
FORMULAS = {  # formula, and how many operations it takes
    "numbers are gathered": (lambda a, b: 0.1 * (-1.0 * (a * 4.0)), 1),
    "into one that is 1": (lambda a, b: 0.5 * (2.0 * a), 0),
    "not beyond single precision": (lambda a, b: 1e-20 * (1e-20 * a), 2),
    "a sum takes a sign": (lambda a, b: -a + b, 1),
    "from behind": (lambda a, b: a + -b, 1),
    "a difference takes one": (lambda a, b: a - (-b), 1),
    "signs of factors meet": (lambda a, b: (-a) * (b * -b), 2),
    "and leave a product": (lambda a, b: b + (-a) * b, 2),
    "of a sum too": (lambda a, b: a - (-(a + b)) * b, 3),
    "what is 0": (lambda a, b: 0.0 * a + b, 0),
    "what divides is shared": (lambda a, b: a / b + 1.0 / b, 3),
    "another sum keeps its numbers": (lambda a, b: 2.0 * (a + 3.0 * b), 3),
}


@pytest.mark.parametrize(("formula", "operations"), FORMULAS.values(), ids=FORMULAS.keys())
def test_values_and_operations(formula, operations):
    recording = Recording()
    result = as_c(formula(recording.named("a"), recording.named("b")))
    lines = recording.needed(result)
    assert len(lines) == operations, lines
    values = {"a": A, "b": B}
    for line in lines:
        name, text = re.fullmatch(r"const double (\w+) = (.*);", line).groups()
        values[name] = eval(text, {}, values)
    found = values[result] if result in values else float(result)
    np.testing.assert_allclose(found, formula(A, B), rtol=1e-15)
