import io
import os
import subprocess
import sys
import time

import pytest

from ecs_model.cli import doctor
from ecs_model.errors import ConfigError


def failures(monkeypatch, **environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, str(value))
    return [line for line in doctor.lines() if line.startswith("FAIL")]


def test_a_working_installation_is_healthy_and_mpi_stays_out_of_the_doctor():
    code = (
        "import sys; from ecs_model.cli import doctor; healthy = doctor.examine(sys.stdout);"
        "sys.exit(3 if 'mpi4py' in sys.modules else not healthy)"
    )
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - start < 30
    lines = done.stdout.splitlines()
    assert all(line.startswith(("ok    ", "note  ")) for line in lines)
    for word in ("Python", "DOLFINx 0.11", "PETSc", "mpi4py", "mpiexec", "1 process", "gmsh"):
        assert any(word in line for line in lines), word


def test_the_verdict_is_bad_if_anything_essential_fails(monkeypatch):
    monkeypatch.setattr(doctor, "lines", lambda: ["ok    a", "FAIL  b", "note  c"])
    out = io.StringIO()
    assert not doctor.examine(out)
    assert out.getvalue() == "ok    a\nFAIL  b\nnote  c\n"


def test_a_missing_compiler_is_told_once(monkeypatch, tmp_path):
    monkeypatch.delenv("CC", raising=False)
    (line,) = failures(monkeypatch, PATH=tmp_path)
    assert "no C compiler" in line and "install" in line


def test_a_compiler_that_fails_is_told_once(monkeypatch):
    (line,) = failures(monkeypatch, CC="/bin/false")
    assert "/bin/false" in line


def test_missing_headers_of_python_are_told_once(monkeypatch, tmp_path):
    monkeypatch.setattr("sysconfig.get_config_h_filename", lambda: str(tmp_path / "pyconfig.h"))
    (line,) = failures(monkeypatch)
    assert "pyconfig.h" in line and "python3-dev" in line


def test_a_cache_that_cannot_be_written_is_told_once(monkeypatch):
    (line,) = failures(monkeypatch, XDG_CACHE_HOME="/proc/none")
    assert "XDG_CACHE_HOME" in line


def test_a_missing_dolfinx_is_told_once(monkeypatch, tmp_path):
    (tmp_path / "dolfinx").mkdir()
    (tmp_path / "dolfinx" / "__init__.py").write_text("raise ImportError('broken')")
    (line,) = failures(monkeypatch, PYTHONPATH=tmp_path)
    assert "dolfinx" in line


def test_missing_libraries_of_gmsh_are_only_noted(monkeypatch, tmp_path):
    (tmp_path / "gmsh.py").write_text("raise OSError('libGLU.so.1: cannot open')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ConfigError, match=r"libGLU.*apt-get install"):
        doctor._gmsh()
    assert doctor._line(doctor._gmsh).startswith("note")


def test_a_check_that_hangs_is_stopped(monkeypatch):
    monkeypatch.setattr(doctor, "_PATIENCE", 0.2)
    with pytest.raises(ConfigError, match="stopped"):
        doctor._run([sys.executable, "-c", "import time; time.sleep(60)"])


def test_a_check_that_crashes_is_reported():
    with pytest.raises(ConfigError, match="signal 6"):
        doctor._run([sys.executable, "-c", "import os; os.abort()"])


def test_a_foreign_mpiexec_is_noted(monkeypatch, tmp_path):
    other = tmp_path / "mpiexec"
    other.write_text("#!/bin/sh\necho 'mpiexec (OpenRTE) 4.1.4'\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    line = doctor._line(lambda: doctor._mpiexec({"mpi": "MPICH 5.0.2"}))
    assert line.startswith(("note", "FAIL")) and str(other) in line


def test_checks_do_not_see_the_launcher_of_the_doctor(monkeypatch):
    for name in ("PMI_RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMIX_RANK"):
        monkeypatch.setenv(name, "1")
    assert doctor._run([sys.executable, "-c", "import os; print('PMI_RANK' in os.environ)"]) == (
        "False"
    )
