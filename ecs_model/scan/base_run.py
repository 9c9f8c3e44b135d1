"""The run that a scan varies: its configuration as a tree, and what it becomes at a point."""

import copy
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import tomli_w

from ecs_model.config import reader, resolve
from ecs_model.config.whereabouts import Written
from ecs_model.errors import ConfigError
from ecs_model.files.digests import digests
from ecs_model.physics.measured_tissue import state_of
from ecs_model.run import clock
from ecs_model.runs import names as ready_runs
from ecs_model.runs import path as ready_path
from ecs_model.scan import points
from ecs_model.scan.axes import full, keys_of

LISTS = {
    "boundary",
    "vessels",
    "source",
    "event",
    "probe",
    "line",
}  # whose entries are found by name


@dataclass(frozen=True)
class Base:
    """The configuration of a run as a tree, the folder of its paths, and where it stands.

    Attributes:
        tree: nested dictionaries and lists, as TOML gives them.
        folder: that its paths start from.
        name: what messages call it.
        written: the text that it comes from, for the lines of what is wrong in it.
    """

    tree: dict
    folder: str
    name: str
    written: Written = field(default_factory=partial(Written, "", ""))

    def config(self, settings):
        """The Config with some settings changed, checked as far as no mesh is needed.

        Raises:
            ConfigError: if it is none.
        """
        tree = self.with_settings(settings)
        written = Written("", self.name) if settings else self.written
        config = reader.validated(tree, written)
        with written.told():
            config = resolve.with_intervals(config)
            resolve.check(config, resolve.model_of(config, self.folder))
            _check_times(config)
        return config

    def with_settings(self, settings):
        """The tree with some settings changed."""
        tree = copy.deepcopy(self.tree)
        for key, value in settings.items():
            first = key.partition(".")[0]
            if first in LISTS and first != key and not tree.get(first):
                raise ConfigError(f"{self.name}: {key}: the run has no [[{first}]]")
            reader.put(tree, full(key), value, self.name)
        return tree

    def contents(self):
        """Name -> digest of each file that the run names; an XDMF file counts with its HDF5."""
        return digests(self.tree, self.folder)

    def text(self, settings):
        """The configuration with some settings changed, as TOML."""
        return tomli_w.dumps(self.with_settings(settings))


def _check_times(config):
    """Raise ConfigError for times that are no whole number of steps."""
    time, output = config.time, config.output
    asked = resolve.asked_interval(output)
    ticks = clock.plan(time.end, time.step, output.series, time.adaptive, asked)
    ticks.ticks_in(output.every, "output.every", resolve.origin_of_steps(config))


def base_of(config, path, text="", overrides=()):
    """The Base that a scan means.

    Args:
        config: a ScanConfig.
        path: of its file.
        text: of its file.
        overrides: texts such as "run.tissue.alpha=0.1", which won over the file.

    Raises:
        ConfigError: if there is no such run, or it cannot be used.
    """
    base = _found(config, Path(path), Written(text, str(path), overrides, ["run"]))
    base.config({})
    if not config.set:
        return base
    _try(base, config.set, f"{path}: set")
    return replace(base, tree=base.with_settings(config.set))


def _found(config, path, written):
    folder = path.resolve().parent
    if config.run is not None:
        return Base(config.run, str(folder), f"{path}: run", written)
    file = folder / config.base
    if not file.is_file() and config.base in ready_runs():
        file = Path(str(ready_path(config.base)))
    if not file.is_file():
        known = ", ".join(ready_runs())
        raise ConfigError(
            f"{path}: base: there is no file {file}, and no ready run of that name ({known})"
        )
    text = reader.read_text(file)
    tree = reader.parse_tree(text, str(file))
    return Base(tree, str(file.parent), str(file), Written(text, str(file)))


def check_points(base, config, path):
    """Raise ConfigError for an axis or a threshold whose values a run cannot have, or a bad mark.

    Args:
        base: the Base.
        config: the ScanConfig.
        path: of its file, for messages.
    """
    for mark in config.marks:
        state_of(mark)
    for member in config.consensus.member if config.consensus else []:
        for axis in config.axis:
            for point in points.ends(axis):
                _try(base, {**member.set, **point.settings}, f"{path}: consensus '{member.name}'")
    _refuse_silent(base, config, path)
    for axis in config.axis:
        ends = [axis.low, axis.high]
        alone = [points.listed(axis, v) for v in ends] if axis.low is not None else []
        for point in alone or points.values(axis):
            _try(base, point.settings, f"{path}: axis '{axis.label}'")
    if config.threshold is not None:
        for value in (config.threshold.low, config.threshold.high):
            _try(base, {config.threshold.key: value}, f"{path}: threshold")


def _refuse_silent(base, config, path):
    """Raise ConfigError where a seizure is asked of a model that does not know what neurons do."""
    asked = [place for place, verdict in _asked(config) if verdict == "seizure"]
    if not asked:
        return
    members = config.consensus.member if config.consensus else []
    models = [member.set for member in members] or [{}]
    for axis in config.axis:
        if "membrane.model" in keys_of(axis):
            models += [point.settings for point in points.values(axis)]
    for settings in models:
        model = resolve.model_of(base.config(settings), base.folder)
        if not model.fires:
            raise ConfigError(
                f"{path}: {asked[0]}: the model '{model.name}' does not tell when neurons fire, so "
                "that it has no verdict 'seizure'; ask for 'load' (K+), or choose one that fires, "
                "such as wei_ullah_schiff"
            )


def _asked(config):
    """Pairs of a setting and the verdict that it asks for."""
    if config.threshold is not None:
        yield "threshold.margin", config.threshold.margin
    if config.adaptive is not None:
        yield "adaptive.margin", config.adaptive.margin
    if config.consensus is not None:
        yield "consensus.margin", config.consensus.margin
    yield "stop.verdict", config.stop.verdict
    if config.design.kind == "saltelli":
        yield from (("outcomes", name.partition(".")[0]) for name in config.outcomes)


def _try(base, settings, place):
    try:
        base.config(settings)
    except ConfigError as error:
        *_, reason = str(error).splitlines()
        reason = reason.strip().removeprefix(f"{base.name}: ")
        shown = ", ".join(f"{key} = {value!r}" for key, value in settings.items())
        raise ConfigError(f"{place}: {shown} cannot be: {reason}") from None
