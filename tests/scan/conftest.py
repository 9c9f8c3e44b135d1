"""A Chromium for the tests that need one."""

import pytest

from tests.scan import browser


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    if reason := browser.missing():
        pytest.skip(reason)
    driver = browser.start(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()
