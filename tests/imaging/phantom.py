"""A scan whose truth is known: NIfTI maps and a mesh of a curved piece of two-layered tissue.

The body is a cap of a spherical shell, white matter inside, grey matter outside, a lesion in both.
Everything is known at any point of the world (scanner RAS, mm): `alpha`, `direction`, `label`. The
voxel grid is oblique and its voxels have three different sizes.

    alpha.nii.gz          volume fraction, 0 outside of the tissue
    labels.nii.gz         2 white matter, 3 grey matter, 25 lesion (numbers of FreeSurfer's table)
    v1_world.nii.gz       fibre direction, world axes; signs are arbitrary
    v1_fsl.nii.gz         the same in FSL's axes: those of the voxels, the first reversed if det > 0
    v1_voxel.nii.gz       the same along the voxels, as DIPY has it
    tensor_ORDER.nii.gz   tensors [mm^2/s] in the orders of `image_tensors`; 3 % are not positive
    body.vtu              tetrahedra in mm of the world; cell tags 1 white, 2 grey
    names.txt             a table of the labels
"""

from dataclasses import dataclass
from pathlib import Path

import gmsh
import meshio
import nibabel
import numpy as np

SHAPE, ZOOMS = (40, 36, 30), np.array([0.6, 0.7, 0.9])  # voxels; their sizes [mm]
CENTRE = np.array([-31.0, 22.0, 47.0])  # of the sphere [mm]
RADII = (6.0, 9.0, 12.0)  # inside of white, border, outside of grey [mm]
HALF_ANGLE = np.radians(38.0)  # of the cap
LESION = (np.array([2.0, 1.5, 8.6]), 1.8)  # centre in the body's own axes, radius [mm]
EIGENVALUES = np.array([1.5e-3, 0.45e-3, 0.35e-3])  # of every tensor [mm^2/s]
WHITE, GREY, INJURED = 2, 3, 25
ORDERS = {
    "fsl": "xx xy xz yy yz zz",
    "mrtrix": "xx yy zz xy xz yz",
    "nifti": "xx xy yy xz yz zz",
}
VECTORS = ("world", "fsl", "voxel")  # axes that directions are written in
AXES = {"fsl": "fsl", "mrtrix": "world", "nifti": "voxel"}  # in which each order is written


def rotation(axis, degrees):
    """Rotation matrix about an axis."""
    k = np.asarray(axis, float) / np.linalg.norm(axis)
    cross = np.array([[0, -k[2], k[1]], [k[2], 0, -k[0]], [-k[1], k[0], 0]])
    a = np.radians(degrees)
    return np.eye(3) + np.sin(a) * cross + (1 - np.cos(a)) * cross @ cross


BODY = rotation([1.0, -2.0, 0.5], 40.0)  # columns: axes of the body in the world
OBLIQUE = rotation([0.3, 1.0, -0.6], 23.0)
SIGNS = {"ras": (1, 1, 1), "las": (-1, 1, 1), "lps": (-1, -1, 1)}  # of the voxel axes


def own(points):
    """Points in the body's own axes, and their distance from its centre."""
    q = (np.asarray(points, float) - CENTRE) @ BODY
    return q, np.linalg.norm(q, axis=-1)


def depth(points):
    """Signed distance [mm] to the body's surface (negative outside) and to the nearest border."""
    q, r = own(points)
    side = r * np.sin(np.clip(HALF_ANGLE - np.arccos(np.clip(q[..., 2] / r, -1, 1)), -1.5, 1.5))
    surface = np.minimum(np.minimum(r - RADII[0], RADII[2] - r), side)
    lesion = np.abs(np.linalg.norm(q - LESION[0], axis=-1) - LESION[1])
    return surface, np.minimum(np.abs(surface), np.minimum(np.abs(r - RADII[1]), lesion))


def alpha(points):
    """Volume fraction: smooth, also across the border and into the lesion."""
    q, r = own(points)
    far = np.sum((q - LESION[0]) ** 2, axis=-1)
    return 0.19 + 0.02 * np.sin(0.5 * q[..., 0]) + 0.006 * (r - 8.0) - 0.07 * np.exp(-far / 9.0)


def direction(points):
    """Unit vectors: along columns (radial) in grey matter, around the body's axis in white."""
    q, r = own(points)
    around = np.stack([-q[..., 1], q[..., 0], 0.4 * r], axis=-1)
    along = np.where((r > RADII[1])[..., None], q, around)
    return along / np.linalg.norm(along, axis=-1, keepdims=True) @ BODY.T


def label(points):
    """Number of the tissue, 0 outside."""
    q, r = own(points)
    inside = np.linalg.norm(q - LESION[0], axis=-1) < LESION[1]
    tissue = np.where(inside, INJURED, np.where(r > RADII[1], GREY, WHITE))
    return np.where(depth(points)[0] > 0, tissue, 0)


