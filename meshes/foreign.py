"""What meshio drops or cannot read: groups of gmsh, element sets of Abaqus, meshes of DOLFINx.

Each becomes a meshio mesh whose tags are whole; what one tag a cell cannot say is refused by name.
"""

import re
import tempfile
import xml.etree.ElementTree as xml
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.meshes.simplices import sort_rows

TAGS = "gmsh:physical"
KINDS = ("vertex", "line", "triangle", "tetra")  # meshio's names of simplices, by dimension
_TOPOLOGIES = {
    "polyvertex": 0, "polyline": 1, "interval": 1, "triangle": 2, "tetrahedron": 3,
}  # fmt: skip
_PIECES = 2  # a .vtu with this many has more than meshio reads


def load(path):
    """The meshio mesh in a file, with the tags that its groups and sets mean.

    Raises:
        ConfigError: for what the file holds but a mesh here cannot, by its name.
        Exception: whatever meshio raises for a file that is none.
    """
    import meshio

    suffix = Path(path).suffix.lower()
    if suffix == ".msh":
        return _gmsh(path)
    if suffix == ".inp":
        return _abaqus(path)
    if suffix == ".xdmf" and (grids := _dolfinx_grids(path)):
        return _of_grids(path, grids)
    if suffix == ".vtu":
        _refuse_pieces(path)
    return meshio.read(path)


def _refuse_pieces(path):
    head = Path(path).read_bytes().partition(b"<AppendedData")[0]
    count = len(re.findall(rb"<Piece\b", head))
    if count >= _PIECES:
        raise ConfigError(
            f"mesh {path}: holds {count} pieces, of which one could be read; merge them into one "
            "(ParaView: Clean to Grid) and save it again"
        )


def _gmsh(path):
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
    dim = max((KINDS.index(b.type) for b in mesh.cells if b.type in KINDS), default=0)
    for block, tags in zip(mesh.cells, groups, strict=False):
        own = KINDS.index(block.type) if block.type in KINDS else -1
        if own >= dim - 1 and len(tags) > 1:
            both = [names.get((own, int(t)), str(t)) for t in tags]
            _refuse_overlap(path, own == dim, both, len(block.data))
    _refuse_repeated(path, mesh, names, dim)
    tagged = mesh.cell_data.get(TAGS, [])
    if names and not any(np.any(values) for values in tagged):
        raise ConfigError(
            f"mesh {path}: names the groups {', '.join(names.values())}, but no element belongs to "
            "one; write it with Mesh.SaveAll = 0, or as gmsh 4.1"
        )
    return mesh


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
        entities = [int(tags[0]) if len(tags) else 0 for tags in data.get("gmsh:geometrical", [])]
        for block, entity in zip(cells, entities, strict=True):
            tags = physical[block.dim].get(entity, ()) if physical else ()
            signed = tags if tags is not None else ()
            groups.append(list(dict.fromkeys(abs(int(t)) for t in signed)))
        first = zip(groups, cells, strict=True)
        data[TAGS] = [np.full(len(b.data), tags[0] if tags else 0) for tags, b in first]
        return cells, data, {}

    _gmsh41._read_elements = reading
    try:
        yield groups
    finally:
        _gmsh41._read_elements = read


def _refuse_overlap(path, are_cells, names, count):
    what = "elements of the tissue" if are_cells else "facets"
    raise ConfigError(
        f"mesh {path}: {count} {what} belong to more than one group, {' and '.join(names)}; give "
        "each to one group, and name several groups where several are meant"
    )


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
            _refuse_overlap(path, of == dim, shown, len(twice))


