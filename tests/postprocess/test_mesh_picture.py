import imageio.v3 as imageio
import numpy as np
import pytest

from ecs_model import api
from ecs_model.errors import ConfigError
from ecs_model.meshes import box, interval, rectangle
from ecs_model.postprocess import mesh_picture, theme

MESHES = {
    "interval": interval(1e-3, 1e-4),
    "rectangle": rectangle((1e-3, 1e-3), 1e-4),
    "box": box((1e-3,) * 3, 2.5e-4),
}


@pytest.mark.parametrize("mesh", MESHES.values(), ids=MESHES)
def test_picture_shows_something(mesh, tmp_path):
    (path,) = mesh_picture.pictures(mesh, tmp_path / "a.vtu", "test")
    pixels = imageio.imread(path)[..., :3] / 255
    assert min(pixels.shape[:2]) > 400
    assert np.ptp(pixels) > 0.5
    assert (pixels.std(axis=2) > 0.05).mean() > 0.0005  # colour, not only black on white


def test_a_body_is_seen_whole_and_cut_open():
    views = [axes.images[0].get_array() for axes in mesh_picture.figure(MESHES["box"]).axes]
    drawn = [(view.std(axis=2) > 5).mean() for view in views]
    assert drawn[1] < drawn[0] < 2 * drawn[1]


def test_half_of_a_body_is_half_of_it():
    mesh = MESHES["box"]
    half = mesh_picture._half(mesh, np.array([0.0, -1.0, 0.0]))
    assert len(half.cells) == len(mesh.cells) / 2 and len(half.cell_tags) == len(half.cells)
    assert mesh.points[half.cells].mean(axis=1)[:, 1].min() > 0.5e-3


def test_figures_of_meshes_are_asked_for_as_others_are(tmp_path):
    said = api.mesh(
        "rectangle",
        ('size=["1 mm", "0.5 mm"]', 'cell="0.1 mm"'),
        tmp_path / "thin.vtu",
        formats=("pdf", "svg"),
        width=85.0,
        theme="dark",
    )
    made = {path.name for path in tmp_path.iterdir()}
    assert made == {"thin.vtu", "thin_dark.pdf", "thin_dark.svg"}
    assert all(name in said[-1] for name in made)
    text = (tmp_path / "thin_dark.svg").read_text()
    assert theme.DARK.paper in text and 'width="240.9' in text  # 85 mm in points
    assert b"FontFile2" in (tmp_path / "thin_dark.pdf").read_bytes()


def test_what_no_figure_has_is_refused_before_a_mesh_is_made(tmp_path):
    with pytest.raises(ConfigError, match="--width: found 5; "):
        api.mesh("interval", ('length="1 mm"', 'cell="1 nm"'), tmp_path / "a.vtu", width=5.0)
    assert not any(tmp_path.iterdir())
