"""A run directory, opened: its numbers at once, its tables and fields when they are asked for."""

import tomllib

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.files import foreign, schemas
from ecs_model.postprocess import rows
from ecs_model.run import field_series, summary_text
from ecs_model.run.rundir import RunDir
from ecs_model.run.tables import line_names, read_series

_SIGNS = {" um ": " µm ", "^3": "³", "K+": "K⁺"}


class Run:
    """A run that was made, or is being made; open one with `Run.open` or `api.open_run`.

    Attributes:
        path: the run directory.
        facts: how it ran, the content of run.json.
        summary: what came out, the content of summary.json; empty before the end of the run.
        config: its configuration with every default, as nested dictionaries.
        profile: where the time went, the content of profile.json; empty without `--profile`.
        lines: names of the lines along which fields were recorded.
        times: output times of the fields [s].
    """

    @classmethod
    def open(cls, directory):
        """The Run in a directory; raises ConfigError if there is none."""
        return cls(RunDir.open(directory))

    def __init__(self, run):
        self.path, self._run = run.path, run
        self.facts = run.facts()
        self.summary = _known(foreign.read_json(run.summary, schemas.SummaryFacts) or {})
        self.config = _toml(run.resolved)
        self.profile = foreign.read_json(run.profile, schemas.ProfileFacts) or {}
        self.lines = line_names(run.path)
        self.times = field_series.read_times(run.path) if run.index.exists() else np.empty(0)

    @property
    def name(self):
        """The title of the run, or the name of its directory."""
        return self.config.get("title") or self.path.resolve().name

    @property
    def series(self):
        """series.csv as a pandas DataFrame over time t [s]; `.attrs["units"]` has all units.

        Raises:
            ConfigError: if the table is not there, or broken.
        """
        import pandas as pd

        columns, units = read_series(self._run.series)
        frame = pd.DataFrame(columns).set_index("t")
        frame.attrs.update(title=self.name, units=units)
        return frame

    @property
    def fields(self):
        """The fields as an xarray Dataset, read from disk where they are used; see `dataset`.

        Raises:
            ConfigError: if no output time was written.
        """
        from ecs_model.postprocess import dataset

        return dataset.fields(self.path).assign_attrs(title=self.name)

    def line(self, name=None):
        """Fields along a line, the first by default: an xarray Dataset over time and position.

        Raises:
            ConfigError: if the run has no such line.
        """
        from ecs_model.postprocess import dataset

        return dataset.along(self.path, self._line(name)).assign_attrs(title=self.name)

    def pyvista(self):
        """The fields as PyVista grids over time; see `grids.Grids`.

        Raises:
            ConfigError: if no output time was written.
        """
        from ecs_model.postprocess.grids import Grids

        return Grids(self.path)

    def _line(self, name):
        if name not in (*self.lines, None) or not self.lines:
            has = ", ".join(self.lines) or "none"
            raise ConfigError(f"{self.path} has no line {name or 'at all'!r}; it has {has}")
        return name or self.lines[0]

    @property
    def is_finished(self):
        """Whether the run came to its end."""
        return self.facts.get("ended") == "finished"

    @property
    def state(self):
        """How the run ended, in words."""
        ended, t = self.facts.get("ended"), self.facts.get("time")
        if ended == "finished":
            return "finished"
        if ended == "stopped":
            at = "" if t is None else f" at {t:.6g} s"
            return f"stopped by {self.facts.get('reason')}{at}; it can be resumed"
        if ended == "error":
            return f"failed: {self.facts.get('reason')}"
        return {
            True: "not at its end: it still runs",
            False: "not at its end: it was killed; it can be resumed",
            None: "not at its end: it still runs, or was killed",
        }[self._run.is_live]

    def about(self):
        """Pairs of what was run, and how, in words."""
        yield "State", self.state
        yield from _computed(self.config)
        yield from self._run.meanings.items()
        if mesh := self.facts.get("mesh"):
            yield "Mesh", f"{mesh['nodes']:,} nodes, {mesh['cells']:,} cells"
        if self.summary:
            yield from _effort(self.summary)

    def numbers(self):
        """Pairs of the numbers that count, in words; none before the end of the run."""
        if not (s := self.summary):
            return
        if s["recruited"] > 0 and "recruited_K_o" in s:
            yield "K⁺ of the wave", f"{s['recruited_K_o']:.4g} mM in the median of recruited tissue"
        yield "Highest K⁺", f"{s['max_K_o']:.4g} mM at one node; at the end {s['end_K_o']:.4g} mM"
        yield "Recruited", f"{100 * s['recruited']:.3g} % of the tissue"
        if s["duration_s"] > 0:
            yield "Time above the threshold", f"{s['duration_s']:.4g} s on average"
        for name, words in summary_text.fronts(s):
            yield f"Front on line {name!r}", _typeset(words)
        if said := summary_text.energy(s):
            yield "Energy", _typeset(said)
        yield "Balance of K⁺", f"closes to {s['balance']['relative_error']:.1e} of the whole"

    @property
    def regime(self):
        """The word for what the tissue did, with shares; empty where firing is not known."""
        return summary_text.regimes(self.summary) if self.summary.get("regimes") else ""

    def verdicts(self):
        """The Verdicts of the run; none before its end."""
        return summary_text.verdicts(self.summary) if self.summary else []

    def warnings(self):
        """Sentences that a reader has to know before trusting the numbers."""
        return [*summary_text.warnings(self.summary)] if self.summary else []

    def holds(self):
        """Pairs of what there is to look at, in words."""
        if self._run.series.exists():
            columns = read_series(self._run.series)[0]
            yield "Series", f"{len(columns['t'])} rows of {len(columns)} columns"
        if len(self.times):
            names = ", ".join(field_series.field_names(self.path))
            yield "Fields", f"{len(self.times)} times to {self.times[-1]:g} s: {names}"
        if self.lines:
            yield "Lines", ", ".join(self.lines)

    def headlines(self):
        """Pairs of what came out, in words: answers, the numbers that count, warnings."""
        for v in self.verdicts():
            yield _typeset(v.question), f"{v.answer} (margin {v.margin:+.3f}: {v.because})"
        yield from self.numbers()
        for words in self.warnings():
            yield "Warning", words

    def _rows(self):
        return rows.begun([*self.about(), *self.headlines(), *self.holds()])

    def __repr__(self):
        return rows.as_text(f"Run {self.name!r} in {self.path}", self._rows())

    def _repr_html_(self):
        return rows.as_html(self.name, self._rows())


