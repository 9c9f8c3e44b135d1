"""From [mesh] to arrays; it needs neither MPI nor DOLFINx."""

from pathlib import Path

from ecs_model.tissue import mesh_cache


def mesh_data(settings, base="."):
    """The checked MeshData that mesh settings ask for.

    Args:
        settings: MeshSettings of a configuration.
        base: folder to which paths in the settings are relative.

    Raises:
        ConfigError: what is wrong with the settings or the mesh.
    """
    if settings.file is not None:
        return mesh_cache.read(Path(base, settings.file), settings.unit)
    return mesh_cache.generate(settings.generator, settings.arguments(), base)
