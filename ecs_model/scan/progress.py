"""What a scan says on the way, and at its end."""

import sys
import time

from ecs_model.run.bar import Bar, can_redraw
from ecs_model.run.progress import clock_face
from ecs_model.run.summary_text import QUESTIONS


class Progress:
    """How many points are done: a bar on a terminal or in a notebook, a line per point in a log.

    Args:
        quiet: say nothing.
        stream: where to; the error output by default.
    """

    def __init__(self, quiet=False, stream=None):
        self._on, self._stream = not quiet, stream or sys.stderr
        self._redraws, self._bar = can_redraw(self._stream), None
        self._there = self._expected = self._done = 0
        self._began = time.monotonic()

    def expect(self, there, todo):
        """A wave begins: so many of its points are there already, so many will be computed."""
        self._there += there
        self._expected += todo

    def done(self, point, slot):
        """A point is finished or failed."""
        self._done += 1
        if self._on:
            word = slot.status().get("reason", "") if slot.state == "failed" else _words(slot)
            self._write(f"{point.said()}: {word}")

    def _write(self, words):
        count = f"{self._there + self._done} of {self._there + self._expected}"
        if self._redraws:
            self._draw(count, words)
        else:
            print(f"{count}  {self._faces()}  {words}", file=self._stream, flush=True)

    def _draw(self, count, words):
        whole = self._there + self._expected
        self._bar = self._bar or Bar(whole, self._there, self._stream)
        self._bar.stretch(whole)
        self._bar.show(self._there + self._done, count, words)

    def _faces(self):
        elapsed = time.monotonic() - self._began
        left = elapsed * (self._expected - self._done) / self._done
        return f"elapsed {clock_face(elapsed)}  left {clock_face(left)}"

    def say(self, line):
        """Say a line."""
        if self._on:
            print(line, file=self._stream, flush=True)

    def close(self):
        """Leave the bar, if there is one."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _words(slot):
    """What came out of a point, shortly."""
    summary = slot.summary() or {}
    if "threshold" in summary:
        found = summary["threshold"]
        value = "" if found["value"] is None else f" {found['value']:.4g} {found['unit']}"
        return f"threshold {found['state']}{value}, {found['trials']} runs"
    verdicts = (
        n for n in ("load", "seizure", "sd", "ignited") if summary.get(n, {}).get("verdict")
    )
    return f"K+ up to {summary.get('max_K_o', float('nan')):.3g} mM, {' '.join(verdicts) or 'rest'}"


def lines(folder, report):
    """The end of a scan in words."""
    yield f"{report['finished']} of {report['points']} points finished, {report['failed']} failed"
    if yes := report.get("yes"):
        yield "; ".join(f"{words}: yes in {yes[k]}" for k, words in QUESTIONS.items() if k in yes)
    if b := report.get("border"):
        yield (
            f"border of {b['margin']}: yes in {b['yes']:.1%} of the map; it runs through "
            f"{b['uncertain']:.1%} of it, about {b['misclassified']:.1%} is on the wrong side"
        )
    elif "border" in report:
        yield "no border: the runs that finished lie on a line or a plane, or are too few"
    for outcome, found in report.get("sobol", {}).items():
        if "missing" in found:
            yield f"Sobol indices of {outcome}: none, {found['missing']}"
            continue
        shown = ", ".join(
            f"{name} {s['ST']:.2f} +- {s['ST_conf']:.2f}" for name, s in found["parameters"].items()
        )
        caution = f" ({found['caution']})" if found["caution"] else ""
        yield f"Sobol indices (total) of {outcome}: {shown}{caution}"
    if c := report.get("consensus"):
        yield from _consensus(c)
    yield f"written: {folder}/table.parquet, table.csv, cube.nc, report.json"


def _consensus(found):
    """What members of a consensus say of the map, in words."""
    if not found["places"]:
        yield f"consensus on {found['margin']}: none, no place has it in every member"
        return
    yield (
        f"consensus on {found['margin']}: no in {found['no']:.1%} of the map, yes in "
        f"{found['yes']:.1%}; the band of {found['band']:.1%} holds 90 % of the borders"
    )
    for name, yes in found["members"].items():
        yield f"  {name}: yes in {yes:.1%}"
