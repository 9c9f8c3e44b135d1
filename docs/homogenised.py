"""Writes homogenised.md and its picture: diffusion around every cell beside alpha and lambda.

python docs/homogenised.py          # about two minutes
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from ecs_model.meshes import lattice
from ecs_model.postprocess import style, theme

sys.path.insert(0, str(Path(__file__).parents[1]))

from docs.lattice_tissue import ALPHA, NEARLY_ALL, PERIOD, Tissue, bounds, tortuosity

HERE = Path(__file__).parent
DOTS = 25  # in a curve

HEAD = """\
# Homogenised or resolved

Tissue is computed here with two numbers for the space between cells: its volume fraction alpha
and its tortuosity lambda. What do they leave out? Below, the space between the cells of a
lattice is meshed and solved cell by cell, by the same program, beside the same tissue with
alpha and lambda. `python docs/homogenised.py` wrote this page and its picture; none of its
numbers is written by hand.

![A pulse of K+ and a flux through membranes, resolved and homogenised](pictures/homogenised.png)

## Tortuosity

`ecs-model tortuosity` solves the steady diffusion through a mesh of the space between cells, with
concentrations 0 and 1 on two sides of its box and no flux elsewhere, and says which lambda a tissue
of the same size would need. An eighth of a period is enough for shapes that have its symmetry; for
any other mesh, it is the tortuosity of the lattice that the box and its mirror images make.

<!-- run -->
```sh
ecs-model tortuosity lattice period="10 um" alpha=0.2 cell="0.4 um"
```

"""
LAW = """
Tao and Nicholson (2004) found by random walks that convex cells which fill space have lambda =
sqrt((3 - alpha)/2), whatever their shape. This is Maxwell's formula for dilute spheres, and the
limit of narrow gaps. In between it is not exact: values here are those of the finest mesh, in
parentheses the change from the mesh with edges twice as long.

| cells | alpha | lambda | law | beside the law |
|---|---|---|---|---|
"""
BOUNDS = """
Between cubes, the law is low by {cubes:.1%} at alpha 0.2, and by more than a percent at alpha
0.5. Two closed forms bound lambda^2 of cubes with edges s of the period: alpha (1 - s + s/(1 -
s^2)) if concentration were the same all over each plane across the flow, alpha/(1 - s^2) if
nothing left its line. At alpha 0.2 they are lambda {low:.4f} and {high:.4f}. An independent
solution by finite volumes gives 1.1914, see [Verification](verification.md).

Real tissue has lambda near 1.6. Convex cells in any arrangement do not explain that: what does,
dead ends, glial wraps, and what the water between cells holds, is in the measured lambda and
not in such a lattice.

"""
RUNS = """
## A pulse of K+, and a flux through membranes

{blocks} half periods of cubes, {length:.0f} um long, alpha {alpha}, {nodes:,} nodes, are an
ordinary run on a mesh of the space between the cells, with tortuosity 1. The homogenised tissue
is a line with alpha {alpha} and the lambda {tortuosity:.4f} of this mesh, which is coarser than
those above, so that only what homogenisation leaves out is seen. In the first, K+
rises by 20 mM/s for 1 s in the first 40 um. In the second, K+ leaves all cells through their
membranes, {flux:.3g} mol/m^2/s, and the left end is held at 3 mM; the homogenised tissue has
the source flux S/alpha, with S = {area:.4g} 1/m of membrane per volume.

| | largest difference | of a rise of | as a share |
|---|---|---|---|
{rows}

Differences are largest while the source acts and its edge is as steep as a cell is long, and
are below a thousandth soon after. Concentration changes over a cell as fast as it diffuses
around it, (10 um)^2/D* = 0.07 s: what is slower is homogenised. A spreading depolarization
rises in a second or more over 100 um and more; a synapse is not homogenised.

## A cell of your own

`shape` is a cube, a sphere or a truncated octahedron. `body` is any closed surface of triangles
that meshio reads (.stl, .ply, .vtu, .msh): it is scaled until alpha is what was asked for, and
its neighbours are its mirror images.

<!-- not run: it needs a surface of your own -->
```sh
ecs-model tortuosity lattice period="10 um" alpha=0.4 cell="0.5 um" body=cell.stl
ecs-model mesh lattice period="10 um" alpha=0.4 cell="0.5 um" body=cell.stl blocks=[20,1,1]
```

