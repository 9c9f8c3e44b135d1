"""Pictures of meshes: regions in colour, axes in millimetres, drawn off the screen."""

from dataclasses import replace
from itertools import cycle

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.meshes.meshdata import volumes
from ecs_model.meshes.simplices import boundary_facets

_COLOURS = ("#d9a679", "#f2ead8", "#8fb3d9", "#b5d99c", "#d98fb3", "#c9b3e6")
_SIDES = ("#d9836f", "#7fa8cc", "#c9b58a", "#9bc18f", "#b79ccb", "#e0c068", "#9aa5ad")
_EDGE = "#40352b"
_BOUNDARY = ("#c0392b", "#2471a3", "#7d3c98", "#1e8449", "#b9770e", "#117a65", "#5d6d7e")
_SIZE = [1800, 900]  # pixels
_MM = 1e3


def picture(mesh, path, name="mesh"):
    """Put a PNG of the mesh into `path`: a plot in 1D and 2D, two views in 3D.

    Args:
        mesh: a MeshData.
        path: of the PNG file.
        name: title of the picture.
    """
    if not len(mesh.cells):
        raise ConfigError(f"picture {path}: the mesh has no cells; there is nothing to draw")
    title = f"{name}: {len(mesh.points):,} nodes, {len(mesh.cells):,} cells"
    {1: _line, 2: _plane, 3: _body}[mesh.points.shape[1]](mesh, path, title)


def _figure(shape=(9, 7.5)):
    """A figure and its axes that work without a display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(shape, dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _line(mesh, path, title):
    """Nodes on a line, and the length of the cells over it."""
    figure, axes = _figure((9, 4))
    x = np.sort(mesh.points[mesh.cells, 0], axis=1).T * _MM
    axes.plot(x.mean(axis=0), (x[1] - x[0]) * _MM, ".", color=_BOUNDARY[1], markersize=4)
    axes.plot(mesh.points[:, 0] * _MM, np.zeros(len(mesh.points)), "|", color=_EDGE, markersize=12)
    for end, tag in zip(mesh.facets[:, 0], mesh.facet_tags, strict=True):
        axes.annotate(
            _name(mesh.boundaries, tag),
            (mesh.points[end, 0] * _MM, 0),
            (0, 12),
            textcoords="offset points",
            ha="center",
            color=_BOUNDARY[0],
        )
    axes.set(xlabel="x [mm]", ylabel="length of the cells [um]", title=title)
    figure.savefig(path)


def _plane(mesh, path, title):
    """Triangles coloured by region, tagged facets coloured by boundary."""
    from matplotlib.collections import LineCollection, PolyCollection

    figure, axes = _figure()
    corners = mesh.points * _MM
    width = min(0.4, 60 / np.sqrt(len(mesh.cells)) / 4)
    for (region, tag), colour in zip(mesh.regions.items(), cycle(_COLOURS), strict=False):
        triangles = corners[mesh.cells[mesh.cell_tags == tag]]
        axes.add_collection(
            PolyCollection(
                triangles, facecolor=colour, edgecolor=_EDGE, linewidth=width, label=region
            )
        )
    for (boundary, tag), colour in zip(mesh.boundaries.items(), cycle(_BOUNDARY), strict=False):
        lines = corners[mesh.facets[mesh.facet_tags == tag]]
        axes.add_collection(LineCollection(lines, color=colour, linewidth=1.6, label=boundary))
    axes.autoscale_view()
    axes.set(aspect="equal", xlabel="[mm]", ylabel="[mm]", title=title)
    figure.legend(loc="outside right upper", frameon=False)
    figure.savefig(path)


def _name(names, tag):
    return next((name for name, number in names.items() if number == tag), str(tag))


def _body(mesh, path, title):
    """The boundaries of a body, and next to them the half behind a plane; or a surface's sides."""
    import pyvista

    whole = _inside(mesh) if mesh.is_surface else _outside(mesh)
    half, label = (mesh, "from behind") if mesh.is_surface else (_half(mesh), "cut open")

    with pyvista.vtk_verbosity("off"):
        plotter = pyvista.Plotter(off_screen=True, shape=(1, 2), window_size=_SIZE, border=False)
        _draw(plotter, whole, title)
        _look(plotter, mesh)
        plotter.subplot(0, 1)
        _draw(plotter, _inside(half), label)
        _look(plotter, mesh, -1 if mesh.is_surface else 1)
        plotter.screenshot(path)
        plotter.close()


def _outside(mesh):
    """(name, points [mm], triangles, colour) of every boundary, or of the body if it has none."""
    names = mesh.boundaries if len(mesh.facets) else {}
    for (name, tag), colour in zip(names.items(), cycle(_SIDES), strict=False):
        yield name, mesh.points * _MM, mesh.facets[mesh.facet_tags == tag], colour
    if not names:
        yield from _inside(mesh)


def _inside(mesh):
    """(name, points [mm], triangles, colour) of the surface of every region."""
    for (name, tag), colour in zip(mesh.regions.items(), cycle(_COLOURS), strict=False):
        cells = mesh.cells[mesh.cell_tags == tag]
        triangles = cells if mesh.is_surface else boundary_facets(cells)
        yield name, mesh.points * _MM, triangles, colour


def _half(mesh):
    """The cells behind the plane through the middle of the body, across its shorter side."""
    centres = mesh.points[mesh.cells].mean(axis=1)
    size = np.ptp(mesh.points, axis=0)
    axis = 1 if size[1] <= 1.5 * size[0] else 0
    behind = centres[:, axis] > np.average(centres[:, axis], weights=np.abs(volumes(mesh)))
    behind = behind if behind.any() else np.ones(len(centres), bool)
    return replace(mesh, cells=mesh.cells[behind], cell_tags=mesh.cell_tags[behind])


def _draw(plotter, parts, label):
    """Surfaces with the edges of their triangles, and a list of their names."""
    import pyvista

    parts = list(parts)
    for name, points, triangles, colour in parts:
        if len(triangles):
            plotter.add_mesh(
                pyvista.PolyData.from_regular_faces(points, triangles),
                color=colour,
                label=name,
                show_edges=True,
                edge_color=_EDGE,
                line_width=1,
                edge_opacity=float(np.clip(3_000 / len(triangles), 0.15, 0.6)),
                ambient=0.25,
            )
    plotter.add_text(label, position=(0.02, 0.94), viewport=True, font_size=13, color="black")
    for line, (name, _, _, colour) in enumerate(parts):
        place = (0.02, 0.89 - 0.04 * line)
        plotter.add_text(name, position=place, viewport=True, font_size=12, color=colour)


def _look(plotter, mesh, side=1):
    """Camera towards the body from the front, right and above; its box with a scale in mm.

    Args:
        plotter: that has been drawn to.
        mesh: a MeshData.
        side: -1 from behind, left and above.
    """
    low, high = mesh.points.min(axis=0) * _MM, mesh.points.max(axis=0) * _MM
    bounds = np.stack([low, high], axis=1).ravel()
    plotter.set_background("white")
    plotter.show_bounds(
        bounds=bounds,
        xtitle="x [mm]",
        ytitle="y [mm]",
        ztitle="z [mm]",
        font_size=16,
        color="black",
        location="outer",
        n_xlabels=3,
        n_ylabels=3,
        n_zlabels=3,
        fmt="%.3g",
    )
    plotter.view_vector((0.7 * side, -1.0 * side, 0.6), viewup=(0, 0, 1))
    plotter.reset_camera(bounds=bounds)
    plotter.camera.zoom(0.95)
