"""What a run begins from: its configuration, the folder of its paths, who made it."""

import contextlib

import tomli_w

from ecs_model.config import reader, resolve
from ecs_model.config.whereabouts import told_where
from ecs_model.errors import ConfigError
from ecs_model.files import atomic, foreign, trust
from ecs_model.parallel import kept_on_root

MAY_CHANGE = ("time.end", "checkpoint.every", "checkpoint.wall")  # in a run that goes on


def read_new(path, overrides, base):
    """Text and Config of the file of a new run, checked as far as no mesh is needed.

    Raises:
        ConfigError: if it cannot be used.
    """
    text = reader.read_text(path)
    config = resolve.with_intervals(reader.parse_config(text, str(path), overrides))
    with told_where(path, overrides):
        resolve.check(config, resolve.model_of(config, base))
    return text, config


def write_new(folder, text, config, facts):
    """Leave in the RunDir of a new run what was asked for, and the facts of run.json."""
    atomic.write_json(folder.run_json, facts)
    atomic.write_text(folder.config, text)
    atomic.write_text(folder.resolved, resolved_text(config))


def resolved_text(config):
    """The configuration as TOML with every default written out."""
    return tomli_w.dumps(config.model_dump(exclude_none=True))


def read_begun(folder, overrides, trusted):
    """The Config of a run that was begun, and the folder to which its paths are relative.

    Args:
        folder: its RunDir.
        overrides: texts such as "time.end=20 s".
        trusted: whether its code may be run, whoever made it.

    Raises:
        ConfigError: if it cannot be continued so.
    """
    for override in overrides:
        if (key := override.partition("=")[0].strip()) not in MAY_CHANGE:
            raise ConfigError(
                f"--set {key}: a run that goes on may change {', '.join(MAY_CHANGE)}; "
                "for anything else start a new run"
            )
    config = reader.read_config(folder.resolved, overrides)
    base = folder.facts().get("base")
    if base is None:
        raise ConfigError(f"{folder.run_json}: missing or broken; the run cannot be continued")
    made = folder.facts().get("made")
    trust.ask(made, folder.path, trusted, _code(config), base)
    with told_where(folder.resolved, overrides):
        resolve.check(config, resolve.model_of(config, base))
    return config, base


def facts_of(config, base):
    """What run.json says of where a run was made."""
    return {"base": str(base), "made": trust.mark(_code(config), str(base))}


def _code(config):
    """The files of the user's own code that a run executes."""
    membrane = config.membrane
    return [membrane.file, *membrane.add] if membrane.add else membrane.file


@contextlib.contextmanager
def claimed(comm, folder):
    """Keep other runs out of a RunDir; ConfigError if one is at work there."""
    log = kept_on_root(comm, folder.claim)
    try:
        yield
    finally:
        if log is not None:
            log.close()


def is_finished(folder, simulation):
    """Whether a run came to its end and left its summary."""
    at_end = simulation.tick == simulation.clock.ticks
    told = at_end and folder.facts().get("ended") == "finished"
    return told and foreign.read_json(folder.summary, foreign.SummaryFacts) is not None
