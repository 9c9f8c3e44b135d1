"""Tetrahedra of the tissues that an image labels, in the space of the scanner."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.files import images, label_names
from ecs_model.meshes import arguments, mesher, surface_nets, voxel_blocks
from ecs_model.meshes.meshdata import volumes
from ecs_model.quantities import length_text

OUTER, BETWEEN = "outer", "between"
BOUNDARIES = {OUTER: 1, BETWEEN: 2}
SMOOTHING = 10  # steps; volumes change by some thousandths, those of small lesions by 3 %
ERROR = 0.1  # of the volume of a region, beyond which it was not meshed as it is
M_TO_MM = 1e3
DELAUNAY = 1  # HXT, the usual one, left a whole brain empty, and did not say so


def from_labels(image, cell, *, label=None, names=None, smoothing=SMOOTHING):
    """Tetrahedra of the labels of a NIfTI or MGZ image, a region each, in scanner RAS.

    The boundaries are "outer" and "between" (borders of regions). Their triangles have the size of
    voxels, or, where `cell` holds two or more along an axis, of blocks of as many, see
    `voxel_blocks`; `levels` halves all edges. Islands, which share no face of a voxel with the
    body, are left out; the notes say how much they are.

    Args:
        image: path of the image.
        cell: wished edge length [m].
        label: labels that are tissue, numbers or names; None for all but 0.
        names: path of a table of labels, lines of number and name, after which regions are called.
        smoothing: how often borders are smoothed.

    Raises:
        ConfigError: if the image has no such labels, or a region cannot be meshed as it is.
    """
    try:
        return _made(image, cell, label, names, smoothing)
    except ConfigError as error:
        begins = str(error).startswith(("mesh.", "cell:", "smoothing:"))
        raise error if begins else ConfigError(f"mesh.image: {error}") from None


def _made(image, cell, label, names, smoothing):
    volume, cell = images.read(image), arguments.positive("cell", cell)
    smoothing = arguments.whole("smoothing", smoothing, 0)
    labels = _wanted(_whole(volume), volume.path, label, names)
    volume, labels = _in_blocks(volume, labels, cell, names)
    labels, left_out = _without_islands(labels, volume.path)
    arguments.affordable(_nodes(volume, labels, cell))
    parts, owners = _connected(labels)
    net = surface_nets.net(parts, smoothing)
    points = volume.world(net.points) / M_TO_MM
    called = _called(owners, names)
    with mesher.session() as gmsh:
        mesh = _mesh(gmsh, points, net, owners, called, cell)
    _compare(mesh, labels, volume, called)
    notes = {"volume_left_out": left_out * volume.voxel_volume / M_TO_MM**3}
    return replace(mesh, notes=notes)


def _whole(volume):
    return np.concatenate([images.as_labels(volume, part) for part in volume.parts()], axis=2)


def _wanted(labels, path, chosen, names):
    """The labels, 0 where none of the wanted ones is."""
    if chosen is not None:
        numbers = label_names.numbers(chosen, None if names is None else Path(names), "mesh.label")
        if missing := [n for n in numbers if not (labels == n).any()]:
            found = ", ".join(map(str, np.unique(labels)[:12]))
            raise ConfigError(f"{path}: no voxel has the label {missing[0]}; there are {found}")
        labels = np.where(np.isin(labels, numbers), labels, 0)
    if not labels.any():
        raise ConfigError(f"{path}: no voxel has a label that is not 0")
    return labels


def _in_blocks(volume, labels, cell, names):
    """An image and its labels in the largest voxels that cells of size `cell` [m] resolve.

    Raises:
        ConfigError: for a region that these would make larger or smaller.
    """
    counts = voxel_blocks.counts(volume, M_TO_MM * cell)
    if (counts == 1).all():
        return volume, labels
    blocks = voxel_blocks.joined(labels, counts)
    called = _called(np.unique(labels[labels != 0]).tolist(), names)
    share = np.prod(counts)
    changes = {
        name: share * np.isin(blocks, own).sum() / np.isin(labels, own).sum() - 1
        for name, own in _of_one_name(called).items()
    }
    if changed := [f"'{n}' by {c:+.0%}" for n, c in changes.items() if abs(c) > ERROR]:
        raise ConfigError(
            f"mesh.cell: in blocks of {' x '.join(map(str, counts))} voxels, which cells of "
            f"{length_text(cell)} resolve, regions change their volumes: {', '.join(changed)}; "
            "choose smaller cells"
        )
    return voxel_blocks.image(volume, counts), blocks


def _of_one_name(called):
    """Name of a region -> its labels, from label -> name."""
    return {name: [x for x in called if called[x] == name] for name in called.values()}


def _without_islands(labels, path):
    """The labels of the largest body, and how many voxels lie beside it."""
    from scipy import ndimage

    bodies, _ = ndimage.label(labels != 0)
    sizes = np.bincount(bodies.ravel())[1:]
    left_out = int(sizes.sum() - sizes.max())
    if left_out > ERROR * sizes.sum():
        raise ConfigError(
            f"{path}: tissue falls into {len(sizes)} pieces that share no face, the largest has "
            f"{sizes.max() / sizes.sum():.0%} of it; choose other labels, or mesh each by itself"
        )
    return np.where(bodies == 1 + sizes.argmax(), labels, 0), left_out


def _nodes(volume, labels, cell):
    """About how many nodes the mesh will have: one a voxel at borders, and those inside."""
    return np.count_nonzero(labels) * max(1.0, volume.voxel_volume / (cell * M_TO_MM) ** 3)


def _connected(labels):
    """Numbers of connected pieces, 0 for none, and the label of each, that of piece 1 first."""
    from scipy import ndimage

    parts, owners = np.zeros(labels.shape, int), []
    for label in np.unique(labels[labels != 0]):
        pieces, count = ndimage.label(labels == label)
        parts[pieces > 0] = pieces[pieces > 0] + len(owners)
        owners += [int(label)] * count
    return parts, owners


def _called(owners, names):
    """Label -> name of its region."""
    known = {} if names is None else label_names.read(Path(names))
    by_number = {number: name for name, some in known.items() for number in some}
    return {label: by_number.get(label, f"label_{label}") for label in sorted({*owners})}


def _mesh(gmsh, points, net, owners, called, cell):
    """The MeshData of the regions that a Net bounds."""
    surfaces = _surfaces(gmsh, points, net)
    geo, of_label = gmsh.model.geo, {}
    for piece, label in enumerate(owners, 1):
        around = [tag for pair, tag in surfaces.items() if piece in pair]
        of_label.setdefault(label, []).append(geo.addVolume([geo.addSurfaceLoop(around)]))
    geo.synchronize()
    mesher.set_sizes(gmsh, cell, [])
    gmsh.option.setNumber("Mesh.MeshSizeExtendFromBoundary", 1)
    gmsh.option.setNumber("Mesh.Algorithm3D", DELAUNAY)
    regions = [  # labels of one name are one region
        mesher.Group(name, k, tuple(v for x in own for v in of_label[x]))
        for k, (name, own) in enumerate(_of_one_name(called).items(), 1)
    ]
    kinds = {OUTER: [], BETWEEN: []}
    for pair, tag in surfaces.items():
        kinds[OUTER if 0 in pair else BETWEEN].append(tag)
    borders = [mesher.Group(k, BOUNDARIES[k], tuple(v)) for k, v in kinds.items() if v]
    return mesher.generate(gmsh, 3, regions, borders)


def _surfaces(gmsh, points, net):
    """Two pieces -> tag of the discrete surface between them."""
    pairs = np.sort(net.labels, axis=1)
    kinds, numbers = np.unique(pairs, axis=0, return_inverse=True)
    tags = [gmsh.model.addDiscreteEntity(2) for _ in kinds]
    nodes = np.arange(1, len(points) + 1)
    gmsh.model.mesh.addNodes(2, tags[0], nodes, (points / mesher.UM).ravel())
    for k, tag in enumerate(tags):
        triangles = net.triangles[numbers.ravel() == k] + 1
        gmsh.model.mesh.addElementsByType(tag, 2, [], triangles.ravel())
    return {tuple(map(int, kind)): tag for kind, tag in zip(kinds, tags, strict=True)}


def _compare(mesh, labels, volume, called):
    """Refuse a mesh whose regions are not as large as their voxels."""
    sizes = np.abs(volumes(mesh)) * M_TO_MM**3
    for name, own in _of_one_name(called).items():
        wanted = np.count_nonzero(np.isin(labels, own)) * volume.voxel_volume
        found = float(sizes[mesh.cell_tags == mesh.regions[name]].sum())
        if abs(found - wanted) > ERROR * wanted:
            raise ConfigError(
                f"{volume.path}: region '{name}' came out with {found:.4g} mm^3, its voxels have "
                f"{wanted:.4g}; smooth less, or leave labels of a few voxels out"
            )
