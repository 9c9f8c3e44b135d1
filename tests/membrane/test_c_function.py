"""Functions of C texts take what their own declaration says."""

import numpy as np
import pytest

from ecs_model.membrane.c_function import c_function

TEXT = """
double ecs_weighed(long n, const double *values, const double *weights, double scale, int twice)
{
    double sum = 0.0;
    for (long i = 0; i < n; i++) sum += values[i] * (weights ? weights[i] : 1.0);
    return scale * sum * (twice ? 2.0 : 1.0);
}

void ecs_add(long n, double *values,
             double more)
{
    for (long i = 0; i < n; i++) values[i] += more;
}
"""


def test_arrays_numbers_and_nothing_arrive():
    weighed, values = c_function(TEXT, "ecs_weighed"), np.arange(4.0)
    assert weighed(4, values, np.full(4, 0.5), 3, False) == 9.0
    assert weighed(4, values, None, np.float64(0.5), True) == 6.0


def test_arrays_are_changed_in_place():
    values = np.arange(4.0)
    assert c_function(TEXT, "ecs_add")(4, values, 2) is None
    np.testing.assert_array_equal(values, [2.0, 3.0, 4.0, 5.0])


def test_an_array_in_the_place_of_one_that_is_gone_has_its_own_address():
    weighed = c_function(TEXT, "ecs_weighed")
    for size in range(1, 300):  # CPython gives a new array the number of the old one
        values = np.full(size, float(size))
        assert weighed(size, values, None, 1.0, False) == size * size
        del values


def test_what_does_not_fit_the_declaration_is_an_error():
    with pytest.raises(TypeError):
        c_function(TEXT, "ecs_add")(4, np.arange(4.0))
    with pytest.raises(Exception, match="argument 3"):
        c_function(TEXT, "ecs_add")(4, np.arange(4.0), "two")


def test_a_function_that_is_not_declared_is_an_error():
    with pytest.raises(AttributeError):
        c_function(TEXT, "ecs_nothing")
