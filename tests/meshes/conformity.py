import numpy as np

from ecs_model.meshes import meshdata, simplices


def require_conforming(mesh):
    """Inner facets belong to two cells, outer ones to one; all outer ones are tagged just once."""
    facets = np.sort(simplices.all_facets(mesh.cells), axis=1)
    unique, count = np.unique(facets, axis=0, return_counts=True)
    assert set(count) <= {1, 2}
    outer = {tuple(f) for f in unique[count == 1].tolist()}
    tagged = [tuple(f) for f in np.sort(mesh.facets, axis=1).tolist()]
    assert len(tagged) == len(set(tagged))
    assert outer <= set(tagged)
    assert set(tagged) <= {tuple(f) for f in unique.tolist()}


def require_sound(mesh):
    """The mesh passes the check, is positively oriented and conforming."""
    meshdata.check(mesh, "test")
    assert meshdata.volumes(mesh).min() > 0
    assert set(mesh.facet_tags) == set(mesh.boundaries.values())
    require_conforming(mesh)


def measure(mesh):
    """Length, area or volume of the whole mesh."""
    return meshdata.volumes(mesh).sum()


def boundary_measure(mesh, name):
    """Number, length or area of the facets of a boundary."""
    corners = mesh.points[mesh.facets[mesh.facet_tags == mesh.boundaries[name]]]
    if mesh.dim == 1:
        return len(corners)
    if mesh.dim == 2:
        return np.linalg.norm(corners[:, 1] - corners[:, 0], axis=1).sum()
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return np.linalg.norm(np.cross(a, b), axis=1).sum() / 2
