"""Draws docs/pictures/cortex_sheet.png: K+ of the run `cortex_sheet`, and the cortex around it.

Usage: python docs/cortex.py RESULTS [TIME]

RESULTS is the directory of the run; TIME is in seconds, 72 by default.
"""

import sys
from pathlib import Path

import numpy as np
import pyvista
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from scipy.spatial import KDTree

from ecs_model.meshes import surfaces
from ecs_model.postprocess import labels, style
from ecs_model.postprocess.fields import load

CENTRE, AROUND = (-12.4e-3, -27.5e-3, 52.7e-3), 26e-3  # m: of the patch; of what is shown of S1
GREY, WHITE = "#d9bca6", "#f4eee4"
LIT = LinearSegmentedColormap.from_list(
    "lit", [GREY, "#d99a78", "#c8323c", "#f08a24", "#ffe9a0", "#ffffff"]
)
LIMITS = (0, 70)  # mM
PIXELS = (1300, 1000)
LIGHT = {"smooth_shading": True, "specular": 0.25, "specular_power": 20, "ambient": 0.15}


def draw(run, seconds, path):
    """Put the picture of a run at a time into `path`."""
    fields = load(run)
    index = int(np.abs(fields.times - seconds).argmin())
    image = scene(fields, fields.at("K_o", index))
    with style.as_wide_as(None):
        figure = style.figure(4.9, width=5.4, layout="compressed")
        axes = figure.subplots()
        axes.imshow(image)
        axes.set_axis_off()
        axes.set_title(labels.time_text(fields.times[index]))
        colours = ScalarMappable(Normalize(*LIMITS), LIT)
        style.colour_bar(figure, colours, "K_o", fields.label("K_o"), ax=axes, shrink=0.6)
        style.save(figure, path)


def scene(fields, values):
    """Picture (rows, columns, 3) of a field on the patch, and the cortex around it."""
    around = surfaces.patch(surfaces.built_in("S1", "left"), np.array(CENTRE), AROUND)
    middle, patch = body(1e3 * around.middle, around.triangles), body(fields.points, fields.cells)
    patch.point_data["Normals"] = patch.sample(middle, tolerance=1e-2)["Normals"]
    patch.point_data["K"] = values
    plotter = pyvista.Plotter(off_screen=True, window_size=PIXELS, lighting="three lights")
    plotter.set_background("white")
    plotter.enable_anti_aliasing("ssaa")
    plotter.add_mesh(body(1e3 * around.white, around.triangles), color=WHITE, **LIGHT)
    plotter.add_mesh(beyond(middle, patch), color=GREY, **LIGHT)
    plotter.add_mesh(patch, scalars="K", cmap=LIT, clim=LIMITS, show_scalar_bar=False, **LIGHT)
    centre = (fields.points.min(axis=0) + fields.points.max(axis=0)) / 2
    plotter.camera_position = centre + np.array([10.0, -34.0, 46.0]), centre, (0.0, 1.0, 0.3)
    image = np.asarray(plotter.screenshot(return_img=True))
    rows, columns = (np.flatnonzero((image < 255).any(axis=2).any(axis=k)) for k in (1, 0))
    return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def body(points, triangles):
    """A smooth surface [mm], with normals at its nodes."""
    made = pyvista.PolyData.from_regular_faces(points, triangles)
    return made.compute_normals(cell_normals=False, split_vertices=False, consistent_normals=True)


def beyond(middle, patch):
    """The triangles of the middle surface that are not those of the patch."""
    gaps = KDTree(patch.cell_centers().points).query(middle.cell_centers().points)[0]
    return middle.extract_cells(gaps > 0.15).extract_surface(algorithm="dataset_surface")


if __name__ == "__main__":
    at = float((sys.argv[2:] or ["72"])[0])
    draw(sys.argv[1], at, Path(__file__).parent / "pictures" / "cortex_sheet.png")
