"""Fields of tetrahedra in voxels: means, what comes first, on cells of one size beside voxels."""

from pathlib import Path

import numpy as np

from ecs_model.files.images import Image
from ecs_model.meshes import box
from ecs_model.postprocess.voxels import Voxels


def test_first_and_mean_of_a_field_that_grows_along_x():
    """In voxels of two cells the first is at their lower side, the mean in their middle."""
    mesh = box((4e-3, 2e-3, 2e-3), 1e-3)
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = 1.0
    image = Image(Path("none"), affine, (2, 1, 1), 1, None, "", None)
    voxels = Voxels(image, 1e3 * mesh.points, mesh.cells)
    x = 1e3 * mesh.points[:, 0]
    np.testing.assert_allclose(voxels.coverage.ravel(), [1.0, 1.0], atol=0.02)
    np.testing.assert_allclose(voxels.mean(x).ravel(), [1.0, 3.0], atol=0.05)
    np.testing.assert_allclose(voxels.earliest(x).ravel(), [0.0, 2.0], atol=1e-12)
    late = np.where(x < 1.5, np.nan, x)
    np.testing.assert_allclose(voxels.earliest(late).ravel()[1], 2.0, atol=1e-12)
