"""The smallest stimulus that triggers: many sizes side by side, the bracket smaller each round."""

import functools
import itertools
import re
from dataclasses import dataclass

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.membrane.model import compartments
from ecs_model.quantities import parse

SIZES = 32  # per round
SAMPLES = 200  # within the window, at least
LEAST = 1e-6  # of the range that is searched: a threshold below is as good as zero
FINE = 5e-3  # s: farther apart, samples miss a spike
CHUNK = 2_000_000  # numbers of a course held at once


@dataclass(frozen=True)
class Threshold:
    """Largest size that did not trigger, smallest that did, in SI; the unit for people.

    Attributes:
        amount: of an added concentration, per tissue volume [mol/m^3]; None for other events.
    """

    event: str
    vary: str
    below: float
    above: float
    unit: str
    amount: float | None

    @property
    def value(self):
        """The middle of the two [SI]."""
        return (self.below + self.above) / 2


def find(lab, settings, changes):
    """The Threshold of an event in the cell with some quantities changed.

    Args:
        lab: the Laboratory.
        settings: ThresholdSettings.
        changes: name -> value [SI] of the member of the batch.

    Raises:
        ConfigError: if the low end triggers, or the high end does not.
    """
    place = f"threshold '{settings.event}'"
    event = next(e for e in lab.config.event if e.name == settings.event)
    unit = _unit(lab, event, settings, place)
    low, high = (_size(lab, settings, v, place) for v in (settings.low, settings.high))
    if not low < high:
        raise ConfigError(f"{place}: low must be below high")
    conditions = _conditions(lab, settings, place)
    hits = functools.partial(
        _triggered, lab, event, settings, changes=changes, conditions=conditions
    )
    low, high = _bracket(hits, settings, (low, high), place)
    amount = _amount(lab, settings.vary, (low + high) / 2, changes)
    return Threshold(event.name, settings.vary, low, high, unit, amount)


def _bracket(hits, settings, ends, place):
    """Sizes below and above the threshold, as close as the tolerance asks or the cell can tell."""
    (low, high), span, is_first = ends, ends[1] - ends[0], True
    while is_first or high - low > settings.tolerance * max(abs(high), LEAST * span):
        sizes = np.linspace(low, high, SIZES)
        hit = hits(sizes)
        if hit[0] or not hit[-1]:
            if not is_first:  # closer than the cell tells apart within the wait
                break
            end, verb = ("low", "triggers already") if hit[0] else ("high", "does not trigger")
            raise ConfigError(f"{place}: {end} = {getattr(settings, end)} {verb}; widen the range")
        k, is_first = int(np.argmax(hit)), False
        low, high = float(sizes[k - 1]), float(sizes[k])
    return low, high


def _amount(lab, vary, size, changes):
    """What an added extracellular concentration is per tissue volume [mol/m^3], or None."""
    kind, _, name = vary.partition(".")
    outside = kind == "add" and compartments(lab.model.State).get(name) == "_o"
    return lab.cell(changes).surroundings.alpha * size if outside else None


def _unit(lab, event, settings, place):
    if settings.vary == "duration":
        if not event.parameters:
            raise ConfigError(f"{place}: vary: an event without parameters has no duration")
        return "s"
    kind, _, name = settings.vary.partition(".")
    if kind not in ("parameters", "add", "put") or name not in getattr(event, kind):
        given = [f"{k}.{n}" for k in ("parameters", "add", "put") for n in getattr(event, k)]
        raise ConfigError(
            f"{place}: vary = {settings.vary!r}: the event has duration, {', '.join(given)}"
        )
    return lab.quantity(settings.vary, place).unit


def _size(lab, settings, value, place):
    if settings.vary == "duration":
        if isinstance(value, float):
            return value
        try:
            return parse(value, "s")
        except ValueError as error:
            raise ConfigError(f"{place}: {error}") from None
    return lab.si(settings.vary, value, place)


def _conditions(lab, settings, place):
    """Triples (name, sign, level): sign (value - level) > 0 must hold."""
    return [_condition(lab, n, text, place) for n, text in settings.triggered.items()]


def _condition(lab, name, text, place):
    states, seen = lab.model.State.quantities, lab.model.observables
    if name not in states and name not in seen:
        known = ", ".join([*states, *seen])
        raise ConfigError(f"{place}: triggered.{name}: the model has no such quantity; {known}")
    unit = states[name].unit if name in states else seen[name][0]
    match = re.fullmatch(r"\s*(above|below)\s+(.*)", text)
    if match is None:
        raise ConfigError(
            f'{place}: triggered.{name}: write "above ..." or "below ..." (found {text!r})'
        )
    try:
        level = parse(match[2], unit)
    except ValueError as error:
        raise ConfigError(f"{place}: triggered.{name}: {error}") from None
    return name, 1.0 if match[1] == "above" else -1.0, level


def _triggered(lab, event, settings, sizes, changes, conditions):
    """Which sizes fulfil all conditions throughout the window, each a wait after its own end."""
    bench = lab.bench([lab.cell(changes)] * len(sizes), _varied(lab, event, settings, sizes))
    lasts = sizes if settings.vary == "duration" else np.full(len(sizes), event.duration or 0.0)
    ends = event.start + lasts + settings.wait
    begins, held = ends - settings.window, np.full(len(sizes), True)
    finest = min(settings.window / SAMPLES, FINE)
    most = max(1, CHUNK // (len(lab.model.State._fields) * len(sizes)))
    for start, stop in itertools.pairwise(np.unique([0.0, *begins, *ends])):
        watched = (begins <= start) & (stop <= ends)
        if not watched.any():
            bench.advance(stop)
            continue
        samples = int(np.ceil((stop - start) / finest - 1e-9))
        for count in _shared(samples, most):
            seen = bench.watch((stop - start) / samples, count)
            held &= ~watched | _hold(seen, conditions)
    return held


def _shared(samples, most):
    """Numbers that add up to `samples`, each `most` but for the last."""
    return [min(most, samples - done) for done in range(0, samples, most)]


def _hold(seen, conditions):
    """In which cells all conditions hold at all times that were seen."""
    held = [(sign * (seen[name] - level) > 0).all(axis=0) for name, sign, level in conditions]
    return np.logical_and.reduce(held)


def _varied(lab, event, settings, sizes):
    """The event alone, in all sizes."""
    done = {kind: dict(values) for kind, values in lab.events[event.name].items()}
    duration = event.duration
    kind, _, name = settings.vary.partition(".")
    if kind == "duration":
        duration = sizes
    elif kind == "add":
        done["add"] = _scaled(done["add"], name, sizes, event)
    else:
        done[kind][name] = sizes
    return [lab.stimulus(event, len(sizes), done, duration)]


def _scaled(added, name, sizes, event):
    """What an event adds, in its proportions, where it adds `sizes` of one."""
    others = [n for n, v in added.items() if v and n != name]
    if added[name] == 0 and others:
        raise ConfigError(
            f"event '{event.name}': add.{name} is 0, so that {', '.join(others)} cannot be scaled "
            "with it; give all in the proportion in which they are varied"
        )
    rest = {n: v * (sizes / added[name]) for n, v in added.items() if n in others}
    return {n: sizes if n == name else rest.get(n, 0.0) for n in added}