def _abaqus(path):
    """An Abaqus mesh whose element sets are its tags."""
    import meshio

    sections = list(_sections(path))
    mesh = _bare_abaqus(sections)
    sets, rows = _element_sets(path, sections, mesh)
    dim = max((KINDS.index(b.type) for b in mesh.cells if b.type in KINDS), default=0)
    tags = [np.zeros(len(b.data), int) for b in mesh.cells]
    field_data = {}
    for tag, (name, ids) in enumerate(sets.items(), 1):
        for i in ids:
            if i not in rows:
                raise ConfigError(f"mesh {path}: the element set '{name}' names element {i}, which "
                                  "is not there")  # fmt: skip
            block, row = rows[i]
            own = KINDS.index(mesh.cells[block].type) if mesh.cells[block].type in KINDS else -1
            if own >= dim - 1 and (other := tags[block][row]):
                _refuse_overlap(path, own == dim, [f"'{list(sets)[other - 1]}'", f"'{name}'"], 1)
            tags[block][row] = tag
            field_data[name] = np.array([tag, own])
    mesh.cell_data, mesh.cell_sets, mesh.field_data = {TAGS: tags}, {}, field_data
    return mesh if sets else meshio.Mesh(mesh.points, mesh.cells)


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


def _dolfinx_grids(path):
    """The grids of an XDMF file that DOLFINx wrote with tags, or of lines; None for others."""
    try:
        root = xml.parse(path).getroot()
    except (xml.ParseError, UnicodeDecodeError):
        return None
    grids = root.findall("./Domain/Grid")
    kinds = [
        g.find("Topology").get("TopologyType", "") for g in grids if g.find("Topology") is not None
    ]
    if not grids or len(kinds) != len(grids) or grids[0].find("Geometry") is None:
        return None
    lines = kinds[0].lower() == "polyline"
    return grids if lines or len(grids) > 1 else None


def _of_grids(path, grids):
    """The mesh of the first grid, tagged by the others."""
    import meshio

    points, cells = _array(path, grids[0].find("Geometry")), _simplices(path, grids[0])
    dim = cells.shape[1] - 1
    blocks, tags, taken = [(KINDS[dim], cells)], [np.zeros(len(cells), int)], {}
    for grid in grids[1:]:
        name, rows = grid.get("Name", "tags"), _simplices(path, grid)
        of = rows.shape[1] - 1
        if of not in (dim, dim - 1):
            continue  # of edges or corners, to which nothing can be bound
        if of in taken:
            raise ConfigError(f"mesh {path}: two tags for the same dimension, '{taken[of]}' and "
                              f"'{name}'; write the one that counts")  # fmt: skip
        taken[of] = name
        values = _array(path, grid.find("Attribute")).ravel()
        if of == dim:
            tags[0] = _matched(path, name, cells, rows, values)
        else:
            blocks.append((KINDS[of], rows))
            tags.append(values)
    points = np.pad(points, ((0, 0), (0, 3 - points.shape[1])))
    return meshio.Mesh(points, blocks, cell_data={"tags": tags} if taken else {})


def _matched(path, name, cells, rows, values):
    """The tag of every cell, whose order in the tags may be another."""
    numbers = {tuple(row): k for k, row in enumerate(np.sort(cells, axis=1).tolist())}
    tags = np.zeros(len(cells), values.dtype)
    for row, value in zip(np.sort(rows, axis=1).tolist(), values, strict=True):
        if tuple(row) not in numbers:
            raise ConfigError(f"mesh {path}: '{name}' tags a cell with the nodes {row}, which the "
                              "mesh does not have")  # fmt: skip
        tags[numbers[tuple(row)]] = value
    return tags


def _simplices(path, grid):
    topology = grid.find("Topology")
    kind = topology.get("TopologyType", "").lower()
    if kind not in _TOPOLOGIES:
        raise ConfigError(f"mesh {path}: found cells of type {kind}; straight-sided tetrahedra, "
                          "triangles or intervals are needed")  # fmt: skip
    return _array(path, topology).reshape(-1, _TOPOLOGIES[kind] + 1).astype(np.int64)


def _array(path, element):
    """The numbers of the DataItem in an element, in the text or in an HDF5 file beside it."""
    import h5py

    item = element.find("DataItem")
    shape = [int(n) for n in item.get("Dimensions").split()]
    if item.get("Format", "XML").upper() == "HDF":
        file, _, inside = item.text.strip().partition(":")
        with h5py.File(Path(path).parent / file, "r") as stored:
            return np.asarray(stored[inside])
    return np.array(item.text.split(), float).reshape(shape)
