"""TMA+ in cortex whose cells shrink and swell, after Kume-Kick et al. (2002).

python docs/papers/kume_kick_2002.py     # docs/pictures/paper_kume_kick_2002.png, 10 seconds
"""

import tempfile
import tomllib
from pathlib import Path

import numpy as np

from ecs_model import api
from ecs_model.point_source import Experiment
from ecs_model.point_source.fit import fit_tissue
from ecs_model.postprocess import style, theme, titles
from ecs_model.run.tables import read_series

CONFIG = Path(__file__).with_suffix(".toml")
PICTURE = Path(__file__).parents[1] / "pictures" / f"paper_{CONFIG.stem}.png"
MEASURED = {  # osmolality [mosmol/kg] -> alpha, lambda of the paper
    150: (0.12, 1.86),
    305: (0.24, 1.69),
    500: (0.42, 1.67),
}
SOURCE = Experiment(0.1e-3, 0.4145707e-12, 1.31e-9, start=10.0, duration=60.0)  # of the TOML


def curves(folder):
    """Osmolality -> times [s] and TMA+ at the electrode [mM], of one run each."""
    found = {}
    for osmolality, (alpha, tortuosity) in MEASURED.items():
        tissue = f"tissue.alpha={alpha}", f"tissue.tortuosity={tortuosity}"
        run = Path(folder, str(osmolality))
        assert api.run(CONFIG, run, overrides=tissue, overwrite=True, quiet=True).code == 0
        columns, _ = read_series(run / "series.csv")
        found[osmolality] = columns["t"], columns["TMA_o@electrode"]
    return found


def fits(found):
    """Osmolality -> alpha and lambda that the method of the paper reads off the curves."""
    values = {k: fit_tissue(t, c, SOURCE, uptake=False).values for k, (t, c) in found.items()}
    return {k: (v["alpha"], v["tortuosity"]) for k, v in values.items()}


@style.styled
def figure(found):
    """The curves in one panel, with what was measured in the legend."""
    drawn = style.figure(3.2)
    axes = drawn.subplots()
    for colour, (osmolality, (t, c)) in zip(theme.now().cycle, found.items(), strict=False):
        alpha, tortuosity = MEASURED[osmolality]
        text = rf"{osmolality} mosmol/kg: $\alpha$ {alpha}, $\lambda$ {tortuosity}"
        axes.plot(t, c, color=colour, label=text)
    axes.set(xlabel="Time [s]", ylabel="TMA$^+$ between cells [mM]", xlim=(0, np.max(t)), ylim=0)
    axes.axvspan(10, 70, color=theme.now().faint, lw=0, zorder=0)
    axes.legend()
    return titles.put(drawn, tomllib.loads(CONFIG.read_text())["title"])


def main():
    """Draw the picture."""
    with tempfile.TemporaryDirectory() as folder:
        style.save(figure(curves(folder)), PICTURE)


if __name__ == "__main__":
    main()
