"""Meshes that a run may use: generated and kept for next time, or read from a file; checked."""

import hashlib
import inspect
from pathlib import Path

from ecs_model import __version__
from ecs_model.cache import cache_folder
from ecs_model.errors import ConfigError
from ecs_model.meshes import archive, meshdata

PATHS = ("white", "pial", "image", "names")  # settings that are paths of files


def read(path, unit):
    """The checked MeshData in a file.

    Args:
        path: of the file.
        unit: of its lengths.

    Raises:
        ConfigError: if it holds no mesh, or one that cannot be used.
    """
    data = meshdata.read(path, unit)
    meshdata.check(data, str(path))
    return data


def generate(name, arguments, base="."):
    """The checked MeshData of a generator, from the cache if it was made before.

    Args:
        name: of the generator.
        arguments: name -> value [SI].
        base: folder to which paths among the arguments are relative.

    Raises:
        ConfigError: what is wrong with the arguments or the mesh.
    """
    generator, arguments = _generator(name), _absolute(arguments, base)
    _check_arguments(name, generator, arguments)
    path = cache_folder("meshes") / f"{name}-{_key(name, arguments)}.npz"
    if path.is_file():
        try:
            return archive.load_npz(path)
        except (ConfigError, OSError, ValueError, KeyError):  # torn by a full disk
            path.unlink()
    data = generator(**arguments)
    meshdata.check(data, f"mesh of generator '{name}'")
    archive.save_npz(data, path)
    return data


def structured(name, arguments):
    """The Grid of a generator; None if the mesh of these arguments is not structured.

    Args:
        name: of the generator.
        arguments: name -> value [SI].

    Raises:
        ConfigError: what is wrong with the arguments.
    """
    from ecs_model.meshes import GRIDS

    _check_arguments(name, _generator(name), arguments)
    return GRIDS[name](**arguments) if name in GRIDS else None


def _generator(name):
    from ecs_model.meshes import GENERATORS

    if name not in GENERATORS:
        raise ConfigError(f"mesh.generator: no '{name}'; there are {', '.join(GENERATORS)}")
    return GENERATORS[name]


def _check_arguments(name, generator, arguments):
    known = inspect.signature(generator).parameters
    for key in arguments:
        if key not in known:
            raise ConfigError(
                f"mesh.{key}: the generator '{name}' has no such setting; it takes "
                f"{', '.join(known)}"
            )
    missing = [k for k, p in known.items() if p.default is p.empty and k not in arguments]
    if missing:
        raise ConfigError(f"mesh: the generator '{name}' also needs {', '.join(missing)}")


def _absolute(arguments, base):
    paths = {k: str(Path(base, v).resolve()) for k, v in arguments.items() if k in PATHS}
    return arguments | paths


def _stamp(key, path):
    """When a file was changed last [ns]."""
    try:
        return Path(path).stat().st_mtime_ns
    except OSError as error:
        raise ConfigError(f"mesh.{key}: {path}: cannot be read ({error.strerror})") from None


def _key(name, arguments):
    stamps = [_stamp(k, v) for k, v in arguments.items() if k in PATHS]
    text = repr((__version__, name, sorted(arguments.items()), stamps))
    return hashlib.sha256(text.encode()).hexdigest()[:20]
