"""A scan as pictures and reports need it: its table, its axes, what its runs are."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.files import foreign, schemas, versions
from ecs_model.physics.measured_tissue import STATES, state_of, title
from ecs_model.physics.regimes import NAMES
from ecs_model.postprocess import labels
from ecs_model.postprocess import rows as shown
from ecs_model.postprocess.scan_axes import axis_of, unit_of

VERDICTS = ("load", "seizure", "sd", "ignited")  # the gravest last
WORDS = {
    "ignited": "ignition",
    "sd": "spreading depolarization",
    "seizure": "seizure",
    "load": "K⁺ load",
}
REGIMES = {
    "rest": "rest",
    "load": "K⁺ load",
    "seizure": "seizure",
    "sd": "K⁺ of an SD, local",
    "ignited": "a front spreads",
}
MAPPED = 4  # values of each axis that make a map; with fewer, curves tell more
SLICES = 6  # maps beside each other
SPEED = "speed_mm_per_min"


@dataclass(frozen=True)
class Scan:
    """A scan of which something is finished.

    Attributes:
        path: its directory.
        setup: what its workers knew: the configuration of the scan and of the run, versions.
        frame: its table, one row per point.
        report: how many runs, how sharp the border, Sobol indices.
    """

    path: Path
    setup: dict
    frame: object
    report: dict

    @classmethod
    def open(cls, directory):
        """The Scan of a directory.

        Raises:
            ConfigError: if it holds no scan, or one of which nothing is finished.
        """
        import pandas as pd

        path = Path(directory)
        if (setup := foreign.read_json(path / "setup.json", schemas.SetupFacts)) is None:
            raise ConfigError(f"{path}: holds no scan; give the output directory of a scan")
        if not (path / "table.parquet").is_file():
            raise ConfigError(f"{path}: has no table yet; let the scan end first")
        versions.refuse_format(setup.get("format"), versions.SCAN, path, "a scan")
        with foreign.damaged(path / "table.parquet", "`ecs-model scan` writes it anew"):
            frame = _as_now(pd.read_parquet(path / "table.parquet"))
            frame[["id", "run"]]
        if not (frame["run"] == "finished").any():
            raise ConfigError(
                f"{path}: no run is finished; `ecs-model scan status {path}` says why"
            )
        report = foreign.read_json(path / "report.json", schemas.ReportFacts) or {}
        return cls(path, setup, frame, report)

    def rows(self):
        """Pairs of what was computed and what came out, in words."""
        yield "state", f"{len(self.finished)} of {len(self.frame)} points finished"
        for axis in self.axes:
            yield axis.plain, f"{self.frame[axis.label].nunique()} values"
        for name in () if self.searched else REGIMES:
            if count := int((self.regimes == name).sum()):
                yield self.word(name), f"{count} runs"

    def __repr__(self):
        return shown.as_text(f"Scan {self.name!r} in {self.path}", self.rows())

    def _repr_html_(self):
        return shown.as_html(self.name, self.rows())

    @property
    def name(self):
        """The title of the scan, or the name of its directory."""
        return self.setup["title"] or self.path.resolve().name

    @property
    def settings(self):
        """The configuration of the scan with every default."""
        return self.setup["scan"]

    @property
    def finished(self):
        """The rows of the table whose run is finished."""
        return self.frame[self.frame["run"] == "finished"]

    @property
    def axes(self):
        """All axes, in the order of the configuration."""
        return [axis_of(axis, self.frame) for axis in self.settings["axis"]]

    @property
    def is_consensus(self):
        """Whether its points were computed in several models."""
        return self.settings.get("consensus") is not None

    @property
    def varying(self):
        """The axes with more than one value, alpha before the others; all if none has."""
        many = [axis for axis in self.axes if self.finished[axis.label].nunique() > 1]
        return sorted(many, key=lambda axis: axis.key != "alpha") or self.axes

    @property
    def mapped(self):
        """The two axes of numbers that make a map; none if it has no two, or they are not alone."""
        if self.is_consensus:
            return []
        wide = [axis for axis in self.varying if self.values(axis) >= MAPPED]
        others = [axis for axis in self.varying if axis not in wide]
        alone = not others or (len(others) == 1 and len(self.slices(others[0])) <= SLICES)
        parts = [part for _, part in (self.slices(others[0]) if others else [("", self)])]
        return wide if len(wide) == 2 and alone and all(p.spans(wide) for p in parts) else []

    def values(self, axis):
        """How many values an axis of numbers has; 0 if they are names."""
        return self.finished[axis.label].nunique() if axis.is_number else 0

    def slices(self, axis):
        """Pairs (value of an axis in words, typeset, Scan of the points that have it)."""
        rows = self.frame.groupby(axis.label, sort=axis.is_number)
        return [(axis.at(value), replace(self, frame=part)) for value, part in rows]

    def spans(self, axes):
        """Whether the finished runs do not lie on a line of the plane of two axes."""
        places = self.finished[[axis.label for axis in axes]].to_numpy(float)
        spread = (places - places.mean(axis=0)) / np.ptp(places, axis=0).clip(1e-300)
        return len(places) > 2 and np.linalg.matrix_rank(spread, 1e-6) == 2

    @property
    def verdict(self):
        """The verdict that matters most: what was looked for, or ignited."""
        chosen = self.settings["threshold"] or self.settings["adaptive"]
        if not chosen and self.words is not None:
            return "seizure"
        return chosen["margin"] if chosen else self.judged[-1]

    @property
    def judged(self):
        """The verdicts that all runs lasted long enough for: one, if that ended them."""
        stop = self.settings["stop"]["verdict"]
        if stop is None and self.settings["threshold"]:
            stop = self.settings["threshold"]["margin"]
        known = tuple(name for name in VERDICTS if f"{name}.margin" in self.frame)
        return (stop,) if stop in VERDICTS else known

    @property
    def measured(self):
        """Name -> TissueState of all states that maps show: measured ones, then the user's fits."""
        return STATES | {title(name): state_of(name) for name in self.settings.get("marks", [])}

    @property
    def searched(self):
        """What thresholds are of, with its unit, in plain text; empty where none were sought."""
        threshold = self.settings["threshold"]
        if not threshold:
            return ""
        unit, said = unit_of(threshold["low"]), labels.untypeset(labels.setting(threshold["key"]))
        return f"threshold of {said}" + (f" [{unit}]" if unit else "")

    @property
    def searched_title(self):
        """As `searched`, typeset, for an axis."""
        threshold = self.settings["threshold"]
        unit = labels.typeset(unit_of(threshold["low"]))
        words = f"Threshold of {labels.setting(threshold['key'])}"
        return f"{words} [{unit}]" if unit else words

    def outcome_title(self, name):
        """What a reader calls a number that runs are judged by, typeset, with its unit."""
        verdict, _, rest = name.partition(".")
        if verdict in WORDS and rest == "margin":
            return f"Margin of {WORDS[verdict]}"
        return self.searched_title if name == "threshold.value" else labels.outcome(name)

    @property
    def sobol(self):
        """Outcome -> parameter -> S1, S1_conf, ST, ST_conf, of the outcomes that have indices."""
        return {outcome: s["parameters"] for outcome, s in self._indices.items()}

    @property
    def pairs(self):
        """Outcome -> pair of parameters -> S2, S2_conf, where the design has them."""
        return {outcome: s["pairs"] for outcome, s in self._indices.items() if s["pairs"]}

    @property
    def cautions(self):
        """Outcome -> why its indices say little, of those of which they do."""
        return {outcome: s["caution"] for outcome, s in self._indices.items() if s["caution"]}

    @property
    def _indices(self):
        found = self.report.get("sobol", {})
        return {outcome: s for outcome, s in found.items() if "missing" not in s}

    def margin(self, name):
        """Margins of a verdict, of all finished runs."""
        return self.finished[f"{name}.margin"].to_numpy(float)

    @property
    def regimes(self):
        """Which of REGIMES each finished run is: its gravest verdict that is yes."""
        found = np.full(len(self.finished), "rest", dtype=object)
        for name in self.judged:
            found[self.margin(name) >= 0] = name
        return found

    @property
    def words(self):
        """Word of `physics.regimes.NAMES` for each finished run; None if a run has none.

        None as well where a verdict ended the runs, and where thresholds were looked for.
        """
        if "regime" not in self.finished or self.settings["stop"]["verdict"] or self.searched:
            return None
        found = self.finished["regime"].to_numpy(object)
        return found if set(found) <= {*NAMES} else None

    def word(self, regime):
        """A regime in words."""
        if len(self.judged) > 1:
            return REGIMES[regime]
        return f"no {WORDS[self.judged[0]]}" if regime == "rest" else WORDS[regime]

    @property
    def speed(self):
        """The column of the first line on which fronts travelled; None if none did."""
        for name in self.finished:
            known = name.startswith("fronts.") and name.endswith(SPEED)
            if known and np.isfinite(self.finished[name].to_numpy(float)).any():
                return name
        return None


def _as_now(frame):
    """A table with the names of now: before 0.2, `seizure` was a level of K+, the `load`."""
    if "load.margin" in frame:
        return frame
    old = [name for name in frame if name.startswith("seizure.")]
    return frame.rename(columns={name: name.replace("seizure.", "load.") for name in old})
