"""Draws docs/pictures/packing.png: what each `packing` makes of kager_mori where alpha is 0.1."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from ecs_model.membrane import MODELS
from ecs_model.membrane.packing import arranged

ALPHA = 0.1
PARTS = {"outside": "#7fb3d5", "neurons": "#e59866", "glia": "#a9cf8f", "unaccounted": "white"}


def draw(path: Path) -> None:
    """Write the picture: volumes and membrane areas, and what is dissolved outside."""
    model = MODELS["kager_mori"]
    cases = {"the model's own\nalpha 0.2": ("fixed", model.alpha)}
    cases |= {f"{name}\nalpha {ALPHA}": (name, ALPHA) for name in ("scaled", "swollen", "fixed")}
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), width_ratios=[1.5, 1])
    for k, (packing, alpha) in enumerate(cases.values()):
        p, y = arranged(model, packing, model.Parameters(), model.State(), alpha)
        volumes = [alpha, p.phi, p.phi_g]
        _stack(left, k, [*volumes, 1 - sum(volumes)])
        left.text(k, 1.03, f"S = {1e-6 * (p.S + p.S_g):.2f} /µm", ha="center", fontsize=8)
        right.bar(k, y.K_o + y.Na_o + y.Cl_o, 0.6, color=PARTS["outside"])
        right.text(k, y.K_o + y.Na_o + y.Cl_o + 8, f"K$^+$ {y.K_o:.3g}", ha="center", fontsize=8)
    for axes in (left, right):
        axes.set_xticks(np.arange(len(cases)), cases, fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    left.set(ylabel="share of the tissue", ylim=(0, 1.12))
    right.set(ylabel="K$^+$ + Na$^+$ + Cl$^-$ outside (mM)", ylim=(0, 620))
    right.tick_params(axis="x", labelrotation=0)
    left.legend(
        [plt.Rectangle((0, 0), 1, 1, fc=c, ec="grey") for c in PARTS.values()],
        PARTS,
        ncol=4,
        fontsize=8,
        frameon=False,
        loc="lower center",
        bbox_to_anchor=(0.5, -0.34),
    )
    figure.tight_layout()
    figure.savefig(path, dpi=130)


def _stack(axes, place, shares):
    """One column of volume fractions, from the space outside upwards."""
    below = np.concatenate([[0.0], np.cumsum(shares)[:-1]])
    colours = list(PARTS.values())
    axes.bar([place] * len(shares), shares, 0.6, below, color=colours, edgecolor="grey", lw=0.7)
    for bottom, share in zip(below, shares, strict=True):
        if share > 0.03:
            axes.text(place, bottom + share / 2, f"{share:.3g}", ha="center", va="center", size=8)


if __name__ == "__main__":
    draw(Path(__file__).parent / "pictures" / "packing.png")
