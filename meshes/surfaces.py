"""Cortical surfaces: white and pial, matched vertex by vertex."""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.meshes import arguments, surface_space
from ecs_model.meshes.simplices import sort_rows, unique_edges
from ecs_model.quantities import length_text, point_text
from ecs_model.units import factor

BUILT_IN = ("S1", "fsaverage5")
HEMISPHERES = ("left", "right")
SPACES = ("file", "scanner")
_DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Surfaces:
    """White and pial surface with the same triangles, turning right seen from outside."""

    white: np.ndarray  # (n, 3) [m]
    pial: np.ndarray  # (n, 3) [m]
    triangles: np.ndarray  # (t, 3)

    @property
    def middle(self):
        """Points (n, 3) [m] half way between white and pial."""
        return (self.white + self.pial) / 2

    @property
    def thickness(self):
        """Distance [m] between white and pial at every vertex."""
        return np.linalg.norm(self.pial - self.white, axis=1)


def built_in(surface, hemisphere):
    """Surfaces that come with the package: "S1" or "fsaverage5", "left" or "right".

    The files hold differences of integers, which compress well: vertices and the first vertex of
    every triangle against the one before, the others against the first.
    """
    arguments.one_of("surface", surface, BUILT_IN)
    arguments.one_of("hemisphere", hemisphere, HEMISPHERES)
    with np.load(_DATA / f"{surface}_{hemisphere}.npz") as stored:
        white = np.cumsum(stored["white"].T, axis=0, dtype=np.int64)
        pial = white + stored["across"].T
        first, second, third = stored["triangles"].astype(np.int64)
        resolution = float(stored["resolution"])
    first = np.cumsum(first)
    triangles = np.stack([first, first + second, first + third], axis=1)
    return Surfaces(white * resolution, pial * resolution, triangles)


def from_files(white, pial, unit="mm", space="file"):
    """Surfaces in two GIFTI (.gii, .gii.gz) or FreeSurfer (lh.white, lh.pial) files.

    Args:
        white: path of the surface between grey and white matter.
        pial: path of the outer surface, with the same vertices and triangles.
        unit: of the coordinates in the files.
        space: "file" for coordinates as they are, "scanner" for those of the scanner, where images
            lie; the files have to tell where that is.
    """
    arguments.one_of("space", space, SPACES)
    inner, triangles = _load(white, space)
    outer, others = _load(pial, space)
    if inner.shape != outer.shape or not np.array_equal(triangles, others):
        raise ConfigError(
            f"{white} ({len(inner)} vertices, {len(triangles)} triangles) and {pial} ({len(outer)} "
            f"vertices, {len(others)} triangles) are not matched; give two surfaces of the same "
            "subject and hemisphere with the same triangles"
        )
    return Surfaces(inner * factor(unit), outer * factor(unit), triangles)


def _load(path, space):
    """Vertices (n, 3) and triangles (t, 3) of one surface file."""
    import nibabel  # whose import other meshes need not wait for

    if not Path(path).is_file():
        raise ConfigError(f"surface {path}: no such file")
    try:
        if str(path).endswith((".gii", ".gii.gz")):
            image = nibabel.gifti.GiftiImage.from_filename(path)
            vertices, triangles = image.agg_data(("pointset", "triangle"))
            place = functools.partial(surface_space.of_gifti, _points_of(image))
        else:
            vertices, triangles, info = nibabel.freesurfer.read_geometry(path, read_metadata=True)
            place = functools.partial(surface_space.of_freesurfer, info)
        vertices = np.asarray(vertices, float).reshape(-1, 3)
        triangles = np.asarray(triangles, np.int64).reshape(-1, 3)
        return (_moved(vertices, place(path)) if space == "scanner" else vertices), triangles
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(
            f"surface {path}: not a readable GIFTI or FreeSurfer surface ({error}); "
            "give a .gii, .gii.gz or lh.white-like file"
        ) from error


def _points_of(image):
    return image.get_arrays_from_intent("NIFTI_INTENT_POINTSET")[0]


def _moved(points, matrix):
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def keep(surfaces, wanted):
    """The surfaces with only the triangles in the mask `wanted`, and the vertices these use."""
    used, triangles = np.unique(surfaces.triangles[wanted], return_inverse=True)
    return Surfaces(surfaces.white[used], surfaces.pial[used], triangles.reshape(-1, 3))


def subdivide(surfaces):
    """The surfaces with every triangle cut into four at the middles of its edges."""
    edges, numbers = _numbered_edges(surfaces.triangles)
    a, b, c = surfaces.triangles.T
    ab, bc, ca = len(surfaces.white) + numbers
    quarters = ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))
    triangles = np.stack([np.stack(q, axis=1) for q in quarters], axis=1).reshape(-1, 3)
    white, pial = (
        np.concatenate([points, points[edges].mean(axis=1)])
        for points in (surfaces.white, surfaces.pial)
    )
    return Surfaces(white, pial, triangles)


def _numbered_edges(triangles):
    """The edges (e, 2), and the number of the edges ab, bc and ca of every triangle (3, t)."""
    rows = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    order, repeated = sort_rows(rows)
    numbers = np.empty(len(rows), np.int64)
    numbers[order] = np.cumsum(~repeated) - 1
    return rows[order[~repeated]], numbers.reshape(3, -1)


def patch(surfaces, centre, radius):
    """The part of the surfaces within a geodesic `radius` [m] of the vertex nearest to `centre`."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import dijkstra

    middle, edges = surfaces.middle, unique_edges(surfaces.triangles)
    start = _nearest(middle, centre, radius)
    a, b = edges.T
    lengths = coo_matrix((np.linalg.norm(middle[a] - middle[b], axis=1), (a, b)), [len(middle)] * 2)
    distance = dijkstra(lengths.tocsr(), directed=False, indices=start, limit=radius)
    wanted = (distance[surfaces.triangles] <= radius).all(axis=1)
    if not wanted.any():
        raise ConfigError(
            f"radius: {length_text(radius)} is too small to hold a triangle; vertices there "
            f"are about {length_text(edge_length(surfaces))} apart"
        )
    return keep(surfaces, wanted)


def _nearest(middle, centre, radius):
    distance = np.linalg.norm(middle - centre, axis=1)
    if distance.min() > radius:
        raise ConfigError(
            f"centre: {point_text(centre)} lies {length_text(distance.min())} away from the "
            f"cortex, more than the radius of {length_text(radius)}; choose a point on the cortex"
        )
    return int(distance.argmin())


def crown(surfaces):
    """The topmost point (3,) [m] of the mid-surface under the pial surface: a gyral crown."""
    return surfaces.middle[surfaces.pial[:, 2].argmax()]


def edge_length(surfaces):
    """Median length [m] of the edges of the mid-surface."""
    a, b = surfaces.middle[unique_edges(surfaces.triangles).T]
    return float(np.median(np.linalg.norm(a - b, axis=1)))


def largest_piece(triangles):
    """Which triangles belong to the largest piece that hangs together by edges."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    _, numbers = _numbered_edges(triangles)
    cells, t = np.tile(np.arange(len(triangles)), 3), len(triangles)
    links = coo_matrix(
        (np.ones(3 * t, bool), (cells, t + numbers.ravel())), [t + numbers.max() + 1] * 2
    )
    piece = connected_components(links, directed=False)[1][:t]
    return piece == np.bincount(piece).argmax()
