"""A Slurm for the tests that need one."""

import tempfile
from pathlib import Path

import pytest

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
