"""From [mesh] to arrays, whole or in slices."""

from pathlib import Path

from ecs_model.errors import ConfigError
from ecs_model.meshes import archive, quality, red_refinement
from ecs_model.meshes.arguments import MOST_NODES
from ecs_model.meshes.local_refinement import Place
from ecs_model.parallel import kept_on_root, on_root
from ecs_model.run.footprint import memory_here, memory_of_machines
from ecs_model.run.words import size
from ecs_model.tissue import mesh_cache

LEAST_BYTES = 1000  # of a node, in the simplest run
WHOLE_BYTES = 2200  # of a node, to refine, judge, write and picture a mesh on one process
SAMPLE = 500_000  # cells that tell the lengths of edges


def mesh_data(settings, base="."):
    """The checked MeshData that mesh settings ask for, whole.

    Args:
        settings: MeshSettings of a configuration.
        base: folder to which paths in the settings are relative.

    Raises:
        ConfigError: what is wrong with the settings or the mesh, or that it does not fit into the
            memory of this machine.
    """
    if grid := structured_grid(settings):
        _refuse_whole(grid.counts["points"], grid.dim, settings.levels)
    coarse = _coarse(settings, base)
    _refuse_whole(len(coarse.points), coarse.dim, settings.levels)
    return red_refinement.refined(coarse, settings.levels)


def _refuse_whole(nodes, dim, levels):
    """Raise ConfigError for a mesh that one process of this machine cannot hold and write."""
    nodes, room = nodes * 2.0 ** (dim * levels), memory_here()
    if nodes * WHOLE_BYTES > room:
        key, better = ("levels", "fewer levels") if levels else ("cell", "a larger cell")
        raise ConfigError(
            f"mesh.{key}: the mesh would have about {nodes:.1e} nodes; to write and picture it, "
            f"one process takes {size(nodes * WHOLE_BYTES)}, and this machine has {size(room)}: "
            f"choose {better} here (a run makes it in parts, on all of its processes)"
        )


def mesh_sample(settings, base="."):
    """The mesh as MeshData, or some of its cells, whose edges are about as long as all.

    These are cells of what is refined, or of a grid, where they are many: the rest is not made.

    Args:
        settings: as in `mesh_data`.
        base: as in `mesh_data`.

    Raises:
        ConfigError: what is wrong with the settings or the mesh.
    """
    grid, levels = structured_grid(settings), settings.levels
    if grid is None:
        coarse = _coarse(settings, base)
        if not levels:
            return coarse
        some = SAMPLE // 2 ** (coarse.dim * levels)
        return red_refinement.refined(quality.some_cells(coarse, some), levels)
    some = SAMPLE // 2 ** (grid.dim * levels)
    return red_refinement.refined(grid.corner(some), levels)


def _coarse(settings, base):
    """The checked MeshData before `levels`."""
    places = _places(settings)
    if settings.file is not None:
        return mesh_cache.read(Path(base, settings.file), settings.unit, places)
    return mesh_cache.generate(settings.generator, _arguments(settings), base, places)


def _arguments(settings):
    """What the generator is asked for, with the points around which it makes cells smaller."""
    own = [r for r in settings.refine or [] if _is_known(settings, r)]
    refine = {"refine": [(r.point, r.radius, r.cell, r.node) for r in own]} if own else {}
    return settings.arguments() | refine


def _is_known(settings, place):
    """Whether the generator itself makes cells smaller there."""
    return (
        settings.file is None
        and place.point is not None
        and mesh_cache.takes(settings.generator, "refine")
    )


def _places(settings):
    """The Places where the mesh is refined once it is made."""
    return tuple(
        _place(f"mesh.refine[{k}]", place)
        for k, place in enumerate(settings.refine or [])
        if not _is_known(settings, place)
    )


def _place(name, settings):
    if settings.node:
        raise ConfigError(
            f"{name}.node: only generators that make cells smaller themselves (interval, "
            "rectangle, box, slice, disc, sphere) put a node there; leave it out"
        )
    path = settings.path or (settings.point and [settings.point])
    points = path and tuple(tuple(map(float, point)) for point in path)
    return Place(name, points, settings.region, settings.radius or 0.0, settings.cell)


