"""Lambda of lattices of convex cells beside the law of Tao & Nicholson (2004).

python docs/papers/tao_nicholson_2004.py    # docs/pictures/paper_tao_nicholson_2004.png, a minute
"""

from pathlib import Path

import numpy as np

from ecs_model import api
from ecs_model.postprocess import style, theme, titles

PICTURE = Path(__file__).parents[1] / "pictures" / "paper_tao_nicholson_2004.png"
TITLE = (
    "After Tao & Nicholson (2004), J Theor Biol 229, 59, doi:10.1016/j.jtbi.2004.03.003: "
    "tortuosity between convex cells that are uniformly spaced"
)
CELLS = {  # shape -> its name, alpha -> edge of elements [um] and refinements
    "cube": ("cubes", {0.1: (0.06, 0), 0.2: (0.1, 0), 0.3: (0.1, 0), 0.5: (0.2, 0), 0.7: (0.2, 0)}),
    "octahedron": ("truncated octahedra", {0.2: (0.3, 1), 0.4: (0.3, 1)}),
    "sphere": ("spheres", {0.6: (0.25, 1), 0.75: (0.3, 1), 0.9: (0.4, 1)}),
}


def tortuosity(shape, alpha, cell, levels):
    """Lambda of a lattice with a period of 10 um, and the alpha that its mesh has."""
    settings = {"period": "10 um", "alpha": alpha, "cell": f"{cell} um", "shape": shape}
    found = api.tortuosity(
        "lattice", [f"{k}={v}" for k, v in {**settings, "levels": levels}.items()]
    )
    return found.alpha, found.along["x"]


def law(alpha):
    """Lambda that they found for convex cells of any shape."""
    return np.sqrt((3 - alpha) / 2)


def points(shape):
    """Arrays alpha and lambda of a shape."""
    cases = CELLS[shape][1].items()
    return np.array([tortuosity(shape, a, cell, levels) for a, (cell, levels) in cases]).T


@style.styled
def figure(found):
    """Lambda over alpha: the law as a line, lattices as dots."""
    drawn = style.figure(3.2)
    axes = drawn.subplots()
    alpha = np.linspace(0, 1, 101)
    axes.plot(alpha, law(alpha), color=theme.now().dim, label=r"$\sqrt{(3 - \alpha)/2}$")
    for mark, (shape, (a, lam)) in zip("sho", found.items(), strict=True):
        axes.plot(a, lam, mark, ms=5, label=CELLS[shape][0])
    axes.set(xlabel=r"Volume fraction $\alpha$ of the space between cells", xlim=(0, 1))
    axes.set_ylabel(r"Tortuosity $\lambda$")
    axes.legend()
    return titles.put(drawn, TITLE)


def main():
    """Draw the picture."""
    style.save(figure({shape: points(shape) for shape in CELLS}), PICTURE)


if __name__ == "__main__":
    main()
