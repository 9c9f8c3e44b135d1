"""Figures of meshes: regions in colour, boundaries as lines or sides, lengths in millimetres."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ecs_model.errors import ConfigError
from ecs_model.meshes.meshdata import MeshData
from ecs_model.meshes.simplices import boundary_facets
from ecs_model.postprocess import labels, style, theme, titles

_REGIONS = ("#d9a679", "#f2ead8", "#8fb3d9", "#b5d99c", "#d98fb3", "#c9b3e6")
_SIDES = ("#d9836f", "#7fa8cc", "#c9b58a", "#9bc18f", "#b79ccb", "#e0c068", "#9aa5ad")
_EDGE = "#40352b"  # of cells: on all colours of regions, on either paper
_MM, _UM = 1e3, 1e6
_DRAWN = 20_000  # triangles that a page shows one by one; more are an image within it
_LIT = {"ambient": 0.65, "diffuse": 0.35, "specular": 0.0}
_PIXELS = (900, 720)  # of a body


def pictures(
    mesh: MeshData, path: Path, name: str = "mesh", formats: tuple[str, ...] = ("png",)
) -> list[Path]:
    """Paths of the figure of a mesh in every format.

    Args:
        mesh: what is drawn: a plot in 1D and 2D, two views in 3D.
        path: beside which the figures go: they take its stem.
        name: of the mesh, above the figure.
        formats: of png, pdf, svg.

    Raises:
        ConfigError: if the mesh has no cells, or a file cannot be written.
    """
    return style.save_all({path.stem: partial(figure, mesh, name)}, path.parent, formats)


def figure(mesh: MeshData, name: str = "mesh") -> Figure:
    """The figure of a mesh under its name, nodes and cells.

    Raises:
        ConfigError: if the mesh has no cells.
    """
    if not len(mesh.cells):
        raise ConfigError(f"picture of {name}: the mesh has no cells; there is nothing to draw")
    drawn = {1: _line, 2: _plane, 3: _body}[mesh.points.shape[1]](mesh)
    return titles.put(drawn, f"{name}: {len(mesh.points):,} nodes, {len(mesh.cells):,} cells")


@style.styled
def _line(mesh):
    """Nodes on a line, and the length of the cells over it."""
    fig = style.figure(2.6)
    axes = fig.subplots()
    x = np.sort(mesh.points[mesh.cells, 0], axis=1).T
    axes.plot(
        _MM * x.mean(axis=0), _UM * (x[1] - x[0]), ".", markersize=3, label="length of a cell"
    )
    nodes = _MM * mesh.points[:, 0]
    axes.plot(nodes, 0 * nodes, "|", color=theme.now().ink, markersize=9, label="node")
    axes.set(xlabel=f"Position [{labels.LENGTH}]", ylabel="Length of cells [µm]")
    marks = list(axes.get_legend_handles_labels()[0])
    style.legend_below(fig, [*marks, *_ends(axes, mesh)], columns=4)
    return fig


def _ends(axes, mesh):
    """Draw the ends of a line that are tagged; entries of the legend."""
    for (name, tag), colour in zip(mesh.boundaries.items(), _lines(), strict=False):
        ends = _MM * mesh.points[mesh.facets[mesh.facet_tags == tag].ravel(), 0]
        if len(ends):
            look = {"color": colour, "markersize": 6, "clip_on": False, "label": name}
            yield from axes.plot(ends, 0 * ends, "o", linestyle="", **look)


def _lines():
    """Colours of boundaries, without those of text."""
    return cycle(theme.now().cycle[1:6])


@style.styled
def _plane(mesh):
    """Triangles coloured by region, tagged facets coloured by boundary."""
    size = np.ptp(mesh.points, axis=0)
    fig = _figure(float(np.clip(size[1] / size[0], 0.12, 1.1)))
    axes, corners, marks = fig.subplots(), mesh.points * _MM, []
    for name, cells, colour in _regions(mesh):
        axes.add_collection(_triangles(corners[cells], colour, len(mesh.cells)))
        marks.append(Patch(facecolor=colour, edgecolor=_EDGE, linewidth=0.5, label=name))
    for (name, tag), colour in zip(mesh.boundaries.items(), _lines(), strict=False):
        edges = corners[mesh.facets[mesh.facet_tags == tag]]
        axes.add_collection(LineCollection(edges, color=colour, linewidth=1.8, clip_on=False))
        marks.append(Line2D([], [], color=colour, linewidth=1.8, label=name))
    axes.autoscale_view()
    axes.margins(0.01)
    axes.set(aspect="equal", xlabel=f"x [{labels.LENGTH}]", ylabel=f"y [{labels.LENGTH}]")
    style.legend_below(fig, marks, columns=4)
    return fig


def _figure(aspect):
    """An empty figure for what is so many times higher than wide, with room for words."""
    fig = style.figure(1.0, layout="compressed")
    fig.set_figheight(0.7 + aspect * fig.get_figwidth())
    return fig


def _regions(mesh) -> Iterator[tuple[str, np.ndarray, str]]:
    """(name, cells, colour) of every region that has cells."""
    for (name, tag), colour in zip(mesh.regions.items(), cycle(_REGIONS), strict=False):
        cells = mesh.cells[mesh.cell_tags == tag]
        if len(cells):
            yield name, cells, colour


def _triangles(corners, colour, count):
    """Triangles of one region; their edges are thinner where a mesh has many."""
    width = min(0.4, 15 / np.sqrt(count))
    look = {"facecolor": colour, "edgecolor": _EDGE, "linewidth": width}
    return PolyCollection(corners, rasterized=count > _DRAWN, **look)


@style.styled
def _body(mesh):
    """The boundaries of a body, and next to them the half behind a plane; or a surface's sides."""
    from ecs_model.postprocess import stills  # loads PyVista
    from ecs_model.postprocess.body import Body
    from ecs_model.postprocess.scene import Scene

    scene = Scene(Body(mesh.points * _MM, mesh.cells), (0.0, 1.0), "viridis", _PIXELS)
    fig = _figure(0.5 * scene.pixels[1] / scene.pixels[0])
    panels, marks = fig.subplots(1, 2), {}
    for axes, title, parts, side in zip(panels, *_views(mesh, scene), strict=True):
        marks |= _show(scene, list(parts), side)
        axes.imshow(scene.image(), extent=(0, scene.width, 0, scene.height))
        axes.set_axis_off()
        axes.set_title(title)
    stills.scale_bar(panels, scene)
    stills.axes_cross(panels[0], scene)
    scene.close()
    handles = [
        Patch(facecolor=c, edgecolor=_EDGE, linewidth=0.5, label=n) for n, c in marks.items()
    ]
    style.legend_below(fig, handles, columns=4)
    return fig


