"""Meshes that a run may use: generated, or read from a file; checked, and kept for next time.

What is kept can be read in slices, so that a mesh is whole on one process once in its life.
"""

import contextlib
import hashlib
import inspect
import re
from pathlib import Path

from ecs_model import __version__
from ecs_model.cache import cache_folder
from ecs_model.errors import ConfigError
from ecs_model.files.digests import digests
from ecs_model.meshes import archive, local_refinement, meshdata

LARGE = 100_000  # nodes of a mesh in a file, from which on it is kept; smaller ones are read anew
PATHS = ("white", "pial", "image", "names", "body")  # settings that are paths of files


def read(path, unit, places=()):
    """The checked MeshData in a file.

    Args:
        path: of the file.
        unit: of its lengths.
        places: the Places where it is refined.

    Raises:
        ConfigError: if it holds no mesh, or one that cannot be used.
    """
    data = meshdata.read(path, unit)
    meshdata.check(data, str(path))
    return local_refinement.refined(data, places)


def kept_file(path, unit, places=()):
    """The path of the archive of a large mesh in a file, made if need be; else its MeshData.

    Args:
        path: of the file.
        unit: of its lengths.
        places: the Places where it is refined.

    Raises:
        ConfigError: as `read`.
    """
    kept = place_of_file(path, unit, places)
    if kept is not None and kept.is_file():
        return kept
    data = read(path, unit, places)
    if kept is None or len(data.points) < LARGE:
        return data
    try:
        archive.save(data, kept)
    except ConfigError:  # a full disk
        return data
    return kept


def place_of_file(path, unit, places=()):
    """Where the archive of a mesh in a file is, if it is kept; None where it cannot be.

    Arguments are those of `kept_file`.
    """
    if not _is_all_there_is(path := Path(path)):
        return None
    (digest,) = digests({"file": str(path)}, ".").values()
    return cache_folder("meshes") / f"file-{_hash(__version__, digest, unit, *places)}.h5"


def _is_all_there_is(path):
    """Whether a file holds a whole mesh, with the HDF5 file of its name if it is an XDMF file."""
    if path.suffix.lower() in (".msh", ".vtu"):
        return True
    if path.suffix.lower() != ".xdmf" or not path.is_file():
        return False
    named = re.findall(rb">\s*([^<>]*?):/", path.read_bytes())
    own = path.with_suffix(".h5").name.encode()
    return set(named) == {own}


def generate(name, arguments, base=".", places=()):
    """The checked MeshData of a generator, from the cache if it was made before.

    Arguments are those of `kept_generated`.
    """
    kept = kept_generated(name, arguments, base, places)
    try:
        return archive.load(kept)
    except ConfigError:  # torn by a full disk
        kept.unlink()
        return archive.load(kept_generated(name, arguments, base, places))


def kept_generated(name, arguments, base=".", places=()):
    """The path of the archive with the checked mesh of a generator, made if it is not there.

    Args:
        name: of the generator.
        arguments: name -> value [SI].
        base: folder to which paths among the arguments are relative.
        places: the Places where the mesh is refined once it is made.

    Raises:
        ConfigError: what is wrong with the arguments or the mesh.
    """
    generator, arguments = _generator(name), _absolute(arguments, base)
    _check_arguments(name, generator, arguments)
    path = cache_folder("meshes") / f"{name}-{_key(name, arguments, places)}.h5"
    if not path.is_file():
        with _named(generator):
            data = generator(**arguments)
        meshdata.check(data, f"mesh of generator '{name}'")
        archive.save(local_refinement.refined(data, places), path)
    return path


def structured(name, arguments):
    """The Grid of a generator; None if the mesh of these arguments is not structured.

    Args:
        name: of the generator.
        arguments: name -> value [SI].

    Raises:
        ConfigError: what is wrong with the arguments.
    """
    from ecs_model.meshes import GRIDS

    generator = _generator(name)
    _check_arguments(name, generator, arguments)
    with _named(generator):
        return GRIDS[name](**arguments) if name in GRIDS else None


@contextlib.contextmanager
def _named(generator):
    """Within, a ConfigError that begins with an argument names it as settings do: mesh.cell."""
    known = inspect.signature(generator).parameters
    try:
        yield
    except ConfigError as error:
        key = re.match(r"(\w+)[:.\[]", str(error))
        is_setting = key is not None and key[1] in known
        raise ConfigError(f"mesh.{error}" if is_setting else str(error)) from error


def takes(name, argument):
    """Whether a generator takes an argument; ConfigError if there is no such generator."""
    return argument in inspect.signature(_generator(name)).parameters


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


def _key(name, arguments, places):
    stamps = [_stamp(k, v) for k, v in arguments.items() if k in PATHS]
    return _hash(__version__, name, sorted(arguments.items()), stamps, *places)


def _hash(*parts):
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:20]
