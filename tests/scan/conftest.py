"""A Slurm and a Chromium for the tests that need them."""

import tempfile
from pathlib import Path

import pytest

from tests.scan import browser
from tests.scan.slurm import Slurm, missing


@pytest.fixture(scope="session")
def slurm():
    if reason := missing():
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        made = Slurm(folder)
        made.start()
        yield made
        made.stop()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    if reason := browser.missing():
        pytest.skip(reason)
    driver = browser.start(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()
