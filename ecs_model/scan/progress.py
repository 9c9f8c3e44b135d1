"""What a scan says on the way, and at its end."""

import shutil
import sys
import time

from ecs_model.run.progress import clock_face


class Progress:
    """A line per point: how many are done, and how long the rest will take.

    Args:
        quiet: say nothing.
        stream: where to; the error output by default.
    """

    def __init__(self, quiet=False, stream=None):
        self._on, self._stream = not quiet, stream or sys.stderr
        self._terminal = self._stream.isatty()
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
            self._write(f"{self._count()}  {point.said()}: {word}")

    def _count(self):
        elapsed = time.monotonic() - self._began
        left = elapsed * (self._expected - self._done) / self._done
        whole = self._there + self._expected
        faces = f"elapsed {clock_face(elapsed)}  left {clock_face(left)}"
        return f"{self._there + self._done} of {whole}  {faces}"

    def _write(self, line):
        if self._terminal:
            line = "\r\x1b[2K" + line[: shutil.get_terminal_size().columns - 1]
        end = "" if self._terminal else "\n"
        print(line, end=end, file=self._stream, flush=True)

    def say(self, line):
        """Say a line."""
        if self._on:
            print(line, file=self._stream, flush=True)

    def close(self):
        """End the line that was being redrawn."""
        if self._on and self._terminal and self._done:
            print(file=self._stream, flush=True)


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
