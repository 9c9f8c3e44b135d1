"""Tests that need what a machine may not have are skipped, with the reason a user would read."""

import pytest

from ecs_model.errors import ConfigError


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Skip what needs gmsh where its system libraries are missing."""
    try:
        return (yield)
    except ConfigError as error:
        if "gmsh cannot be loaded" in str(error):
            pytest.skip(str(error))
        raise
