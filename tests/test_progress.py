"""Signals that ask a run to stop: none is lost, and nohup keeps its meaning."""

import signal
import subprocess
import sys

import pytest

LATE = """
import signal
from ecs_model.launcher import hold_signals
hold_signals()
signal.raise_signal(signal.{0})
from ecs_model.run.progress import StopRequest
with StopRequest() as stop:
    print(int(stop.signal))
"""
AWAY = """
import signal
from ecs_model.run.progress import StopRequest
with StopRequest() as stop:
    signal.raise_signal(signal.SIGHUP)
    print(int(stop.signal))
"""


def told(program, away):
    """What a program says that begins with SIGHUP as nohup or as a terminal leaves it."""
    begin = signal.SIG_IGN if away else signal.SIG_DFL
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, begin),
    )
    return done.returncode, done.stdout.strip()


@pytest.mark.parametrize("name", ["SIGUSR1", "SIGHUP"])
def test_what_comes_while_libraries_load_is_heard_later(name):
    assert told(LATE.format(name), False) == (0, str(int(getattr(signal, name))))


@pytest.mark.parametrize("away", [True, False])
def test_a_terminal_that_goes_away_ends_a_run_unless_nohup_was_there(away):
    assert told(AWAY, away) == (0, "0" if away else "1")