def _views(mesh, scene):
    """Titles, parts and sides of both views."""
    if mesh.is_surface:
        return ("one side", "the other side"), (_inside(mesh), _inside(mesh)), (1, -1)
    return ("whole", "cut open"), (_outside(mesh), _inside(_half(mesh, scene.body.across))), (1, 1)


def _outside(mesh):
    """(name, points [mm], triangles, colour) of every boundary, or of the body if it has none."""
    names = mesh.boundaries if len(mesh.facets) else {}
    for (name, tag), colour in zip(names.items(), cycle(_SIDES), strict=False):
        yield name, mesh.points * _MM, mesh.facets[mesh.facet_tags == tag], colour
    if not names:
        yield from _inside(mesh)


def _inside(mesh):
    """(name, points [mm], triangles, colour) of the surface of every region."""
    for name, cells, colour in _regions(mesh):
        triangles = cells if mesh.is_surface else boundary_facets(cells)
        yield name, mesh.points * _MM, triangles, colour


def _half(mesh, across):
    """The cells of a body behind the plane through its middle, which is across a direction."""
    places = mesh.points[mesh.cells].mean(axis=1) @ across
    middle = (mesh.points.min(axis=0) + mesh.points.max(axis=0)) @ across / 2
    behind = places < middle
    behind = behind if behind.any() else np.ones(len(places), bool)
    return replace(mesh, cells=mesh.cells[behind], cell_tags=mesh.cell_tags[behind])


def _show(
    scene, parts: Iterable[tuple[str, np.ndarray, np.ndarray, str]], side: int
) -> dict[str, str]:
    """Let a Scene show surfaces with the edges of their triangles; name -> colour of each."""
    import pyvista

    scene.look(side)
    for shown in [name for name in scene.plotter.actors if name.startswith("part ")]:
        scene.plotter.remove_actor(shown, reset_camera=False)
    for k, (_, points, triangles, colour) in enumerate(parts):
        surface = pyvista.PolyData.from_regular_faces(points, triangles)
        opacity = float(np.clip(3_000 / len(triangles), 0.15, 0.6))
        edges = {"show_edges": True, "edge_color": _EDGE, "edge_opacity": opacity}
        fixed = {"name": f"part {k}", "reset_camera": False, "render": False}
        scene.plotter.add_mesh(surface, color=colour, line_width=1, **edges, **_LIT, **fixed)
    return {name: colour for name, _, _, colour in parts}
