"""How much the glial syncytium lowers a local rise of K+, after Breithausen et al. (2020).

python docs/papers/breithausen_2020.py    # docs/pictures/paper_breithausen_2020.png, two minutes
"""

import copy
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tomli_w

from ecs_model import api
from ecs_model.postprocess import style, titles
from ecs_model.run.tables import read_series

CONFIG = Path(__file__).with_suffix(".toml")
PICTURE = Path(__file__).parents[1] / "pictures" / f"paper_{CONFIG.stem}.png"
REST, LIMIT = 4.0, 10.0  # mM: K+ at rest, and that from which the paper saw an effect
RISES = (5.0, 7.0, 10.0, 20.0)  # mM, about, of every curve
SLAB = {"generator": "interval", "length": "1 mm", "cell": "10 um"}


@dataclass(frozen=True)
class Case:
    """A focus and how it is fed.

    Attributes:
        words: for the legend.
        rate: load [mM/s] of the focus that raises K+ by about a mM.
        radius: of the ball that is loaded [um]; None: half of a slab of 0.2 mm.
        seconds: how long.
        tortuosity: of the network of glia.
    """

    words: str
    rate: float
    radius: int | None = 50
    seconds: int = 10
    tortuosity: float = 3.2


CASES = {
    "slab": Case("slab of 0.2 mm, 10 s", 0.3, None),
    "100": Case("ball, radius 100 µm, 10 s", 0.45, 100),
    "50": Case("50 µm, 10 s", 1.1),
    "25": Case("25 µm, 10 s", 3.6, 25),
    "short": Case("50 µm, 1 s", 1.65, seconds=1),
    "weak": Case("50 µm, 10 s, network with λ 10", 1.1, tortuosity=10.0),
}


def settings(case, load, is_joined):
    """The configuration of one run, as a tree."""
    tree = copy.deepcopy(tomllib.loads(CONFIG.read_text()))
    (region,), (source,), (probe,) = tree["tissue"]["regions"], tree["source"], tree["probe"]
    if case.radius is None:
        tree["mesh"], probe["at"] = SLAB, ["0 mm"]
        del region["ball"]
        region["box"] = {"low": ["-1 um"], "high": ["100 um"]}
    else:
        region["ball"]["radius"] = f"{case.radius} um"
    source |= {
        "load": f"{load} mM/s",
        "profile": {"kind": "pulse", "duration": f"{case.seconds} s"},
    }
    tree["time"]["end"] = tree["output"]["every"] = f"{case.seconds} s"
    tree["tissue"]["syncytium"]["tortuosity"] = case.tortuosity
    if not is_joined:
        del tree["tissue"]["syncytium"]
    return tree


def highest(case, load, is_joined, folder):
    """The highest K+ in the middle of the focus [mM]."""
    config = Path(folder, "run.toml")
    config.write_text(tomli_w.dumps(settings(case, load, is_joined)))
    assert api.run(config, Path(folder, "run"), overwrite=True, quiet=True).code == 0
    columns, _ = read_series(Path(folder, "run", "series.csv"))
    return columns["K_o@focus"].max()


def curve(case, folder, rises=RISES):
    """Highest K+ [mM] of glia that are not joined, and of those that are: one row each."""
    loads = [case.rate * (rise - REST) for rise in rises]
    return np.array([[highest(case, load, x, folder) for load in loads] for x in (False, True)])


def share(alone, joined):
    """By how much of itself the rise is lower."""
    return (alone - joined) / (alone - REST)


def at(found, level):
    """The share, and the difference [mM], where K+ would reach a level [mM] if glia were alone."""
    alone, joined = found
    part = float(np.interp(level, alone, share(alone, joined)))
    return part, part * (level - REST)


def curves(folder):
    """Case -> its curve."""
    return {name: curve(case, folder) for name, case in CASES.items()}


@style.styled
def figure(found):
    """Shares over the rise, a curve per case."""
    drawn = style.figure(3.4)
    axes = drawn.subplots()
    for name, (alone, joined) in found.items():
        axes.plot(alone, 100 * share(alone, joined), "o-", ms=3.5, label=CASES[name].words)
    axes.axvline(LIMIT, color="grey", ls=":", lw=1)
    text = "uncoupling was\nseen above"
    axes.annotate(text, (LIMIT, 0.5), xytext=(4, 0), textcoords="offset points", fontsize=8)
    axes.set(xlabel="Highest [K$^+$]$_o$ where glia are not joined [mM]", ylim=0)
    axes.set_ylabel("Rise lower by [%]")
    drawn.legend(loc="outside right upper")
    return titles.put(drawn, tomllib.loads(CONFIG.read_text())["title"])


def main():
    """Draw the picture."""
    with tempfile.TemporaryDirectory() as folder:
        style.save(figure(curves(folder)), PICTURE)


if __name__ == "__main__":
    main()