The mesh goes into a run as any other: `[mesh] generator = "lattice"` with the same settings,
`alpha = {nearly}` and `tortuosity = 1` in `[tissue]`, and `[[boundary]] on = "membrane"` for
what passes through cells. A mesh of real cells, from electron microscopy, can be read from a
file in the same way.
"""

SHAPES = (  # shape, alpha, cell [m], levels
    ("cube", 0.1, 0.06e-6, 0),
    ("cube", 0.2, 0.08e-6, 0),
    ("cube", 0.3, 0.1e-6, 0),
    ("cube", 0.5, 0.1e-6, 0),
    ("octahedron", 0.2, 0.3e-6, 2),
    ("sphere", 0.6, 0.25e-6, 2),
    ("sphere", 0.9, 0.4e-6, 2),
)


def shape_row(shape, alpha, cell, levels):
    """A row of the table of tortuosities, and the tortuosity."""
    coarser = (2 * cell, 0) if levels == 0 else (cell, levels - 1)
    found = tortuosity(alpha, cell, shape, levels)
    value, law = found.along["x"], found.between_convex_cells
    change = abs(value - tortuosity(alpha, coarser[0], shape, coarser[1]).along["x"])
    name = {"cube": "cubes", "octahedron": "truncated octahedra", "sphere": "spheres"}[shape]
    row = f"| {name} | {found.alpha:.4g} | {value:.4f} ({change:.4f}) | {law:.4f} "
    return f"{row}| {value / law - 1:+.2%} |", value


def draw(courses, path):
    """The picture of Courses, by title."""
    figure = style.figure(2.8)
    axes = figure.subplots(1, len(courses))
    for beside, (title, course) in zip(axes, courses.items(), strict=True):
        for k, (place, colour) in enumerate(zip(course.places, theme.LIGHT.cycle, strict=False)):
            beside.plot(course.times, course.homogenised[k], color=colour, lw=1)
            some = slice(None, None, len(course.times) // DOTS)
            label = f"{1e6 * place:.0f} µm"
            beside.plot(
                course.times[some], course.resolved[k, some], "o", ms=2.5, color=colour, label=label
            )
        beside.set(xlabel="Time [s]", title=title)
        beside.legend(title="dots: cell by cell, lines: homogenised", title_fontsize=7)
    axes[0].set_ylabel("K$^+$ between cells [mM]")
    style.save(figure, path)


def course_row(name, course):
    """A row of the table of courses."""
    share = course.difference / course.rise
    return f"| {name} | {course.difference:.2g} mM | {course.rise:.3g} mM | {100 * share:.2g} % |"


def page(rows, cubes, tissue, pulse, flux):
    """The whole page as Markdown."""
    low, high = bounds(ALPHA)
    courses = {
        "pulse": pulse,
        "pulse, after 2 s": pulse.after(2),
        "flux through membranes": flux,
    }
    law = np.sqrt((3 - ALPHA) / 2)
    runs = RUNS.format(
        blocks=tissue.blocks,
        length=1e6 * tissue.length,
        alpha=ALPHA,
        nodes=len(lattice(PERIOD, tissue.cell, alpha=ALPHA, blocks=(tissue.blocks, 1, 1)).points),
        tortuosity=tissue.tortuosity(),
        flux=tissue.flux(),
        area=tissue.membrane(),
        rows="\n".join(course_row(*entry) for entry in courses.items()),
        nearly=NEARLY_ALL,
    )
    between = BOUNDS.format(cubes=cubes / law - 1, low=low, high=high)
    return HEAD + LAW.lstrip() + "\n".join(rows) + "\n" + between + runs.lstrip()


def main():
    """Write the page and its picture."""
    rows, values = zip(*(shape_row(*shape) for shape in SHAPES), strict=True)
    tissue = Tissue()
    with tempfile.TemporaryDirectory() as folder:
        pulse, flux = tissue.pulse(Path(folder)), tissue.membrane_flux(Path(folder))
    titles = {"A pulse of K$^+$": pulse, "A flux through membranes": flux}
    style.styled(draw)(titles, HERE / "pictures" / "homogenised.png")
    (HERE / "homogenised.md").write_text(page(rows, values[1], tissue, pulse, flux))


if __name__ == "__main__":
    main()
