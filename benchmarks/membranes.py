"""What a membrane's sub-step costs in double and in mixed precision, and in another version.

Usage: python benchmarks/membranes.py [ROUNDS [FOLDER]]      (about a minute a round)

FOLDER holds another version of the package, such as `git worktree add --detach FOLDER COMMIT`; all
are measured in turn, each in a process of its own, with this environment.
"""

import importlib
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from measure import bursts, child, load, sized, table

CASES = sized(
    (
        ("kager_mori", {}),
        ("kager_mori", {"glia": False}),
        ("wei_ullah_schiff", {}),
        ("barreto_cressman", {}),
        ("huebel_dahlem", {}),
        ("pump_leak", {}),
        ("pump_leak", {"potential": "charge"}),
    ),
    (("pump_leak", {}),),
)
SUBSTEPS, NODES = 10, sized(2048, 64)
HERE = Path(__file__).resolve().parents[1]


def main(rounds, other):
    """Print CPU time per node and sub-step, and the seconds that a compilation takes."""
    versions = {"double": HERE, "mixed": HERE} | ({"other": other} if other else {})
    found = {name: [] for name in versions}
    for _ in range(rounds):
        for name, folder in versions.items():
            found[name].append(_measured(name, folder))
    print(f"ns per node and sub-step, median and smallest; seconds to compile; {load()}\n")
    columns = ["median", "smallest", "compiled in"]
    head = ["model", *(f"{name}: {column}" for name in versions for column in columns)]
    gain = ["gain"] if other else []
    table([*head, *gain], [_row(k, found, gain) for k in range(len(CASES))])
    print(f"\n{load()}")


def _measured(name, folder):
    """One round of a version, with nothing in its cache of compiled membranes."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {"PYTHONPATH": str(folder), "XDG_CACHE_HOME": cache}
        return child(__file__, "one", name, environment=environment)


def _row(k, found, gain):
    model, options = CASES[k]
    words = "".join(f", {n} = {str(v).lower()}" for n, v in options.items())
    cells, medians = [f"`{model}{words}`"], {}
    for name, rounds in found.items():
        median, least, compiled = zip(*(r[k] for r in rounds), strict=True)
        medians[name] = statistics.median(median)
        cells += [f"{medians[name]:.1f}", f"{min(least):.1f}", f"{min(compiled):.2f}"]
    return [*cells, *(f"{medians['other'] / medians['mixed']:.2f}" for _ in gain)]


def one(name):
    """Print, for every case: median and smallest time of a sub-step [ns], seconds to compile."""
    print(json.dumps([_one(*case, name) for case in CASES]))


def _one(model, options, name):
    from ecs_model.membrane import MODELS
    from ecs_model.membrane.model import Surroundings

    chosen = MODELS[model].variant(**options) if options else MODELS[model]
    state = chosen.State(*(np.full(NODES, v) for v in chosen.State()))
    state.K_o[:] *= np.linspace(0.9, 1.1, NODES)
    precision = {} if name == "other" else {"precision": name}
    began, children = time.process_time(), _children()
    reaction = _solver().Reaction(
        chosen, state, chosen.Parameters(), Surroundings(), substeps=SUBSTEPS, **precision
    )
    compiled = time.process_time() - began + _children() - children
    each = NODES * SUBSTEPS
    taken = [1e9 * t / each for t in bursts(lambda: reaction.advance(1e-3), seconds=0.4)]
    return statistics.median(taken), min(taken), compiled


def _solver():
    """The module of the compiled step, which was called `reaction` up to commit 314e5eb."""
    try:
        return importlib.import_module("ecs_model.membrane.solver")
    except ImportError:
        return importlib.import_module("ecs_model.reaction")


def _children():
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        one(sys.argv[2])
    else:
        rounds = int(sys.argv[1]) if len(sys.argv) > 1 else sized(3, 1)
        main(rounds, sys.argv[2] if len(sys.argv) > 2 else None)
