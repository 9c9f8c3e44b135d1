"""Tests that need what a machine may not have are skipped, with the reason a user would read."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from ecs_model.errors import ConfigError
from tests import browser, slurm


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Skip what needs gmsh where its system libraries are missing."""
    try:
        return (yield)
    except ConfigError as error:
        if "gmsh cannot be loaded" in str(error):
            pytest.skip(str(error))
        raise


@pytest.fixture(scope="session")
def cluster():
    """A Slurm of one node; skips where none can be started."""
    if reason := slurm.missing():
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        made = slurm.Slurm(folder)
        made.start()
        yield made
        made.stop()


@pytest.fixture(scope="session")
def screen():
    """DISPLAY for ParaView: that of the machine, or a virtual one for the whole session."""
    if os.environ.get("DISPLAY"):
        yield os.environ["DISPLAY"]
        return
    if shutil.which("Xvfb") is None:
        pytest.skip("ParaView needs a display, and Xvfb is not on PATH (Debian: xvfb)")
    ready, tell = os.pipe()
    command = ["Xvfb", "-displayfd", str(tell), "-noreset", "-nolisten", "tcp", "-ac"]
    with subprocess.Popen(command, pass_fds=[tell], stderr=subprocess.PIPE, text=True) as server:
        os.close(tell)
        with os.fdopen(ready) as answer:
            number = answer.readline().strip()  # Xvfb takes a free number and tells when it listens
        if not number:
            pytest.skip(f"Xvfb does not start: {server.stderr.read().strip()[-200:]}")
        yield f":{number}"
        server.terminate()


@pytest.fixture
def in_paraview(screen):
    """What a script prints in pvpython; skips where there is none."""
    program = shutil.which("pvpython")
    if program is None:
        pytest.skip("pvpython is not on PATH: install ParaView to run this test")
    unset = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    clean = {key: value for key, value in os.environ.items() if key not in unset}

    def printed(script, *arguments):
        command = [program, str(script), *map(str, arguments)]
        environment = {**clean, "DISPLAY": screen}
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return printed


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    """A driver of a Chromium without a window; skips where there is none."""
    if reason := browser.missing():
        pytest.skip(reason)
    driver = browser.start(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()
