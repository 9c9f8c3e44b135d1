"""Sobol indices: which parameter moves an outcome, alone and with the others (SALib).

Reference: Saltelli et al. (2010), Comput Phys Commun 181, 259; Herman & Usher (2017), J Open Source
Softw 2(9), 97 for SALib.
"""

import numpy as np

from ecs_model.errors import ConfigError

CONFIDENCE = 0.95
WIDE = 0.3  # half of an interval, from which on indices say little


def design(names, samples, seed, second_order):
    """Places of a Saltelli design in the unit box, shape (N (2 d + 2) or N (d + 2), d)."""
    from SALib.sample import sobol

    return sobol.sample(
        _problem(names), samples, calc_second_order=second_order, scramble=True, seed=seed
    )


def even(dimension, samples, seed):
    """Places of a scrambled Sobol sequence in the unit box, shape (samples, dimension)."""
    from scipy.stats import qmc

    return qmc.Sobol(dimension, scramble=True, rng=seed).random(samples)


def indices(names, values, second_order, seed):
    """Sobol indices of an outcome, each with the half width of its 95 % interval.

    Args:
        names: of the parameters.
        values: the outcome at the places of `design`, in their order.
        second_order: whether the design has what pairs need.
        seed: of the bootstrap that gives the intervals.

    Returns:
        dict: `parameters`: name -> {S1, S1_conf, ST, ST_conf}; `pairs`: the same for S2, if the
            design has them; `caution`: why they say little, or None.

    Raises:
        ConfigError: if the outcome is missing somewhere or the same everywhere.
    """
    from SALib.analyze import sobol

    values = np.asarray(values, float)
    if not np.isfinite(values).all():
        gone = np.count_nonzero(~np.isfinite(values))
        raise ConfigError(f"{gone} of {len(values)} runs have no value of it")
    if np.ptp(values) == 0:
        raise ConfigError("it is the same in all runs")
    found = sobol.analyze(
        _problem(names), values, calc_second_order=second_order, conf_level=CONFIDENCE, seed=seed
    )
    single = {
        name: {key: float(found[key][k]) for key in ("S1", "S1_conf", "ST", "ST_conf")}
        for k, name in enumerate(names)
    }
    return {
        "parameters": single,
        "pairs": _pairs(names, found) if second_order else {},
        "caution": _caution(single.values()),
    }


def _caution(single):
    """Why indices say little: wide intervals, or an outcome that hardly ever changes."""
    widest = max(s[key] for s in single for key in ("S1_conf", "ST_conf"))
    if widest >= WIDE:
        return f"uncertain by {widest:.2g}; take more samples"
    return None if any(s["ST"] > 0 for s in single) else "it hardly ever changes; take more samples"


def _pairs(names, found):
    return {
        f"{names[i]} x {names[j]}": {
            "S2": float(found["S2"][i, j]),
            "S2_conf": float(found["S2_conf"][i, j]),
        }
        for i in range(len(names))
        for j in range(i + 1, len(names))
    }


def _problem(names):
    return {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}