def about_nodes(settings, base="."):
    """About how many nodes the mesh has, without making more than what `levels` begins with.

    Args:
        settings: as in `mesh_data`.
        base: as in `mesh_data`.

    Raises:
        ConfigError: as `mesh_data`.
    """
    if grid := structured_grid(settings):
        return grid.counts["points"] * 2 ** (grid.dim * settings.levels)
    coarse = _coarse(settings, base)
    return len(coarse.points) * 2 ** (coarse.dim * settings.levels)


def mesh_slice(comm, settings, base="."):
    """The MeshSlice of this process.

    No process holds more of a structured mesh, nor of what is refined.

    Args:
        comm: MPI communicator.
        settings: as in `mesh_data`.
        base: as in `mesh_data`.

    Raises:
        ConfigError: on all processes, as `mesh_data`.
    """
    from ecs_model.tissue import mesh_slices, refined_slices  # only here MPI is needed

    grid, levels = on_root(comm, structured_grid, settings), settings.levels
    if grid is not None:
        _refuse_too_many(comm, grid.counts["points"], grid.dim, levels)
        return refined_slices.refined(comm, mesh_slices.of_grid(comm, grid), levels)
    here = _of_file_or_mesher(comm, settings, base)
    _refuse_too_many(comm, comm.allreduce(len(here.points)), here.dim, levels)
    return refined_slices.refined(comm, here, levels)


def _of_file_or_mesher(comm, settings, base):
    """The MeshSlice of a mesh that rank 0 has to read or make whole, once."""
    from ecs_model.tissue import mesh_slices

    found = kept_on_root(comm, _kept, settings, base)
    place = comm.bcast(found if isinstance(found, Path) else None)
    if place is None:
        return mesh_slices.of_root(comm, found)
    try:
        return mesh_slices.of_archive(comm, place)
    except ConfigError:  # torn by a full disk, or not seen by all machines
        return mesh_slices.of_root(comm, kept_on_root(comm, _whole, place, settings, base))


def _whole(place, settings, base):
    """The MeshData in an archive, which is made again if it is damaged."""
    try:
        return archive.load(place)
    except ConfigError:
        place.unlink()
    found = _kept(settings, base)
    return archive.load(found) if isinstance(found, Path) else found


def is_held_whole(settings, base="."):
    """Whether rank 0 holds the whole mesh before `levels`, in a run that is not the first with it.

    Args:
        settings: as in `mesh_data`.
        base: as in `mesh_data`.
    """
    if settings.file is None:
        return False
    source = Path(base, settings.file), settings.unit, _places(settings)
    place = mesh_cache.place_of_file(*source)
    return place is None or not place.is_file()


def _kept(settings, base):
    """The path of an archive that holds the mesh before `levels`, or its MeshData."""
    if settings.file is not None:
        return mesh_cache.kept_file(Path(base, settings.file), settings.unit, _places(settings))
    return mesh_cache.kept_generated(
        settings.generator, _arguments(settings), base, _places(settings)
    )


def _refuse_too_many(comm, nodes, dim, levels):
    """Raise ConfigError, on all processes, for a mesh that does not fit into their machines."""
    nodes = nodes * 2 ** (dim * levels)
    most = min(MOST_NODES, int(memory_of_machines(comm) / LEAST_BYTES))
    if nodes > most:
        key, better = ("levels", "fewer levels") if levels else ("cell", "a larger cell")
        raise ConfigError(
            f"mesh.{key}: the mesh would have about {nodes:.1e} nodes; choose {better} (at most "
            f"{most:.0e} fit into the memory of these machines)"
        )


def structured_grid(settings):
    """The Grid of a mesh that is made in slices; None for one that rank 0 reads or makes whole."""
    if settings.file is not None or _places(settings):
        return None
    return mesh_cache.structured(settings.generator, _arguments(settings))
