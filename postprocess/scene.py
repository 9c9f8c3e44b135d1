"""Bodies and surfaces as PyVista draws them without a display, one nodal field at a time."""

import numpy as np
import pyvista
from PIL import Image

from ecs_model.postprocess import theme

_MARGIN = 1.06
_SAMPLES = 2  # of a pixel, along each of its sides: four cost a third of VTK's own sixteen
_ABOVE = (0.1, 0.6, 1.0)  # where the light comes from: x to the right, y up, z to the eye
_LIGHT = {"ambient": 0.7, "diffuse": 0.3, "specular": 0.0}  # at most 1: colours are read
_RELIEF = {"ambient": 0.65, "diffuse": 0.35, "specular": 0.2, "specular_power": 15}


class Scene:
    """A Body seen without a display, coloured by one field at a time.

    Args:
        body: what is seen.
        limits: least and greatest value of the colours.
        colour_map: a name that Matplotlib knows.
        pixels: greatest size of an image.
        margin: how many times larger than the body the picture is.
    """

    def __init__(self, body, limits, colour_map, pixels, margin=_MARGIN):
        self.body, self.shown = body, pyvista.PolyData()
        width, height = body.seen
        self.pixels = _fitting(pixels, width / height)
        self.height = margin * max(height, width * self.pixels[1] / self.pixels[0])
        self._colours = {"clim": limits, "cmap": colour_map, "nan_color": theme.now().never}
        self._light = _LIGHT if body.extent[2] else {"lighting": False}
        if body.is_surface:
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
        if self.body.is_surface:
            self.look(-1 if cut else 1)
        self.shown.shallow_copy(self.body.coloured(values, cut and not self.body.is_surface))
        self.shown.set_active_scalars("values")
        if "body" not in self.plotter.actors:
            self._add_body()

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
        body, up = self.body, self.body.up
        if body.is_facing:
            turn = np.full(3, side)
        camera.position = body.centre + 4 * np.linalg.norm(body.extent) * turn * body.towards
        camera.up = up if body.is_facing else turn * up

    def _add_body(self):
        fixed = {"name": "body", "show_scalar_bar": False, "reset_camera": False, "render": False}
        self.plotter.add_mesh(self.shown, scalars="values", **self._colours, **self._light, **fixed)

    def _place_camera(self):
        camera = self.plotter.camera
        camera.parallel_projection = True
        camera.focal_point = self.body.centre
        self.look(1)
        camera.parallel_scale = self.height / 2
        if self.body.extent[2]:
            lines = {"color": theme.now().grey, "line_width": 1}
            self.plotter.add_mesh(self.body.edges, reset_camera=False, render=False, **lines)
        self.plotter.renderer.reset_camera_clipping_range()


def _window(pixels):
    """A white window of an off-screen plotter, made without VTK's words on a missing display."""
    with pyvista.vtk_verbosity("off"):
        size = [_SAMPLES * n for n in pixels]
        how = {"off_screen": True, "notebook": False, "lighting": "none"}
        plotter = pyvista.Plotter(window_size=size, **how)
        plotter.add_light(pyvista.Light(light_type="camera light", position=_ABOVE))
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
