"""Compile C once, keep the library in a cache, load it: safe under many processes and after a kill.

A library appears under its final name only when it is whole (`os.replace`), so a killed compilation
leaves nothing that a later one could trip over. The key holds source, flags, compiler and CPU.
Compilers take time that grows faster than formulas do: who waits is told, and there is an end.
"""

import contextlib
import ctypes
import functools
import hashlib
import logging
import os
import platform
import resource
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
STEP = " ecs_advance("  # is in texts of membranes, whose formulas are long
SHORT = ("-O2", "-fvect-cost-model=dynamic")  # code that a processor need not fetch at every step
BARE = ("-DPLAIN_MATH", "-DSCALAR")  # without vectors and their functions
PATIENCE = 30.0  # s of a compiler about which nothing is said
LIMIT = 60  # s of processor time that it may take to optimise; built-in models take up to 6
LIMITED = ("sh", "-c", 'ulimit -t "$0" 2>/dev/null; exec "$@"')  # the limit and a command follow
WAITING = "the C compiler is at work on a membrane for %.0f s already; long formulas take long"
GIVEN_UP = (
    "the C compiler does not come to an end within %d s of processor time: this membrane is "
    "compiled without vectors, so that its steps take longer; shorter formulas would be right"
)
LOG = logging.getLogger("ecs_model")


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
    cc, best = compiler(), [*FLAGS, *WIDE, *(SHORT if STEP in source else ())]
    key = hashlib.sha256(repr((source, best, _version(cc), _cpu())).encode()).hexdigest()
    path = cache_folder("kernels") / f"{key[:24]}.so"
    if not _is_whole(path):
        _compile(cc, best, source, path)
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


def _compile(cc, best, source, path):
    with (
        atomic.explained(path),
        tempfile.TemporaryDirectory(dir=path.parent, prefix="building-") as folder,
    ):
        code, made = Path(folder, "kernel.c"), Path(folder, "kernel.so")
        code.write_text(source)
        failed = _tried(cc, best, code, made)
        if failed is None:
            content = made.read_bytes()  # code that a linker wrote bit by bit lies in pages far
            made.write_bytes(content + hashlib.sha256(content).digest())  # apart, and runs slower
            os.replace(made, path)
            return
    said = failed.strip().splitlines()
    first = next((x for x in said if "error" in x or "undefined" in x), said[-1] if said else "?")
    raise ConfigError(f"the C compiler {cc} failed on a membrane model: {first}")


def _tried(cc, best, code, made):
    """Compile as well as the compiler can, and within reason; what it says if it fails, or None."""
    for flags in (best, [*FLAGS], [*FLAGS, "-DPLAIN_MATH"]):
        before = _spent()
        if _run([*LIMITED, str(LIMIT), cc, *flags, *_files(code, made)]) is None:
            return None
        if _spent() - before > 0.9 * LIMIT:  # the system counts in ticks
            LOG.warning(GIVEN_UP, LIMIT)
            break
    return _run([cc, "-O2", "-fPIC", *BARE, *_files(code, made)])


def _files(code, made):
    strict = ["-Werror=implicit-function-declaration", "-Wl,-z,defs"]
    return [*strict, "-shared", str(code), "-o", str(made), "-lm"]


def _spent():
    """Seconds of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _run(command):
    """Run a compiler, and say so if that takes long; its messages if it fails, else None."""
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            said = _heard(process)
        except BaseException:
            process.kill()
            raise
    return said if process.returncode else None


def _heard(process):
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.communicate(timeout=PATIENCE)[1]
    LOG.warning(WAITING, PATIENCE)
    return process.communicate()[1]


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
