"""What works on this machine, what does not, and the remedy: one line per check.

Whatever may crash, hang or start MPI is tried in a process of its own, without the variables of
the launcher that may have started this one.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ecs_model import launcher
from ecs_model.cache import cache_folder
from ecs_model.cli import doctor_trials
from ecs_model.errors import ConfigError
from ecs_model.membrane import compiler

_PATIENCE = 60  # s; on a healthy machine no check takes ten
_LAUNCHER_VARIABLES = ("PMI_", "PMI2_", "PMIX_", "OMPI_COMM_", "HYDRA_", "MV2_COMM_", "SLURM_")
_HERE = {
    "HYDRA_LAUNCHER": "fork",  # inside a Slurm step, MPICH's mpiexec would wait for resources
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
}
_ORIGIN = re.compile(r"^(\[process \d+\] )?(ecs_model\.errors\.\w+: )?")
_VECTOR_EXP = """
#include <stdio.h>
extern double exp(double) __attribute__((simd("notinbranch"), const));
int main(int count, char **arguments) {
  double x[64], sum = 0.0;
  for (int i = 0; i < 64; ++i) x[i] = count;
  #pragma omp simd
  for (int i = 0; i < 64; ++i) x[i] = exp(x[i]);
  for (int i = 0; i < 64; ++i) sum += x[i] / 64;
  printf("%.4f", sum);
}
"""
_PLAIN_EXP = _VECTOR_EXP.replace(' __attribute__((simd("notinbranch"), const))', "")


class _Spared(ConfigError):
    """Something is missing that most runs can do without."""


def examine(stream):
    """Whether everything essential works; writes one line per check to `stream` as it is done."""
    healthy = True
    for line in lines():
        print(line, file=stream, flush=True)
        healthy = healthy and not line.startswith("FAIL")
    return healthy


def lines():
    """One line per check: `ok`, `note` for what can be spared, or `FAIL` with the remedy."""
    yield from map(_line, (_python, _package, _machine))
    basis = [_line(_c_compiler), _line(_headers), _line(_cache)]
    yield from basis
    can_compile = not any(line.startswith("FAIL") for line in basis)
    if can_compile:
        yield _line(_vector_math)
    libraries: dict = {}
    yield _line(partial(_dolfinx, libraries))
    if libraries:
        yield from (_line(partial(c, libraries)) for c in (_petsc, _mpi, _mpiexec, _srun))
        yield _line(_started_by)
    if libraries and can_compile:
        yield from map(_line, (_one_process, _two_processes))
    yield from map(_line, (_gmsh, _rendering))


def _line(check):
    try:
        return f"ok    {check()}"
    except _Spared as error:
        return f"note  {error}"
    except ConfigError as error:
        return f"FAIL  {error}"


def _python():
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < (3, 12):  # noqa: UP036  pip can be told not to look
        raise ConfigError(f"Python {found} is too old; use 3.12 or newer")
    return f"Python {found}, {sys.executable}"


def _package():
    try:
        return f"ecs-model {version('ecs-model')} in {Path(__file__).parents[1]}"
    except PackageNotFoundError:
        raise ConfigError("ecs-model is not installed, only lying here; pip install .") from None


def _machine():
    cores = len(os.sched_getaffinity(0))
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{cores} cores and {pages / 2**30:.0f} GB of memory; use at most {cores} processes here"


def _c_compiler():
    cc = compiler.compiler()
    _try_c(cc, ["-O2"], _PLAIN_EXP)
    return f"C compiler {cc}"


def _headers():
    compiler.check_headers()
    return f"headers of Python in {sysconfig.get_path('include')}"


def _vector_math():
    try:
        _try_c(compiler.compiler(), compiler.FLAGS, _VECTOR_EXP)
    except ConfigError as error:
        raise _Spared(
            f"the C compiler makes no vector exp ({error}); what membranes show takes a few times "
            "as long: use gcc on x86_64 with glibc 2.35 or newer"
        ) from None
    return "vector exp of glibc in compiled membranes"


def _try_c(cc, flags, source):
    with tempfile.TemporaryDirectory() as folder:
        code, program = Path(folder, "exp.c"), Path(folder, "exp")
        code.write_text(source)
        try:
            _run([cc, *flags, str(code), "-o", str(program), "-lm"])
            answer = _run([str(program)])
        except ConfigError as error:
            raise ConfigError(
                f"{cc} fails on a small program ({error}); install a whole compiler "
                "(Debian: apt-get install gcc libc6-dev)"
            ) from None
    if answer != "2.7183":
        raise ConfigError(f"{cc} makes programs that compute exp(1) = {answer}; use another CC")


def _cache():
    folder = cache_folder("kernels")
    try:
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(b"\0" * 2**20)
    except OSError as error:
        raise ConfigError(
            f"cannot write the cache folder {folder}: {error.strerror}; set XDG_CACHE_HOME to a "
            "folder that can be written"
        ) from None
    return f"cache folder {folder}"


def _dolfinx(libraries):
    """The line about DOLFINx; `libraries` gets what MPI, PETSc and DOLFINx say of themselves."""
    libraries.update(json.loads(_probe("report_libraries").splitlines()[-1]))
    return f"DOLFINx {libraries['dolfinx']} from {libraries['place']}"


def _petsc(libraries):
    scalar, index = libraries["scalar"], libraries["index"]
    if scalar != "float64":
        raise ConfigError(f"PETSc is built for {scalar}; use one for real numbers (float64)")
    have, lack = (
        ", ".join(p for p in doctor_trials.PACKAGES if libraries["packages"][p] is there) or "none"
        for there in (True, False)
    )
    return f"PETSc {libraries['petsc']}, {index} indices; has {have}; has not {lack} (not needed)"


def _mpi(libraries):
    return f"{libraries['mpi']} through mpi4py {libraries['mpi4py']}"


def _mpiexec(libraries):
    own, first = launcher.own_mpiexec(), shutil.which("mpiexec")
    if first is None and own == "mpiexec":
        raise _Spared(f"no mpiexec found; load the module of {libraries['mpi']}, or use srun")
    if own != "mpiexec" and (first is None or not os.path.samefile(own, first)):
        found = f"the mpiexec first on PATH is {first}, another one" if first else "not on PATH"
        raise _Spared(f"start parallel runs with {own} ({found}), or activate the environment")
    if own == "mpiexec" and _family(_run([first, "--version"])) != _family(libraries["mpi"]):
        raise ConfigError(
            f"{first} does not belong to {libraries['mpi']}, which DOLFINx uses; load the module "
            "of that MPI"
        )
    return f"mpiexec is {first}"


def _family(text):
    """The kind of MPI that says this of itself; kinds that start each other's programs are one."""
    return "Open MPI" if any(x in text for x in ("Open MPI", "OpenRTE", "PRTE")) else "MPICH"


