"""Compile C once, keep the library in a cache, load it: safe under many processes and after a kill.

A library appears under its final name only when it is whole (`os.replace`), so a killed compilation
leaves nothing that a later one could trip over. The key holds source, flags, compiler and CPU.
"""

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path

from ecs_model.cache import cache_folder
from ecs_model.errors import ConfigError
from ecs_model.files import atomic

# As fast as -ffast-math here, but not-a-number tests keep working and nothing is flushed to zero.
FLAGS = (
    "-O3",
    "-march=native",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fno-signed-zeros",
    "-freciprocal-math",
    "-ffp-contract=fast",
    "-fopenmp-simd",
    "-fPIC",
)
SUM = hashlib.sha256().digest_size
WIDE = (  # 512 bits; and for long formulas in vectors: fewer values wait for their use in memory
    "-mprefer-vector-width=512",
    "-fschedule-insns",
    "-fsched-pressure",
    "-fno-gcse",
    "-fno-tree-slp-vectorize",
)
BARE = ("-DPLAIN_MATH", "-DSCALAR")  # without vectors and their functions


def check_headers():
    """Raise ConfigError if Python's headers are missing: finite element forms include them."""
    header = sysconfig.get_config_h_filename()
    if not os.path.isfile(header):
        raise ConfigError(
            f"the headers of this Python are missing ({header}), and finite element forms are "
            "compiled with them; install them (Debian: apt-get install python3-dev), or take a "
            "Python that has them (conda, uv)"
        )


def compiler():
    """Path of the C compiler; ConfigError if there is none."""
    for name in filter(None, (os.environ.get("CC"), "gcc", "cc", "clang")):
        if found := shutil.which(name):
            return found
    raise ConfigError(
        "no C compiler found (looked for $CC, gcc, cc, clang): membranes and finite elements are "
        "compiled at run time; install one (Debian: apt-get install gcc; cluster: module load gcc)"
    )


def load(source):
    """The library compiled from a C source, from the cache if it is there."""
    path = library(source)
    try:
        return ctypes.CDLL(str(path))
    except OSError:  # of another machine: make it again, once
        path.unlink(missing_ok=True)
        return ctypes.CDLL(str(library(source)))


def library(source):
    """Path of the library compiled from a C source; compiles if it is not in the cache."""
    cc = compiler()
    key = hashlib.sha256(repr((source, FLAGS, WIDE, _version(cc), _cpu())).encode()).hexdigest()
    path = cache_folder("kernels") / f"{key[:24]}.so"
    if not _is_whole(path):
        _compile(cc, source, path)
    return path


def _is_whole(path):
    """Whether a library is there and ends in the checksum of what comes before.

    A torn one, which a power failure may leave, would not fail to load but crash the program.
    """
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return content[-SUM:] == hashlib.sha256(content[:-SUM]).digest()


def seal(path):
    """Note the checksum of a library beside it, where a compiler of others wrote it."""
    total = hashlib.sha256(path.read_bytes()).hexdigest()
    atomic.write_text(path.with_suffix(".sum"), total, lasting=False)


def is_sealed(path):
    """Whether a library is what it was when its checksum was noted."""
    try:
        known = path.with_suffix(".sum").read_bytes()
        return known == hashlib.sha256(path.read_bytes()).hexdigest().encode()
    except OSError:
        return False


def _compile(cc, source, path):
    with (
        atomic.explained(path),
        tempfile.TemporaryDirectory(dir=path.parent, prefix="building-") as folder,
    ):
        code, made = Path(folder, "kernel.c"), Path(folder, "kernel.so")
        code.write_text(source)
        attempts = [[*FLAGS, *WIDE], [*FLAGS], [*FLAGS, "-DPLAIN_MATH"], ["-O2", "-fPIC", *BARE]]
        for flags in attempts:
            strict = ["-Werror=implicit-function-declaration", "-Wl,-z,defs"]
            done = subprocess.run(
                [cc, *flags, *strict, "-shared", str(code), "-o", str(made), "-lm"],
                capture_output=True,
                text=True,
            )
            if done.returncode == 0:
                content = made.read_bytes()
                made.write_bytes(content + hashlib.sha256(content).digest())
                os.replace(made, path)
                return
    said = done.stderr.strip().splitlines()
    first = next((x for x in said if "error" in x or "undefined" in x), said[-1] if said else "?")
    raise ConfigError(f"the C compiler {cc} failed on a membrane model: {first}")


@functools.cache
def _version(cc):
    return subprocess.run([cc, "--version"], capture_output=True, text=True).stdout


@functools.cache
def _cpu():
    """What -march=native depends on: a cache may be shared by machines that differ."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return sorted({x for x in lines if x.startswith(("model name", "flags", "Features"))})
