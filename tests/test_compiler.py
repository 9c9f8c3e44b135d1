"""Compilation into a cache: for many processes at once, and after whatever went wrong before."""

import ctypes
import os
import signal
import subprocess
import sys
import time

import pytest

from ecs_model.cache import cache_folder, locked
from ecs_model.errors import ConfigError
from ecs_model.membrane import MODELS, compiler
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.solver import source
from ecs_model.transport import lone_kernel
from tests.helpers import launch, launch_program

TWICE = "double twice(double x) { return 2.0 * x; }"
CONFIG = """\
mesh = { generator = "interval", length = "1 mm", cell = "0.1 mm" }
time = { end = "0.1 s" }
"""


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "ecs-model"


@pytest.fixture
def config(tmp_path):
    (tmp_path / "run.toml").write_text(CONFIG)
    return tmp_path / "run.toml"


def twice(x):
    function = compiler.load(TWICE).twice
    function.restype, function.argtypes = ctypes.c_double, [ctypes.c_double]
    return function(x)


def test_a_library_is_compiled_once(cache):
    assert twice(3.0) == 6.0
    (path,) = cache.glob("kernels/*.so")
    before = path.stat().st_mtime_ns
    assert compiler.library(TWICE) == path and path.stat().st_mtime_ns == before


def test_other_sources_are_other_libraries(cache):
    assert compiler.library(TWICE) != compiler.library(TWICE + "\n")


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9])
def test_a_torn_library_is_compiled_again(cache, part):
    """Loading one would crash Python, or worse."""
    path = compiler.library(TWICE)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    assert twice(3.0) == 6.0
    assert path.read_bytes()[: len(whole) // 2] == whole[: len(whole) // 2]


def compiler_that(folder, does):
    """A compiler that first does something, in sh."""
    folder.mkdir(exist_ok=True)
    path = folder / "cc"
    path.write_text(f'#!/bin/sh\n{does}\nexec "{compiler.compiler()}" "$@"\n')
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def warned(monkeypatch):
    """The warnings of the compiler."""
    said: list[str] = []
    monkeypatch.setattr(compiler.LOG, "warning", lambda text, *values: said.append(text % values))
    return said


def test_a_compiler_without_end_is_told_and_has_one(cache, monkeypatch, tmp_path, warned):
    """What it would optimise for ever it compiles plainly."""
    endless = 'case "$*" in *-O3*) while :; do :; done;; esac'
    monkeypatch.setenv("CC", compiler_that(tmp_path / "bin", endless))
    monkeypatch.setattr(compiler, "PATIENCE", 0.2)
    monkeypatch.setattr(compiler, "LIMIT", 1)
    began = time.monotonic()
    assert twice(3.0) == 6.0
    assert time.monotonic() - began < 20
    waiting, given_up = warned
    assert waiting.startswith("the C compiler is at work on a membrane for 0 s already")
    assert given_up.startswith("the C compiler does not come to an end within 1 s")


def test_a_compiler_that_refuses_is_not_said_to_be_slow(cache, monkeypatch, tmp_path, warned):
    picky = 'case "$*" in *-O3*) echo no such flag >&2; exit 1;; esac'
    monkeypatch.setenv("CC", compiler_that(tmp_path / "bin", picky))
    assert twice(3.0) == 6.0 and not warned


def test_nothing_half_made_stays_after_a_failure(cache):
    with pytest.raises(ConfigError, match=r"failed on a membrane model: .*error"):
        compiler.library("this is not C")
    assert list(cache.glob("kernels/*")) == []


def test_a_formula_cannot_call_what_does_not_exist(cache):
    with pytest.raises(ConfigError, match="nowhere"):
        compiler.library("double nowhere(double); double f(double x) { return nowhere(x); }")


def test_without_a_compiler_the_remedy_is_named(cache, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CC", "")
    with pytest.raises(ConfigError, match=r"no C compiler found.*apt-get install gcc"):
        compiler.library(TWICE)


def test_a_cache_that_cannot_be_made_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(ConfigError, match="XDG_CACHE_HOME"):
        cache_folder("kernels")


def test_a_lock_keeps_others_out_and_dies_with_its_holder(cache):
    folder = cache_folder("locks")
    program = (
        "import sys, time; from pathlib import Path; from ecs_model.cache import locked\n"
        "with locked(Path(sys.argv[1])): print('mine', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "mine\n"
    began = time.monotonic()
    killer = subprocess.Popen(["sh", "-c", f"sleep 0.5; kill -9 {holder.pid}"])
    with locked(folder) as alone:
        assert alone and 0.3 < time.monotonic() - began < 10
    holder.wait(), killer.wait()


KEEPS = """\
for argument; do
    case "$argument" in */kernel.c) cp "$argument" "$COMPILED/$PMI_RANK-$$.c";; esac
done"""


WATCHED = """\
membrane = { model = "epileptor2" }
[[line]]
name = "all"
start = ["0 mm"]
end = ["1 mm"]
"""


def test_only_steps_of_membranes_are_kept_short(cache, monkeypatch):
    asked = []
    monkeypatch.setattr(compiler, "_compile", lambda cc, best, text, path: asked.append(best))
    model = MODELS["pump_leak"]
    for text in (source(model, model.Parameters(), Surroundings()), lone_kernel.TEXT):
        compiler.library(text)
    assert [set(compiler.SHORT) <= set(best) for best in asked] == [True, False]


def test_a_cold_cache_on_four_processes_at_once(cache, config, tmp_path, monkeypatch):
    """Rank 0 compiles for all, each text once, also that of an ion that moves alone.

    The texts are of membranes and their firing; of increments, limits, what is spread and what is
    given back; of fronts, everywhere and along lines.
    """
    config.write_text(CONFIG + WATCHED)
    (tmp_path / "texts").mkdir()
    monkeypatch.setenv("CC", compiler_that(tmp_path / "bin", KEEPS))
    monkeypatch.setenv("COMPILED", str(tmp_path / "texts"))
    done = launch(4, "run", config, "-o", config.parent / "out", "--quiet")
    assert done.returncode == 0, done.stderr
    assert len(list(cache.glob("kernels/*.so"))) == 8
    texts = [*(tmp_path / "texts").iterdir()]
    assert [path.name.partition("-")[0] for path in texts] == ["0"] * 8
    assert [path.read_text() for path in texts].count(lone_kernel.TEXT) == 1


def test_four_independent_runs_with_a_cold_cache(cache, config):
    program = [sys.executable, "-m", "ecs_model", "run", str(config), "--quiet", "-o"]
    runs = [
        subprocess.Popen([*program, str(config.parent / f"out{k}")], stderr=subprocess.PIPE)
        for k in range(4)
    ]
    for run in runs:
        assert run.communicate(timeout=100)[1] == b"" and run.returncode == 0


def test_a_compilation_that_was_killed_is_no_obstacle(cache, config):
    """Of the finite elements or the membrane, wherever a kill met it; and no waiting for it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ecs_model", "run", str(config), "-o", str(config.parent / "a")],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not (half := list(cache.glob("forms*/libffcx*.c"))) and process.poll() is None:
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert half and not list(cache.glob("forms*/*.cached")), "the kill came too late"
    began = time.monotonic()
    done = launch(2, "run", config, "-o", config.parent / "b", "--quiet")
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < 30


def test_what_a_killed_run_left_in_the_cache_is_removed(cache, config):
    assert launch(1, "run", config, "-o", config.parent / "a", "--quiet").returncode == 0
    for path in cache.glob("forms*/*.cached"):
        path.unlink()
    done = launch(1, "run", config, "-o", config.parent / "b", "--quiet")
    assert done.returncode == 0, done.stderr
    assert len(list(cache.glob("forms*/*.cached"))) > 0


def test_a_torn_form_in_the_cache_is_one_message(cache, config):
    assert launch(1, "run", config, "-o", config.parent / "a", "--quiet").returncode == 0
    for path in cache.glob("forms*/*.so"):
        path.write_bytes(b"")
    done = launch(2, "run", config, "-o", config.parent / "b", "--quiet")
    assert done.returncode in (0, 2) and "Traceback" not in done.stderr
    assert done.returncode == 0 or "remove" in done.stderr


def test_a_compiler_that_fails_is_one_message(cache, config, tmp_path):
    (tmp_path / "bin").mkdir()
    bad = tmp_path / "bin" / "gcc"
    bad.write_text("#!/bin/sh\necho 'gcc: fatal error: no room' >&2\nexit 1\n")
    bad.chmod(0o755)
    environment = {"CC": str(bad), "PATH": f"{bad.parent}:{os.environ['PATH']}"}
    program = [sys.executable, "-m", "ecs_model", "run", str(config), "-o", str(tmp_path / "out")]
    for n in (1, 2):
        done = launch_program(n, program, environment=environment)
        assert done.returncode == 2, done.stderr
        assert done.stderr.count("error: ") >= 1 and "Traceback" not in done.stderr
        assert "C compiler" in done.stderr
