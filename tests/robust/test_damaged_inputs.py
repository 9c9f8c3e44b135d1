"""Meshes, tables, fields and models of a run, damaged: one sentence, or a run that can be."""

import shutil
import time
from pathlib import Path

import meshio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.robust.damage import said
from tests.robust.test_damaged import QUIET

LONGEST = 20.0  # s for a case
MODEL = """\
parameters("m", k = ScalarParam(0.001, unit="1/ms"))
states("m", K_o = ScalarParam(4.0, unit="mM"))
expressions("m")
dK_o_dt = -k * (K_o - 3.0)
"""
RUN = """\
[mesh]
file = "{mesh}"
unit = "mm"
[tissue]
alpha = {{ file = "alpha.npy" }}
[membrane]
file = "model.ode"
[[source]]
name = "s"
point = ["0.1 mm", "0.1 mm"]
rate = "1 nmol/s"
profile = {{ kind = "table", file = "table.csv" }}
[time]
end = "0.1 s"
step = "20 ms"
"""
MESHES = ("mesh.msh", "mesh.vtu", "mesh.xdmf", "mesh.inp")
OTHERS = ("alpha.npy", "table.csv", "model.ode", "run.toml")
TEXTS = (b"nan", b"-1", b"1e400", b"\xff\xfe", b"99999999999", b"", b"\0" * 9, b"<x>", b"[[", b"#")


def make(folder, mesh):
    """A run with files of every kind, all of them sound."""
    side = np.linspace(0.0, 0.2, 4)
    points = np.stack(np.meshgrid(side, side, indexing="ij"), -1).reshape(-1, 2)
    first = np.array([4 * i + j for i in range(3) for j in range(3)])
    cells = np.concatenate(
        [np.stack([first, first + 4, first + 5], 1), np.stack([first, first + 5, first + 1], 1)]
    )
    points = np.pad(points, ((0, 0), (0, 1)))
    options = {"file_format": "gmsh", "binary": False} if mesh.endswith("msh") else {}
    meshio.write(folder / mesh, meshio.Mesh(points, [("triangle", cells)]), **options)
    np.save(folder / "alpha.npy", np.full(len(points), 0.2))
    (folder / "table.csv").write_text("0,0\n0.02,1\n0.04,0\n")
    (folder / "model.ode").write_text(MODEL)
    (folder / "run.toml").write_text(RUN.format(mesh=mesh))


def damage(data, path):
    """Damage a file somewhere: cut, turn a bit, take out, double or put in a piece."""
    content = path.read_bytes()
    start = data.draw(st.integers(0, len(content)))
    end = min(len(content), start + data.draw(st.integers(0, 40)))
    kind = data.draw(st.sampled_from(["cut", "bit", "remove", "double", "put"]))
    piece = {
        "cut": lambda: content[:start],
        "bit": lambda: (
            content[:start] + _turned(data, content[start : start + 1]) + content[start + 1 :]
        ),
        "remove": lambda: content[:start] + content[end:],
        "double": lambda: content[:end] + content[start:],
        "put": lambda: content[:start] + data.draw(st.sampled_from(TEXTS)) + content[end:],
    }
    path.write_bytes(piece[kind]())
    return path.name, kind, start, end


def _turned(data, byte):
    return bytes([byte[0] ^ (1 << data.draw(st.integers(0, 7)))]) if byte else b""


def judged(told, folder):
    """One sentence with exit code 2, or none with 0; no library speaks."""
    began = time.monotonic()
    code, words = said(["check", folder / "run.toml"])
    errors = [line for line in words.splitlines() if line.startswith("error: ")]
    assert code in (0, 1, 2), (told, code, words)
    assert len(errors) == (code != 0), (told, code, words)
    for word in ("Traceback", "Warning"):
        assert word not in words, (told, words)
    assert time.monotonic() - began < LONGEST, told


def tried(tmp_path, count):
    folder = Path(tmp_path, "case")

    @settings(max_examples=count, **QUIET)
    @given(st.data())
    def look(data):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        mesh = data.draw(st.sampled_from(MESHES))
        make(folder, mesh)
        judged(damage(data, folder / data.draw(st.sampled_from((mesh, *OTHERS)))), folder)

    look()


@pytest.mark.parametrize("mesh", MESHES)
def test_what_is_damaged_was_sound(tmp_path, mesh):
    make(tmp_path, mesh)
    code, words = said(["check", tmp_path / "run.toml"])
    assert (code, words) == (0, "")


def test_damaged_inputs_are_one_sentence(tmp_path):
    tried(tmp_path, 20)


@pytest.mark.slow
def test_many_damaged_inputs_are_one_sentence(tmp_path):
    tried(tmp_path, 500)
