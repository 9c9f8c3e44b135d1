"""What a run says while it runs, and when it has to stop."""

import logging
import signal
import sys
import time
from operator import itemgetter

from ecs_model.files.atomic import explained
from ecs_model.launcher import STOPS
from ecs_model.run.bar import Bar, can_redraw

LOG = logging.getLogger("ecs_model")
HEADLINE = logging.INFO + 5  # the one line of a run that was not asked to say more
logging.addLevelName(HEADLINE, "HEADLINE")


def start_log(path, level, rank):
    """Send messages of rank 0 to the terminal and to a file; other processes say warnings only.

    Args:
        path: of the file, which takes all of them; None for no file.
        level: the least that goes to the terminal: INFO, HEADLINE or WARNING.
        rank: of this process.
    """
    LOG.handlers.clear()
    logging.raiseExceptions = False  # a full disk must not turn every message into a traceback
    LOG.setLevel(logging.INFO if rank == 0 else logging.WARNING)
    LOG.propagate = False
    screen = logging.StreamHandler(sys.stderr)
    screen.setLevel(level)
    mark = "" if rank == 0 else f"[process {rank}] "
    screen.setFormatter(logging.Formatter(mark + "%(message)s"))
    LOG.addHandler(screen)
    if rank == 0 and path is not None:
        with explained(path):
            file = logging.FileHandler(path)
        file.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
        LOG.addHandler(file)


def least_said(quiet, verbose):
    """The level of what goes to the terminal: warnings, also one line at the end, or all."""
    return logging.WARNING if quiet else logging.INFO if verbose else HEADLINE


def log_only(message):
    """Put a sentence into the file of the log, not on the terminal, where it is said anyway."""
    record = LOG.makeRecord(LOG.name, logging.INFO, __file__, 0, message, (), None)
    for handler in LOG.handlers:
        if isinstance(handler, logging.FileHandler):
            handler.handle(record)


class Progress:
    """How far the run is: a bar on a terminal or in a notebook, a line now and then in a log.

    Args:
        clock: of the run.
        rank: only rank 0 speaks.
        quiet: say nothing.
        interval: seconds between lines where the output is not a terminal.
    """

    every = 0

    def __init__(self, clock, rank, quiet=False, interval=10.0, stream=None):
        self._clock, self._stream = clock, stream or sys.stderr
        self._on = rank == 0 and not quiet
        self._redraws = can_redraw(self._stream)
        self._interval = 0.2 if self._redraws else interval
        self._began = self._said = time.monotonic()
        self._first, self._bar = None, None

    def observe(self, t, simulation):
        """Say how far the run is, if it is time to."""
        now = time.monotonic()
        if self._first is None:
            self._first, self._began = t, now
        if not self._on or not self._is_due(t, now):
            return
        self._said = now
        if self._redraws:
            self._draw(t, simulation)
        else:
            print(self._line(t, now, simulation), file=self._stream, flush=True)

    def _is_due(self, t, now):
        """Whether enough time has passed; a bar is whole at the end in any case."""
        return now - self._said >= self._interval or (self._redraws and t >= self._clock.end)

    def _draw(self, t, simulation):
        end = self._clock.end
        self._bar = self._bar or Bar(end, self._first, self._stream)
        dt = simulation.diffusion.report().last_step
        self._bar.show(t, f"t = {t:.4g} of {end:g} s", f"step {simulation.steps}, dt {dt:.3g} s")

    def _line(self, t, now, simulation):
        transport, share = simulation.diffusion.report(), t / self._clock.end
        elapsed = now - self._began
        done = t - self._first
        left = elapsed * (self._clock.end - t) / done if done > 0 else float("nan")
        return (
            f"t = {t:.4g} of {self._clock.end:g} s ({100 * share:.1f} %)  step {simulation.steps}"
            f"  dt {transport.last_step:.3g} s"
            f"  {transport.iterations} iterations"
            f"  elapsed {clock_face(elapsed)}  left {clock_face(left)}"
        )

    def close(self):
        """Leave the bar, if there is one."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def clock_face(seconds):
    """Seconds as mm:ss or h:mm:ss; dashes if unknown."""
    if seconds != seconds:
        return "--:--"
    s = int(seconds)
    return (
        f"{s // 3600}:{s // 60 % 60:02d}:{s % 60:02d}"
        if s >= 3600
        else f"{s // 60:02d}:{s % 60:02d}"
    )


class StopRequest:
    """Signals that ask for a checkpoint and an orderly end; a second Ctrl-C ends at once.

    Handlers are set when PETSc has started, which would otherwise replace them, and are put back
    at the end. What came before, and was held back, comes then. After nohup, SIGHUP passes.
    """

    def __init__(self):
        self.signal = 0

    def __enter__(self):
        """Start to listen."""
        self._before = {s: signal.getsignal(s) for s in STOPS}
        for number, before in self._before.items():
            passes = before is signal.SIG_IGN and number == signal.SIGHUP
            signal.signal(number, before if passes else self._note)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        return self

    def __exit__(self, *_):
        """Stop listening."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number, frame):
        if self.signal == signal.SIGINT and number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.raise_signal(signal.SIGINT)
        self.signal = number


class Timer:
    """Seconds spent in named parts of the run.

    Wraps objects of the loop: `timer.watch("diffusion", diffusion, "advance")`.
    """

    def __init__(self):
        self.seconds, self.calls = {}, {}

    def watch(self, name, thing, method):
        """Measure every call of a method of one object from now on."""
        original = getattr(thing, method)
        self.seconds.setdefault(name, 0.0)
        self.calls.setdefault(name, 0)

        def timed(*args):
            start = time.perf_counter()
            try:
                return original(*args)
            finally:
                self.seconds[name] += time.perf_counter() - start
                self.calls[name] += 1

        setattr(thing, method, timed)

    def add(self, name, seconds):
        """Add a part that was measured elsewhere."""
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds
        self.calls[name] = self.calls.get(name, 0) + 1

    def table(self):
        """Lines of a table, longest first."""
        total = sum(self.seconds.values()) or 1.0
        rows = sorted(self.seconds.items(), key=itemgetter(1), reverse=True)
        return [
            f"  {name:<22}{seconds:>10.2f} s {100 * seconds / total:>6.1f} %"
            f" {self.calls[name]:>9} calls"
            for name, seconds in rows
        ]


class Laps:
    """Seconds of stages that follow each other: `laps("mesh")` ends the stage of that name."""

    def __init__(self):
        self.seconds, self._last = {}, time.perf_counter()

    def __call__(self, name):
        """End the stage that has the name."""
        now = time.perf_counter()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._last
        self._last = now
