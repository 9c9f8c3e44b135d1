"""Meshes of gmsh with their groups, of which meshio keeps one per element, or none."""

from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.meshes.elements import (
    KINDS,
    TAGS,
    dimension_of,
    highest_dimension,
    refuse_overlap,
)
from ecs_model.meshes.simplices import sort_rows


def load(path):
    """A gmsh mesh; elements in several groups, and groups without elements, are refused."""
    import meshio

    if b"$PartitionedEntities" in Path(path).read_bytes().partition(b"$Nodes")[0]:
        raise ConfigError(
            f"mesh {path}: is partitioned, and parts of gmsh 4.1 are not read; write it whole "
            "(gmsh -unpartition), the program parts it by itself"
        )
    with _groups_of_blocks() as groups:
        mesh = meshio.read(path)
    names = {(int(d), int(t)): f"'{n}'" for n, (t, d) in mesh.field_data.items()}
    dim = highest_dimension(mesh)
    _refuse_several(path, mesh, groups, names, dim)
    _refuse_repeated(path, mesh, names, dim)
    _refuse_empty(path, mesh, names)
    return mesh


def _refuse_several(path, mesh, groups, names, dim):
    """Refuse elements that gmsh 4.1 puts into several groups."""
    for block, tags in zip(mesh.cells, groups, strict=False):
        own = dimension_of(block.type)
        if own >= dim - 1 and len(tags) > 1:
            both = [names.get((own, int(t)), str(t)) for t in tags]
            refuse_overlap(path, own == dim, both, len(block.data))


def _refuse_empty(path, mesh, names):
    """Refuse groups of which none has an element."""
    tagged = mesh.cell_data.get(TAGS, [])
    if names and not any(np.any(values) for values in tagged):
        raise ConfigError(
            f"mesh {path}: names the groups {', '.join(names.values())}, but no element belongs to "
            "one; write it with Mesh.SaveAll = 0, or as gmsh 4.1"
        )


@contextmanager
def _groups_of_blocks():
    """A block in which meshio reads gmsh 4.1 with the groups of every block of elements.

    By itself it keeps the first group of an entity, and fails where entities have none. A group
    with a minus sign is the same group, in which the entity counts the other way round.
    """
    from meshio.gmsh import _gmsh41

    read, groups = _gmsh41._read_elements, []

    def reading(f, point_tags, physical, bounding, is_ascii, data_size, field_data):
        cells, data, _ = read(f, point_tags, None, None, is_ascii, data_size, {})
        groups.extend(_groups(cells, data.get("gmsh:geometrical", []), physical))
        first = zip(groups, cells, strict=True)
        data[TAGS] = [np.full(len(b.data), tags[0] if tags else 0) for tags, b in first]
        return cells, data, {}

    _gmsh41._read_elements = reading
    try:
        yield groups
    finally:
        _gmsh41._read_elements = read


def _groups(cells, geometrical, physical):
    """The groups of every block of elements, by those of the entity that it lies in."""
    entities = [int(tags[0]) if len(tags) else 0 for tags in geometrical]
    for block, entity in zip(cells, entities, strict=True):
        tags = physical[block.dim].get(entity, ()) if physical else ()
        signed = tags if tags is not None else ()
        yield list(dict.fromkeys(abs(int(t)) for t in signed))


def _refuse_repeated(path, mesh, names, dim):
    """Refuse elements that gmsh 2.2 writes once for each of their groups."""
    for of in (dim, dim - 1):
        blocks = [k for k, b in enumerate(mesh.cells) if b.type == KINDS[of]]
        if of < 0 or not blocks or TAGS not in mesh.cell_data:
            continue
        rows = np.concatenate([mesh.cells[k].data for k in blocks])
        tags = np.concatenate([np.asarray(mesh.cell_data[TAGS][k]) for k in blocks])
        order, repeated = sort_rows(rows)
        twice = np.flatnonzero(repeated & (tags[order] != np.roll(tags[order], 1)))
        if len(twice):
            both = {int(tags[order[k]]) for k in (twice[0] - 1, twice[0])}
            shown = [names.get((of, t), str(t)) for t in sorted(both)]
            refuse_overlap(path, of == dim, shown, len(twice))
