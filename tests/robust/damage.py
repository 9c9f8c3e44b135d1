"""Directories of runs and scans, damaged in ways that disks, copying and other people can.

Everything is drawn by Hypothesis, so that a failure is found again and made small.
"""

import contextlib
import io
import json
import shutil
from pathlib import Path

import h5py
import numpy as np
from hypothesis import strategies as st

from ecs_model.cli import main

RUN = """\
title = "damaged"

[mesh]
generator = "interval"
length = "0.4 mm"
cell = "40 um"

[membrane]
model = "nagumo"

[[probe]]
name = "p"
at = ["0.1 mm"]

[[line]]
name = "axis"
start = ["0 mm"]
end = ["0.4 mm"]
points = 5

[time]
end = "0.2 s"
step = "20 ms"
adaptive = false

[output]
every = "0.1 s"
series = "0.1 s"

[checkpoint]
every = "0.1 s"
"""

SCAN = """\
title = "damaged"

[run.mesh]
generator = "interval"
length = "0.4 mm"
cell = "40 um"

[run.membrane]
model = "nagumo"

[run.time]
end = "0.2 s"
step = "20 ms"

[engine]
processes = 1
workers = 1

[[axis]]
key = "tissue.alpha"
low = 0.1
high = 0.3
count = 3
"""

LOOKS = {
    "run": (("report", "{}"), ("resume", "{}", "--quiet")),
    "scan": (
        ("report", "{}", "--points", "none", "--quiet"),
        ("scan", "status", "{}"),
        ("scan", "plot", "{}"),
        ("scan", "{}/scan.toml", "-o", "{}", "--quiet"),
    ),
}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 2**40),
    st.floats(),
    st.text(max_size=8),
    st.just([]),
    st.just({}),
    st.just([1]),
    st.just({"a": None}),
)


def make(folder):
    """A finished run in folder/run and a finished scan in folder/scan."""
    (folder / "run.toml").write_text(RUN)
    (folder / "scan.toml").write_text(SCAN)
    assert said(["run", f"{folder}/run.toml", "-o", f"{folder}/run", "--quiet"])[0] == 0
    assert said(["scan", f"{folder}/scan.toml", "-o", f"{folder}/scan", "--quiet"])[0] == 0


def said(arguments):
    """Exit code and words of one command line; an exception that it lets through is raised."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(list(map(str, arguments)))
        except SystemExit as stop:
            code = stop.code
    return code, err.getvalue()


@st.composite
def cases(draw, sound, fresh):
    """A damaged copy of a sound directory, and the command that looks at it.

    Args:
        draw: of Hypothesis.
        sound: the folder with `run` and `scan`.
        fresh: function that gives a path where nothing is.
    """
    kind = draw(st.sampled_from(sorted(LOOKS)))
    folder = fresh()
    shutil.copytree(sound / kind, folder)
    files = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    told = []
    for name in draw(st.lists(st.sampled_from(files), min_size=1, max_size=2, unique=True)):
        told.append(f"{name}: {damage(draw, folder / name)}")
    arguments = draw(st.sampled_from(LOOKS[kind]))
    return told, [a.format(folder) for a in arguments]


def damage(draw, path):
    """Damage a file; what was done, in words."""
    ways = [truncate, flip, empty, no_text, remove, other]
    ways += {".json": [key] * 4, ".h5": [dataset] * 4, ".csv": [cell] * 3}.get(path.suffix, [])
    way = draw(st.sampled_from(ways))
    return f"{way.__name__} {way(draw, path)}"


def truncate(draw, path):
    data = path.read_bytes()
    length = draw(st.integers(0, max(0, len(data) - 1)))
    path.write_bytes(data[:length])
    return length


def flip(draw, path):
    data = bytearray(path.read_bytes())
    for _ in range(draw(st.integers(1, 8)) if data else 0):
        data[draw(st.integers(0, len(data) - 1))] ^= draw(st.integers(1, 255))
    path.write_bytes(bytes(data))
    return ""


def empty(draw, path):
    path.write_bytes(b"")
    return ""


def no_text(draw, path):
    path.write_bytes(bytes(range(255, 0, -1)))
    return ""


def remove(draw, path):
    path.unlink()
    return ""


def other(draw, path):
    """The right format, but something else in it."""
    text = draw(st.sampled_from(["[]", "{}", "null", "1", '"a"', "t\n1\n", "[a]\nb = 1\n"]))
    path.write_text(text)
    return text


def key(draw, path):
    """A key of JSON is gone, or holds something else."""
    content = json.loads(path.read_text())
    places = [*_places(content)]
    if not places:
        return "none"
    where, name = draw(st.sampled_from(places))
    if draw(st.booleans()):
        del where[name]
    else:
        where[name] = draw(ODD)
    path.write_text(json.dumps(content))
    return name


def _places(content):
    """Pairs of a container and a key in it, at any depth."""
    if isinstance(content, dict | list):
        pairs = content.items() if isinstance(content, dict) else enumerate(content)
        for name, part in pairs:
            yield content, name
            yield from _places(part)


def dataset(draw, path):
    """A dataset of HDF5 is gone, of another size or kind, or holds nan; or an attribute changed."""
    with h5py.File(path, "a") as file:
        names = []
        file.visititems(lambda n, item: names.append(n) if hasattr(item, "shape") else None)
        name = draw(st.sampled_from(sorted(names)))
        values = np.atleast_1d(file[name][()])
        way = draw(st.sampled_from(["gone", "short", "long", "text", "nan", "large", "scalar"]))
        del file[name]
        if way != "gone":
            file[name] = {
                "short": values[:-1],
                "long": np.concatenate([values, values]),
                "text": np.full(len(values), b"x"),
                "nan": np.full(len(values), np.nan),
                "large": values + 10**6,
                "scalar": 1.0,
            }[way]
        if "manifest" in file.attrs and draw(st.booleans()):
            manifest = json.loads(file.attrs["manifest"])
            manifest[draw(st.sampled_from(sorted(manifest)))] = draw(ODD)
            file.attrs["manifest"] = json.dumps(manifest)
    return f"{name} {way}"


def cell(draw, path):
    """A cell of a table holds something else."""
    rows = [row.split(",") for row in path.read_text().splitlines()]
    row = draw(st.sampled_from(rows))
    column = draw(st.integers(0, len(row) - 1))
    row[column] = draw(st.sampled_from(["", "x", "nan", "inf", "-1", "1e999", "a,b", '"', "é"]))
    Path(path).write_text("\n".join(",".join(r) for r in rows) + "\n")
    return row[column]
