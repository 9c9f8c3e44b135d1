"""Meshes of Abaqus with their element sets, which meshio drops."""

import tempfile
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.meshes.elements import TAGS, dimension_of, highest_dimension, refuse_overlap


def load(path):
    """An Abaqus mesh whose element sets are its tags."""
    import meshio

    sections = list(_sections(path))
    mesh = _bare_abaqus(sections)
    sets, rows = _element_sets(path, sections, mesh)
    tags = _tags(path, sets, rows, mesh)
    dimensions = {
        name: dimension_of(mesh.cells[rows[ids[-1]][0]].type) for name, ids in sets.items() if ids
    }
    numbers = {name: tag for tag, name in enumerate(sets, 1)}
    field_data = {name: np.array([numbers[name], of]) for name, of in dimensions.items()}
    mesh.cell_data, mesh.cell_sets, mesh.field_data = {TAGS: tags}, {}, field_data
    return mesh if sets else meshio.Mesh(mesh.points, mesh.cells)


def _tags(path, sets, rows, mesh):
    """The tag of every element of every block; a set has the number of its place."""
    dim, names = highest_dimension(mesh), [f"'{name}'" for name in sets]
    tags = [np.zeros(len(b.data), int) for b in mesh.cells]
    for tag, (name, ids) in enumerate(sets.items(), 1):
        for i in ids:
            if i not in rows:
                raise ConfigError(
                    f"mesh {path}: the element set '{name}' names element {i}, which is not there"
                )
            block, row = rows[i]
            own = dimension_of(mesh.cells[block].type)
            if own >= dim - 1 and (other := tags[block][row]):
                refuse_overlap(path, own == dim, [names[other - 1], names[tag - 1]], 1)
            tags[block][row] = tag
    return tags


def _bare_abaqus(sections):
    """The meshio mesh of the nodes and elements, without sets, of which meshio reads few kinds."""
    import meshio

    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder, "bare.inp")
        with open(bare, "w") as file:
            for keyword, options, lines in sections:
                if keyword in ("NODE", "ELEMENT"):
                    kind = f", TYPE={options.get('TYPE', '')}" if keyword == "ELEMENT" else ""
                    file.write("\n".join([f"*{keyword}{kind}", *lines, ""]))
        return meshio.read(bare)


def _element_sets(path, sections, mesh):
    """Name -> numbers of elements; number of an element -> its block and row."""
    sets: dict[str, list[int]] = {}
    rows, block = {}, -1
    for keyword, options, lines in sections:
        numbers = [x.strip() for line in lines for x in line.split(",") if x.strip()]
        if keyword == "INCLUDE":
            raise ConfigError(f"mesh {path}: *INCLUDE is not followed; put the files into one")
        name = options.get("ELSET")
        if keyword == "ELEMENT":
            block += 1
            width = 1 + mesh.cells[block].data.shape[1]
            ids = [int(x) for x in numbers[::width]]
            rows |= {i: (block, row) for row, i in enumerate(ids)}
            if name:
                sets.setdefault(name, []).extend(ids)
        elif keyword == "ELSET" and name:
            sets.setdefault(name, []).extend(_members(numbers, "GENERATE" in options, sets))
    return {name: list(dict.fromkeys(ids)) for name, ids in sets.items()}, rows


def _members(entries, generate, sets):
    """Numbers of elements of a set: one by one, by other sets, or from, to and step."""
    if generate:
        first, last, step = (*map(int, entries[:3]), 1)[:3]
        return range(first, last + 1, step)
    found = []
    for entry in entries:
        found += [int(entry)] if entry.isdigit() else sets.get(entry, [])
    return found


def _sections(path):
    """Keyword, options and lines of every section of an Abaqus file."""
    keyword, options, lines = "", {}, []
    for line in Path(path).read_text(errors="replace").splitlines():
        if line.startswith("**") or not line.strip():
            continue
        if line.startswith("*"):
            yield keyword, options, lines
            first, *others = [part.strip() for part in line[1:].split(",")]
            pairs = (other.partition("=") for other in others)
            options = {key.strip().upper(): value.strip() for key, _, value in pairs}
            keyword, lines = first.upper(), []
        else:
            lines.append(line)
    yield keyword, options, lines
