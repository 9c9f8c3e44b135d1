import numpy as np
import pytest
from matplotlib.image import imread

from ecs_model.meshes import box, interval, rectangle
from ecs_model.meshes.picture import picture


@pytest.mark.parametrize(
    "mesh",
    [interval(1e-3, 1e-4), rectangle((1e-3, 1e-3), 1e-4), box((1e-3,) * 3, 2.5e-4)],
    ids=["interval", "rectangle", "box"],
)
def test_picture_shows_something(mesh, tmp_path):
    picture(mesh, tmp_path / "a.png", "test")
    pixels = imread(tmp_path / "a.png")[..., :3]
    assert min(pixels.shape[:2]) > 400
    assert np.ptp(pixels) > 0.5
    assert (pixels.std(axis=2) > 0.05).mean() > 0.0005  # colour, not only black on white
