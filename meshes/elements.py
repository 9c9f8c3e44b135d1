"""Kinds of elements as meshio calls them, and elements that belong to several groups."""

from ecs_model.errors import ConfigError

TAGS = "gmsh:physical"
KINDS = ("vertex", "line", "triangle", "tetra")  # meshio's names of simplices, by dimension


def dimension_of(kind):
    """Dimension of simplices of a kind; -1 for other elements."""
    return KINDS.index(kind) if kind in KINDS else -1


def highest_dimension(mesh):
    """Dimension of the simplices of a meshio mesh; 0 if it has none."""
    return max((0, *(dimension_of(block.type) for block in mesh.cells)))


def refuse_overlap(path, are_cells, names, count):
    """Raise ConfigError for elements that belong to several groups, where one tag says one only.

    Args:
        path: of the mesh file.
        are_cells: whether they are elements of the tissue, not facets.
        names: of the groups.
        count: of the elements.
    """
    what = "elements of the tissue" if are_cells else "facets"
    raise ConfigError(
        f"mesh {path}: {count} {what} belong to more than one group, {' and '.join(names)}; give "
        "each to one group, and name several groups where several are meant"
    )
