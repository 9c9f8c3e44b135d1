"""What a command came to: its exit code, where it wrote, and what is shown of it in a notebook."""

import functools
from dataclasses import dataclass
from pathlib import Path

from ecs_model.api.results import open_run, open_scan
from ecs_model.errors import ConfigError

ENDS = {
    0: "all points finished",
    1: "some points failed, `api.scan_status` says why",
    75: "not at its end; the same call goes on",
}


class _Shown:
    """Shows its title and its rows, as text and in a notebook."""

    def __repr__(self):
        from ecs_model.postprocess import rows

        return rows.as_text(self._title(), self._rows())

    def _repr_html_(self):
        from ecs_model.postprocess import rows

        return rows.as_html(self._title(), self._rows())

    def _title(self):
        raise NotImplementedError

    def _rows(self):
        raise NotImplementedError


@dataclass(frozen=True, repr=False)
class RunResult(_Shown):
    """A run that was computed or continued; it shows what came out and where that is.

    Attributes:
        code: 0 at its end, 75 if a signal stopped it: it can be resumed.
        path: the run directory.
    """

    code: int
    path: Path

    @functools.cached_property
    def run(self):
        """The run, opened: see `open_run`."""
        return open_run(self.path)

    def _title(self):
        return f"{self.run.name}: {self.run.state}"

    def _rows(self):
        from ecs_model.postprocess import rows

        return rows.begun([*self.run.headlines(), ("directory", f"{self.path} (.run opens it)")])


@dataclass(frozen=True, repr=False)
class ScanResult(_Shown):
    """A scan that was done or continued; it shows what came out and where that is.

    Attributes:
        code: 0 at its end, 1 if points failed, 75 if a signal stopped it or points are missing.
        path: the directory of the scan.
    """

    code: int
    path: Path

    @functools.cached_property
    def scan(self):
        """The scan, opened: see `open_scan`; ConfigError if nothing of it is finished."""
        return open_scan(self.path)

    def _title(self):
        return f"Scan in {self.path}: {ENDS[self.code]}"

    def _rows(self):
        try:
            found = list(self.scan.rows())
        except ConfigError:
            found = [("state", "no point is finished")]
        return [*found, ("directory", f"{self.path} (.scan opens it)")]