@dataclass(frozen=True)
class Scan:
    """A scan of the body in a folder, with its voxels along some axes."""

    folder: Path
    affine: np.ndarray

    @classmethod
    def along(cls, folder, axes="lps"):
        """A Scan whose voxel axes run as SIGNS says, not written yet."""
        affine = np.eye(4)
        affine[:3, :3] = OBLIQUE @ np.diag(SIGNS[axes]) * ZOOMS
        middle = CENTRE + BODY @ [0.0, 0.0, 8.4]
        affine[:3, 3] = middle - affine[:3, :3] @ ((np.array(SHAPE) - 1) / 2)
        return cls(Path(folder), affine)

    def write(self):
        """Write all images."""
        self.folder.mkdir(parents=True, exist_ok=True)
        ijk = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), axis=-1)
        world = ijk @ self.affine[:3, :3].T + self.affine[:3, 3]
        inside = depth(world)[0] > 0
        random = np.random.default_rng(1)
        v = direction(world) * random.choice([-1.0, 1.0], SHAPE)[..., None] * inside[..., None]
        tensors = _tensors(direction(world), random) * inside[..., None, None]
        self.save("alpha", (alpha(world) * inside).astype(np.float32))
        self.save("labels", label(world).astype(np.int16))
        for axes in VECTORS:
            self.save(f"v1_{axes}", (v @ self._turn(axes)).astype(np.float32))
        for order, text in ORDERS.items():
            turn = self._turn(AXES[order])
            self.save(f"tensor_{order}", _six(turn.T @ tensors @ turn, text))
        names = "# number name\n2 white 245 245 245 0\n3 grey 205 62 78 0\n25 lesion 255 165 0 0\n"
        (self.folder / "names.txt").write_text(names)
        return self

    def _turn(self, axes):
        """From some axes to the world."""
        grid = self.affine[:3, :3] / ZOOMS
        if axes == "world":
            return np.eye(3)
        first = -np.sign(np.linalg.det(grid)) if axes == "fsl" else 1.0
        return grid @ np.diag([first, 1.0, 1.0])

    def save(self, name, data, codes=(1, 1), unit="mm"):
        """Write one image, with the codes of sform and qform, and the unit of lengths."""
        image = nibabel.Nifti1Image(data, self.affine)
        image.set_sform(self.affine, codes[0])
        image.set_qform(self.affine, codes[1])
        image.header.set_xyzt_units(unit)
        nibabel.save(image, self.folder / f"{name}.nii.gz")


def _tensors(v, random):
    """Diffusion tensors with `v` first; in 3 % of the voxels the last eigenvalue is negative."""
    other = np.cross(v, BODY[:, 0] + 0.1)
    other /= np.linalg.norm(other, axis=-1, keepdims=True)
    vectors = np.stack([v, other, np.cross(v, other)], axis=-1)
    values = np.broadcast_to(EIGENVALUES, v.shape).copy()
    values[..., 2][random.random(SHAPE) < 0.03] = -0.1e-3
    return np.einsum("...ik,...k,...jk->...ij", vectors, values, vectors)


def _six(tensors, order):
    pairs = [("xyz".index(a), "xyz".index(b)) for a, b in order.split()]
    return np.stack([tensors[..., i, j] for i, j in pairs], axis=-1).astype(np.float32)


def write_mesh(path, size=0.5):
    """Tetrahedra of the body in the world [mm]."""
    gmsh.initialize()
    gmsh.option.setNumber("General.Terminal", 0)
    occ = gmsh.model.occ
    balls = [occ.addSphere(0, 0, 0, r) for r in RADII]
    reach = 1.2 * RADII[2]
    cone = occ.addCone(0, 0, 0, 0, 0, reach, 0, reach * np.tan(HALF_ANGLE))
    shells = [occ.cut([(3, balls[k + 1])], [(3, balls[k])], removeTool=False)[0] for k in (1, 0)]
    parts, _ = occ.fragment(*[occ.intersect(s, [(3, cone)], removeTool=False)[0] for s in shells])
    place = np.eye(4)
    place[:3, :3], place[:3, 3] = BODY, CENTRE
    occ.affineTransform(parts, place.ravel())
    occ.remove([e for e in occ.getEntities(3) if e not in parts], recursive=True)
    occ.synchronize()
    white, grey = sorted((v for _, v in parts), key=lambda v: occ.getMass(3, v))
    gmsh.model.addPhysicalGroup(3, [white], 1, "white")
    gmsh.model.addPhysicalGroup(3, [grey], 2, "grey")
    gmsh.option.setNumber("Mesh.MeshSizeMax", size)
    gmsh.model.mesh.generate(3)
    written = str(Path(path).with_suffix(".msh"))
    gmsh.write(written)
    gmsh.finalize()
    mesh = meshio.read(written)
    cells = np.concatenate([c.data for c in mesh.cells if c.type == "tetra"])
    used, cells = np.unique(cells, return_inverse=True)
    meshio.Mesh(mesh.points[used], [("tetra", cells.reshape(-1, 4))]).write(path)