def _computed(config):
    """Pairs of what a configuration describes, in words."""
    if not config:
        return
    tissue, membrane = config["tissue"], config["membrane"]
    yield "Membrane", membrane.get("file") or membrane["model"]
    ions = ", ".join(ion if isinstance(ion, str) else ion["name"] for ion in tissue["ions"])
    yield "Ions that move", f"{ions} ({tissue['transport']})"
    yield "Tissue", ", ".join(f"{key} {_shown(tissue[key])}" for key in ("alpha", "tortuosity"))
    if regions := [region["name"] for region in tissue["regions"]]:
        yield "Regions", ", ".join(regions)


def _shown(value):
    """A setting in one line: a table by its pairs."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_shown(part)}" for name, part in value.items())
    return str(value)


def _effort(summary):
    """Pairs of what a run took, in words."""
    s = summary
    yield "Time", f"{s['time']:g} s in {s['steps']:,} steps ({s['rejected_steps']:,} rejected)"
    took = f"{sum(s['seconds'].values()):.3g} s on {s['processes']} process"
    memory = f"{s['peak_memory_bytes'] / 2**20:.0f} MiB"
    yield "Took", f"{took}{'es' * (s['processes'] > 1)}, {memory} of memory"


def _typeset(words):
    for plain, sign in _SIGNS.items():
        words = words.replace(plain, sign)
    return words


def _toml(path):
    """The content of a TOML file; empty if there is none."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is broken: {error}; a run writes it as it starts") from None


def _known(value):
    """What JSON says, with nan for the numbers that it has no word for."""
    if isinstance(value, dict):
        return {name: _known(part) for name, part in value.items()}
    return float("nan") if value is None else value
