"""Bodies and surfaces as PyVista draws them without a display, one nodal field at a time."""

import numpy as np
import pyvista
from PIL import Image
from vtkmodules.vtkFiltersGeometry import vtkGeometryFilter

from ecs_model.postprocess import theme

_VTK_TYPES = {2: 3, 3: 5, 4: 10}  # nodes per cell: line, triangle, tetrahedron
_PIXELS = (900, 720)
_MARGIN = 1.06
_SAMPLES = 2  # of a pixel, along each of its sides: four cost a third of VTK's own sixteen
_LIGHT = {"ambient": 0.75, "diffuse": 0.3, "specular": 0.0}
_RELIEF = {"ambient": 0.6, "diffuse": 0.4, "specular": 0.25, "specular_power": 15}
_OPEN = 0.2  # mean of the normals of a surface, from which on it is seen from where they point


class Scene:
    """A mesh [mm] seen from a fixed direction without a display, coloured by one field at a time.

    Args:
        points: coordinates [mm], three columns.
        cells: triangles or tetrahedra.
        limits: least and greatest value of the colours.
        colour_map: a name that Matplotlib knows.
        pixels: greatest size of an image.
        margin: how many times larger than the mesh the picture is.
    """

    def __init__(self, points, cells, limits, colour_map, pixels=_PIXELS, margin=_MARGIN):
        self.grid = unstructured(points, cells)
        self.grid.point_data["node"] = np.arange(len(points))
        self.extent = np.ptp(points, axis=0)
        self.is_surface = cells.shape[1] == 3 and bool(self.extent[2])
        self.centre = (points.min(axis=0) + points.max(axis=0)) / 2
        self.right, self.up, self.towards, self.across = _view(self.extent)
        facing = _facing(points, cells) if self.is_surface else None
        self.faces = facing is not None
        if facing is not None:
            self.right, self.up, self.towards = facing
        width, height = self._seen_size()
        self.pixels = _fitting(pixels, width / height)
        self.height = margin * max(height, width * self.pixels[1] / self.pixels[0])
        self.body, self._skins = pyvista.PolyData(), {}
        self._colours = {"clim": limits, "cmap": colour_map, "nan_color": theme.now().never}
        self._light = _LIGHT if self.extent[2] else {"lighting": False}
        if self.is_surface:
            self._light = _RELIEF
        self.plotter = _window(self.pixels)
        self._place_camera()

    @property
    def width(self):
        """Width [mm] of what an image shows."""
        return self.height * self.pixels[0] / self.pixels[1]

    def draw(self, values, cut=False):
        """Colour the body by a nodal field, whole or behind the cut; nan is grey.

        Of a surface, which has no inside, the other side is seen instead of the cut.
        """
        if self.is_surface:
            self.look(-1 if cut else 1)
        inside = cut and not self.is_surface
        if inside not in self._skins:
            self._skins[inside] = self._near_plane() if inside else _surface(self.grid)
        skin = self._skins[inside]
        skin.point_data["values"] = values[skin.point_data["node"]]
        if inside:
            skin = _surface(skin.clip(normal=self.across, origin=self.centre))
        self.body.shallow_copy(skin)
        self.body.set_active_scalars("values")
        if "body" not in self.plotter.actors:
            self._add_body()

    def _near_plane(self):
        """The cells of which something is seen where the half before a plane is taken away."""
        distance = (self.grid.points - self.centre) @ self.across
        shown = distance > -1e-6 * np.abs(distance).max()  # on the plane, too
        shown[_surface(self.grid).point_data["node"]] = True
        cells = self.grid.cell_connectivity.reshape(self.grid.n_cells, -1)
        behind = (distance[cells] <= 0).any(axis=1)
        return self.grid.extract_cells(np.flatnonzero(behind & shown[cells].any(axis=1)))

    def image(self, transparent=False):
        """Picture (rows, columns, 3) of what was drawn, or (rows, columns, 4) without the paper."""
        self.plotter.render()
        how = {"transparent_background": transparent, "return_img": True}
        return np.asarray(Image.fromarray(self.plotter.screenshot(**how)).reduce(_SAMPLES))

    def close(self):
        """Give back the window."""
        self.plotter.close()

    def look(self, side):
        """Look at the scene from one side (1), or from the other (-1), from above both times."""
        turn, camera = np.array([side, side, 1.0]), self.plotter.camera
        if self.faces:
            turn = np.full(3, side)
        camera.position = self.centre + 4 * np.linalg.norm(self.extent) * turn * self.towards
        camera.up = self.up if self.faces else turn * self.up

    def _seen_size(self):
        corners = (np.array(list(np.ndindex(2, 2, 2))) - 0.5) * self.extent
        return np.ptp(corners @ self.right), np.ptp(corners @ self.up)

    def _add_body(self):
        fixed = {"name": "body", "show_scalar_bar": False, "reset_camera": False, "render": False}
        self.plotter.add_mesh(self.body, scalars="values", **self._colours, **self._light, **fixed)

    def _place_camera(self):
        camera = self.plotter.camera
        camera.parallel_projection = True
        camera.focal_point = self.centre
        self.look(1)
        camera.parallel_scale = self.height / 2
        if self.extent[2]:
            box = pyvista.Box(_bounds(self.centre, self.extent)).extract_all_edges()
            lines = {"color": theme.now().grey, "line_width": 1}
            self.plotter.add_mesh(box, reset_camera=False, render=False, **lines)
        self.plotter.renderer.reset_camera_clipping_range()


