"""What came out of a run, in words: the content of summary.json as its readers want it."""

import math
from operator import itemgetter
from typing import NamedTuple

COARSE = 3.0  # fewer cells than this across a front: the mesh is too coarse for its speed
QUESTIONS = {
    "load": "K+ load",
    "seizure": "seizure",
    "sd": "spreading depolarization",
    "ignited": "front left what was stimulated",
}


class Verdict(NamedTuple):
    """One question that a run answers: in words, yes or no, its margin, what decided."""

    question: str
    yes: bool
    margin: float
    because: str

    @property
    def answer(self):
        """Yes or no."""
        return "yes" if self.yes else "no"


def verdicts(summary):
    """The Verdicts of a run, gravest last.

    Args:
        summary: content of summary.json.
    """
    return [
        Verdict(words, summary[key]["verdict"], summary[key]["margin"], _because(summary[key]))
        for key, words in QUESTIONS.items()
        if key in summary
    ]


def _because(v):
    if "share" in v:
        return _because_of_firing(v)
    if "time_s" not in v:
        return f"at most {v['reached_mM']:.4g} mM at one node, {v['threshold_mM']:g} mM count"
    return f"after {v['time_s']:.4g} s" if v["verdict"] else f"{v['reached_mM']:.4g} mM"


def regimes(summary):
    """The word for a run, with the shares of tissue that each holds for."""
    parts = sorted(summary["regimes"].items(), key=itemgetter(1), reverse=True)
    if len(parts) == 1:
        return summary["regime"]
    shares = (f"{name} in {100 * share:.3g} %" for name, share in parts)
    return f"{summary['regime']} ({', '.join(shares)})"


def _because_of_firing(v):
    share = f"{100 * v['share']:.3g} % of the tissue that was not stimulated"
    if not v["share"]:
        return f"none of{share.partition('of')[2]}"
    words = [share, f"from {v['onset_s']:.4g} s on", f"{v['duration_s']:.3g} s at the longest"]
    words += [f"{v['bursts']:.3g} bursts"] if v["bursts"] > 1 else []
    if _is_number(v["recruitment_mm_per_min"]):
        words.append(f"recruited at {v['recruitment_mm_per_min']:.3g} mm/min")
    return ", ".join(words)


def fronts(summary):
    """Pairs of a line and what is known of the front that travelled along it, in words."""
    told = ((name, _front(front)) for name, front in summary["fronts"].items())
    return [(name, words) for name, words in told if words]


def _front(front):
    """Speed and width of a front as far as there are any, and its note; empty for no front."""
    speed, width = front["speed_mm_per_min"], front["width_um"]
    words = [f"{speed:.4g} mm/min"] if _is_number(speed) else []
    words += [f"{width:.3g} um wide"] if _is_number(width) else []
    note = front.get("note", "") if front["arrived"] else ""
    return "; ".join(text for text in (", ".join(words), note) if text)


def headline(summary):
    """What came out of a run, in one line: the gravest that is true, and how fast fronts were."""
    answers = verdicts(summary)
    grave = [v.question for v in answers if v.yes] or [f"no {answers[0].question}"]
    found = regimes(summary) if "regime" in summary else grave[-1]
    speeds = [(name, front["speed_mm_per_min"]) for name, front in summary["fronts"].items()]
    fast = [f"{v:.4g} mm/min on line {name!r}" for name, v in speeds if _is_number(v)]
    return ", ".join([found, *fast])


def _is_number(value):
    return value is not None and math.isfinite(value)


def warnings(summary):
    """What a reader has to know before trusting the numbers, each in one sentence."""
    cells = summary["cells_per_front"]
    if cells < COARSE:
        yield (
            f"the mesh is too coarse for the front: {cells:.1f} cells across its steep "
            f"part, {COARSE:g} or more are needed for its speed; make mesh.cell smaller"
        )
    yield from map(unresolved, summary.get("unresolved", ()))
    if summary["bias"]:
        yield f"known bias: {summary['bias']}"


def unresolved(source):
    """That a source needs smaller cells, in one sentence.

    Args:
        source: its name, the change of K+ across a cell that it would come to [mM], and the size
            of the cells [um].
    """
    return (
        f"{source['name']} is not resolved by cells of {source['cell_um']:.3g} um: K+ would change "
        f"by {source['change_mM']:.3g} mM from one node to the next, so that K+ within a few cells "
        "of it depends on the mesh; make cells smaller there (mesh.refine) or the source wider"
    )


def corrections(summary):
    """What was done to keep ions within their range, a sentence for each."""
    tried = summary["steps"] + summary.get("rejected_steps", 0)
    for name, c in summary.get("corrections", {}).items():
        yield (
            f"{name} was kept within the range of its neighbours in {c['steps']} of {tried} steps "
            f"that were tried, which changed it by at most {c['largest_mM']:.2g} mM"
        )


def two_rates(summary):
    """How many coarse steps there were, in one sentence; empty where there were none."""
    found = summary.get("two_rates", {})
    if not found.get("coarse_steps"):
        return ""
    share = 100 * found["share"]
    return (
        f"{found['coarse_steps']} coarse steps, after which {share:.3g} % of the nodes took fine "
        "ones instead, on average"
    )


def energy(summary):
    """What the pumps spent, in one sentence; empty for membranes that do not say so."""
    if not (found := summary["energy"]):
        return ""
    spent, mean, peak = (
        1e-3 * found[name] for name in ("J_per_m3", "mean_W_per_m3", "peak_W_per_m3")
    )
    return (
        f"pumps split {found['ATP_mM']:.4g} mM of ATP per volume of tissue, {spent:.4g} kJ/m^3: "
        f"{mean:.3g} kW/m^3 on average, {peak:.3g} at most"
    )


def lines(summary):
    """The end of a run in words: verdicts, fronts, warnings, balance, energy."""
    if "regime" in summary:
        yield f"the tissue that was not stimulated: {regimes(summary)}"
    for v in verdicts(summary):
        yield f"{v.question}: {v.answer} (margin {v.margin:+.3f}: {v.because})"
    for name, words in fronts(summary):
        yield f"front on line {name!r}: {words}"
    for sentence in warnings(summary):
        yield sentence if sentence.startswith("known") else f"WARNING: {sentence}"
    yield from corrections(summary)
    yield from _balance(summary["balance"])
    yield from filter(None, [energy(summary), two_rates(summary)])


def _balance(balance):
    unit = balance["unit"]
    yield f"balance of K+ [{unit}]:"
    yield f"  extracellular      {balance['ecs_start']:.9e} -> {balance['ecs_end']:.9e}"
    if "cells_start" in balance:
        yield f"  in cells           {balance['cells_start']:.9e} -> {balance['cells_end']:.9e}"
    for name, amount in balance["given"].items():
        yield f"  from {name:<13} {amount:+.9e}"
    yield f"  residual           {balance['relative_error']:.1e} of the whole"
    for ion, other in balance.get("ions", {}).items():
        yield f"  that of {ion:<11}{other['relative_error']:.1e}"
