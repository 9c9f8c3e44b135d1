"""Discs and spheres around the origin, meshed by gmsh."""

import math

from ecs_model.meshes import arguments, mesher
from ecs_model.meshes.refinement import refinements
from ecs_model.meshes.tags import TISSUE, boundaries


def disc(radius, cell, *, refine=()):
    """A disc of `radius` [m]: region "tissue", boundary "outer".

    Args:
        radius: in m.
        cell: wished size of the cells [m].
        refine: (point, radius, cell[, node]) tuples, in m; see `refinement`.
    """
    return _ball(2, arguments.positive("radius", radius), cell, refine)


def sphere(radius, cell, *, refine=()):
    """A sphere of `radius` [m]: region "tissue", boundary "outer".

    Args:
        radius: in m.
        cell: wished size of the cells [m].
        refine: (point, radius, cell[, node]) tuples, in m; see `refinement`.
    """
    return _ball(3, arguments.positive("radius", radius), cell, refine)


def _ball(dim, radius, cell, refine):
    cell = arguments.cell_size(cell, radius)
    arguments.affordable((2 * radius / cell) ** dim)

    def inside(point):
        return math.hypot(*point) <= radius

    refined = refinements(refine, dim, cell, inside)
    with mesher.session() as gmsh:
        mesher.embed(gmsh, body := _body(gmsh, dim, radius / mesher.UM), refined)
        mesher.set_sizes(gmsh, cell, refined)
        outer = tuple(tag for _, tag in gmsh.model.getBoundary([body], oriented=False))
        mesh = mesher.generate(
            gmsh,
            dim,
            [mesher.Group("tissue", TISSUE["tissue"], (body[1],))],
            [mesher.Group("outer", boundaries("outer")["outer"], outer)],
        )
    mesher.require_nodes(mesh, refined)
    return mesh


def _body(gmsh, dim, radius):
    if dim == 2:
        return 2, gmsh.model.occ.addDisk(0, 0, 0, radius, radius)
    return 3, gmsh.model.occ.addSphere(0, 0, 0, radius)