def unstructured(points, cells):
    """The PyVista grid of a mesh."""
    width = cells.shape[1]
    kinds = np.full(len(cells), _VTK_TYPES[width], np.uint8)
    counted = np.column_stack([np.full(len(cells), width), cells])
    return pyvista.UnstructuredGrid(counted.ravel(), kinds, np.asarray(points, float))


def _surface(grid):
    faces = vtkGeometryFilter()
    faces.SetInputData(grid)
    faces.Update()
    return pyvista.wrap(faces.GetOutput())


def _view(extent):
    """Unit vectors: to the right, up, towards the eye; and across the cut, towards the eye."""
    if extent[2] == 0:
        return np.array([1.0, 0, 0]), np.array([0, 1.0, 0]), np.array([0, 0, 1.0]), np.zeros(3)
    across = -np.eye(3)[1] if extent[1] <= 1.5 * extent[0] else np.eye(3)[0]
    towards = 1.6 * across + np.array([0.0, 0.0, 0.9])
    towards += 0.75 * np.abs(np.cross(across, [0, 0, 1.0])) * (1 if across[1] else -1)
    towards /= np.linalg.norm(towards)
    right = np.cross([0, 0, 1.0], towards)
    right /= np.linalg.norm(right)
    return right, np.cross(towards, right), towards, across


def _facing(points, cells):
    """Unit vectors to the right, up and towards the eye that faces a surface; None if it is closed.

    The eye is above it, if there is an above.
    """
    made = pyvista.PolyData.from_regular_faces(points, cells).compute_normals(
        point_normals=False, split_vertices=False, consistent_normals=True
    )
    sizes = made.compute_cell_sizes(length=False, volume=False)["Area"]
    towards = np.average(made["Normals"], axis=0, weights=sizes)
    length = np.linalg.norm(towards)
    if length < _OPEN:
        return None
    towards = towards / length * (1 if towards[2] >= 0 else -1)
    side = np.array([0.0, 0, 1.0]) if abs(towards[2]) < 0.9 else np.array([0.0, 1.0, 0])
    right = np.cross(side, towards)
    right /= np.linalg.norm(right)
    return right, np.cross(towards, right), towards


def _window(pixels):
    """A white window of an off-screen plotter, made without VTK's words on a missing display."""
    with pyvista.vtk_verbosity("off"):
        size = [_SAMPLES * n for n in pixels]
        plotter = pyvista.Plotter(off_screen=True, notebook=False, window_size=size)
        plotter.set_background(theme.now().paper)
        plotter.render_window.SetMultiSamples(0)
        plotter.render_window.SetDPI(_SAMPLES * plotter.render_window.GetDPI())
        plotter.show(auto_close=False)
    return plotter


def _fitting(pixels, aspect):
    """Even numbers of pixels inside `pixels` that suit a picture of width/height `aspect`."""
    width = min(pixels[0], max(pixels[1] * aspect, pixels[0] / 2))
    height = min(pixels[1], max(width / aspect, pixels[1] / 4))
    return int(width) // 16 * 16, int(height) // 16 * 16


def _bounds(centre, extent):
    return np.column_stack([centre - extent / 2, centre + extent / 2]).ravel()