def _started_by():
    launcher.check_before_mpi()
    size = launcher.rank_and_size()[1]
    job = os.environ.get("SLURM_JOB_ID")
    place = f"in Slurm job {job}" if job else "outside of a Slurm job"
    return f"{place}, " + (f"one of {size} tasks" if size > 1 else "no launcher around")


def _srun(libraries):
    if not shutil.which("srun"):
        return "no srun here, so mpiexec starts parallel runs"
    kind = "pmi2" if _family(libraries["mpi"]) == "MPICH" else "pmix"
    try:
        offered = _run(["sh", "-c", "srun --mpi=list 2>&1"])
    except ConfigError:
        raise _Spared("srun is here, but does not work; use mpiexec") from None
    if kind not in offered:
        raise _Spared(f"srun has no --mpi={kind}, which {libraries['mpi']} needs; use mpiexec")
    return f"srun --mpi={kind} starts parallel runs too"


def _one_process():
    _probe("solve")
    return "a Poisson problem and a membrane on 1 process"


def _two_processes():
    own = launcher.own_mpiexec()
    if not shutil.which(own):
        raise _Spared("nothing was tried on 2 processes, for want of an mpiexec")
    said = _probe("solve", [own, "-n", "2"]).split()[-1]
    if said != "2":
        raise ConfigError(
            f"{own} -n 2 starts two programs that do not see each other; use the mpiexec of the "
            "MPI that DOLFINx was built with"
        )
    return "a Poisson problem and a membrane on 2 processes"


def _gmsh():
    try:
        return f"gmsh {_probe('report_gmsh')}"
    except ConfigError as error:
        raise _Spared(str(error)) from None


def _rendering():
    try:
        _probe("render")
    except ConfigError as error:
        raise _Spared(
            f"PyVista cannot draw off screen ({error}), so there are no 3D pictures and films; "
            "on Debian and Ubuntu: apt-get install libgl1 libxrender1"
        ) from None
    return "PyVista draws off screen"


def _probe(function, before=()):
    """What a function of `doctor_trials` prints in a process of its own."""
    code = f"from ecs_model.cli import doctor_trials; doctor_trials.{function}()"
    return _run([*before, sys.executable, "-P", "-c", code])


def _run(command):
    """What a command prints; ConfigError with the line that tells why it failed."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=_environment(),
            start_new_session=True,
        )
    except OSError as error:
        raise ConfigError(f"{command[0]}: {error.strerror}") from None
    with process:
        try:
            out, complaints = process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise ConfigError(f"{command[0]} was stopped after {_PATIENCE} s") from None
    if process.returncode:
        raise ConfigError(_reason(complaints, process.returncode))
    return out.strip()


def _environment():
    """The environment without what a launcher told this process."""
    told = {k for k in os.environ if k.startswith(_LAUNCHER_VARIABLES)} - {"SLURM_CONF"}
    return {k: v for k, v in os.environ.items() if k not in told} | _HERE


def _reason(complaints, code):
    said = [line.strip() for line in complaints.splitlines() if line.strip()]
    errors = [line for line in said if "rror:" in line]
    ended = f"signal {-code}" if code < 0 else f"exit code {code}"
    return _ORIGIN.sub("", (errors or said or [ended])[-1])[:400]
