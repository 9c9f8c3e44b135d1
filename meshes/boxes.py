"""Intervals, rectangles, boxes and slices; the lower corner is the origin."""

from dataclasses import replace
from functools import partial

import numpy as np

from ecs_model.meshes import arguments, mesher
from ecs_model.meshes.refinement import graded_axis, refinements
from ecs_model.meshes.structured import even_axis, grid
from ecs_model.meshes.tags import SIDES, TISSUE, boundaries


def interval(length, cell, *, refine=()):
    """A line of `length` [m] along x: region "tissue", boundaries "left" and "right".

    Args:
        length: in m.
        cell: wished size of the cells [m].
        refine: (point, radius, cell[, node]) tuples, in m; see `refinement`.
    """
    return interval_grid(length, cell, refine=refine).whole()


def interval_grid(length, cell, *, refine=()):
    """The Grid of an `interval`."""
    (length,) = arguments.lengths("length", length, 1)
    cell, refined = _checked((length,), cell, refine)
    return grid([graded_axis(length, cell, refined) if refined else even_axis(length, cell)])


def rectangle(size, cell, *, unstructured=False, refine=()):
    """A rectangle of `size` (2) [m]: region "tissue", boundaries "left", "right", "bottom", "top".

    Args:
        size: extents along x and y [m].
        cell: wished size of the cells [m].
        unstructured: let gmsh lay out the triangles; implied by `refine`.
        refine: (point, radius, cell[, node]) tuples, in m; see `refinement`.
    """
    made = rectangle_grid(size, cell, unstructured=unstructured, refine=refine)
    return made.whole() if made else _unstructured(size, cell, refine)


def rectangle_grid(size, cell, *, unstructured=False, refine=()):
    """The Grid of a `rectangle`; None for one that gmsh lays out."""
    return _cuboid(arguments.lengths("size", size, 2), cell, unstructured, refine)


def box(size, cell, *, unstructured=False, refine=()):
    """A box of `size` (3) [m]: region "tissue", one boundary per side.

    The boundaries are "left", "right" (x), "front", "back" (y), "bottom" and "top" (z).

    Args:
        size: extents along x, y and z [m].
        cell: wished size of the cells [m].
        unstructured: let gmsh lay out the tetrahedra; implied by `refine`.
        refine: (point, radius, cell[, node]) tuples, in m; see `refinement`.
    """
    made = box_grid(size, cell, unstructured=unstructured, refine=refine)
    return made.whole() if made else _unstructured(size, cell, refine)


def box_grid(size, cell, *, unstructured=False, refine=()):
    """The Grid of a `box`; None for one that gmsh lays out."""
    return _cuboid(arguments.lengths("size", size, 3), cell, unstructured, refine)


def slice_(size, thickness, cell, *, unstructured=False, refine=()):
    """A superfused slice: a flat box whose boundaries are "top", "bottom" and "sides".

    Args:
        size: extents along x and y [m].
        thickness: extent along z [m].
        cell: wished size of the cells [m].
        unstructured: let gmsh lay out the tetrahedra; implied by `refine`.
        refine: (point, radius, cell[, node]) tuples, in m; see `refinement`.
    """
    made = slice_grid(size, thickness, cell, unstructured=unstructured, refine=refine)
    if made:
        return made.whole()
    mesh = _unstructured((*size, thickness), cell, refine)
    flat = [mesh.boundaries[name] for name in ("bottom", "top")]
    names = boundaries("bottom", "top", "sides")
    tags = [names[name] for name in ("bottom", "top", "sides")]
    which = [mesh.facet_tags == tag for tag in flat]
    return replace(mesh, facet_tags=np.select(which, tags[:2], tags[2]), boundaries=names)


def slice_grid(size, thickness, cell, *, unstructured=False, refine=()):
    """The Grid of a `slice_`; None for one that gmsh lays out."""
    thickness = arguments.positive("thickness", thickness)
    size = (*arguments.lengths("size", size, 2), thickness)
    made = _cuboid(size, cell, unstructured, refine)
    names = boundaries("bottom", "top", "sides")
    return made and replace(
        made,
        boundaries=names,
        sides=tuple(name if name in names else "sides" for name in made.sides),
    )


def _checked(size, cell, refine):
    """The cell size [m] and the Refinements of a box of `size` [m]."""
    cell = arguments.cell_size(cell, min(size))
    arguments.countable(np.prod(size) / cell ** len(size))
    return cell, refinements(refine, len(size), cell, partial(_inside, size))


def _inside(size, point):
    return all(0 <= x <= extent for x, extent in zip(point, size, strict=True))


def _cuboid(size, cell, unstructured, refine):
    """The Grid of a checked box; None if gmsh has to lay it out."""
    cell, refined = _checked(size, cell, refine)
    if refined or unstructured:
        return None
    return grid([even_axis(extent, cell) for extent in size])


def _unstructured(size, cell, refine):
    cell, refined = _checked(size, cell, refine)
    dim = len(size)
    arguments.affordable(np.prod(size) / cell**dim)
    with mesher.session() as gmsh:
        add = gmsh.model.occ.addBox if dim == 3 else gmsh.model.occ.addRectangle
        body = (dim, add(0, 0, 0, *(extent / mesher.UM for extent in size)))
        mesher.embed(gmsh, body, refined)
        mesher.set_sizes(gmsh, cell, refined)
        regions = [mesher.Group("tissue", TISSUE["tissue"], (body[1],))]
        mesh = mesher.generate(gmsh, dim, regions, _sides(gmsh, body, size))
    mesher.require_nodes(mesh, refined)
    return mesh


def _sides(gmsh, body, size):
    """One Group of boundary entities per side of the box."""
    found: dict[str, list[int]] = {name: [] for pair in SIDES[len(size)] for name in pair}
    for entity in gmsh.model.getBoundary([body], oriented=False):
        centre = gmsh.model.occ.getCenterOfMass(*entity)
        found[_side(centre, size)].append(entity[1])
    tags = boundaries(*found)
    return [mesher.Group(name, tags[name], tuple(found[name])) for name in found]


def _side(centre, size):
    """Name of the side in which a boundary entity with this centre [um] lies."""
    position = [2 * centre[k] * mesher.UM / extent - 1 for k, extent in enumerate(size)]
    axis = int(np.argmax(np.abs(position)))
    return SIDES[len(size)][axis][position[axis] > 0]
