"""The same tissue described otherwise gives the same answer: mirrored, turned, split, in units."""

import json
from dataclasses import replace

import numpy as np
import pytest

from ecs_model.meshes.meshdata import write
from tests.helpers import brick, launch, run_here, series, summary
from tests.verification.answers import TABLE_TEXT

COUNTS = {1: [16], 2: [10, 6], 3: [6, 4, 3]}
SIZES = [4e-4, 2.4e-4, 2e-4]
POINTS = {
    "pipette": [1.31e-4, 0.87e-4, 1.13e-4],
    "cloud": [2.61e-4, 1.32e-4, 0.93e-4],
    "core": [1.12e-4, 1.23e-4, 0.91e-4],
    "one": [0.52e-4, 0.71e-4, 0.62e-4],
    "two": [1.93e-4, 1.21e-4, 1.07e-4],
    "three": [3.47e-4, 2.03e-4, 1.31e-4],
}
FIBRES = [0.8, 0.5, 0.3]


def mesh_of(d):
    """A jittered block in two regions, "first" and "second"."""
    return brick(COUNTS[d], SIZES[:d], jitter=0.15)


def texts(d, at=lambda x: x, along=lambda v: v):
    """Sections of a run with a source, a boundary and an event of every kind, by name."""
    mm = {
        name: json.dumps([f"{1e3 * x:.15g} mm" for x in at(np.array(point[:d]))])
        for name, point in POINTS.items()
    }
    fibres = json.dumps([float(x) for x in [*along(np.array(FIBRES[:d])), *[0.0] * (3 - d)]])
    probes = {
        f"probe {name}": f'[[probe]]\nname = "{name}"\nat = {mm[name]}\n'
        for name in ("one", "two", "three")
    }
    return {
        "tissue": (
            f"[tissue]\ntortuosity = {{ parallel = 1.3, across = 1.9, direction = {fibres} }}\n"
        ),
        "region": '[[tissue.regions]]\nname = "second"\ntag = "second"\nalpha = 0.1\n'
        "initial = { K_o = 6.0 }\n",
        "core": f'[[tissue.regions]]\nname = "core"\n'
        f'ball = {{ centre = {mm["core"]}, radius = "70 um" }}\nparameters = {{ k = 0.5 }}\n',
        "membrane": '[membrane]\nmodel = "threshold_release"\n'
        "parameters = { r = 0.0, k = 0.2 }\ntolerance = 1e-8\n",
        "bath": '[[boundary]]\non = "left"\nbath = "8 mM"\nbefore = "3 mM"\n'
        'profile = { kind = "pulse", start = "0.05 s", duration = "0.113 s" }\n',
        "exchange": '[[boundary]]\non = "right"\nexchange = "2 um/s"\noutside = "5 mM"\n',
        "pipette": f'[[source]]\nname = "pipette"\npoint = {mm["pipette"]}\n'
        f'amount = "{2e-7 * 3e-4 ** (d - 1):.6g} mol"\n'
        'profile = { kind = "train", start = "0.1 s", duration = "11 ms", period = "0.05 s", '
        "count = 3 }\n",
        "cloud": f'[[source]]\nname = "cloud"\n'
        f'gaussian = {{ centre = {mm["cloud"]}, radius = "50 um" }}\n'
        f'rate = "{2e-6 * 3e-4 ** (d - 1):.6g} mol/s"\n',
        "load": '[[source]]\nname = "load"\nregion = "second"\nload = "3 mM/s"\n'
        'profile = { kind = "table", file = "course.txt" }\n',
        "event": '[[event]]\nname = "shift"\nregion = "second"\nparameters = { K_rest = "9 mM" }\n'
        'profile = { kind = "pulse", start = "0.13 s", duration = "0.1 s" }\n',
        "second event": '[[event]]\nname = "fast"\nparameters = { k = 1.5 }\n'
        'profile = { kind = "step", start = "0.21 s" }\n',
        **probes,
    }


HEAD = """
[mesh]
file = "mesh.vtu"
unit = "m"
[solver]
rtol = 1e-11
[time]
end = "0.4 s"
step = "20 ms"
adaptive = false
[output]
every = "0.4 s"
series = "0.1 s"
"""


def run_of(folder, mesh, sections, *overrides):
    """Columns of a run on a mesh that goes through a file."""
    folder.mkdir(exist_ok=True)
    write(mesh, folder / "mesh.vtu")
    (folder / "course.txt").write_text(TABLE_TEXT)
    text = HEAD + "".join(sections)
    for word, void in (("rkl2", "rtol = 1e-11\n"), ("substeps", "tolerance = 1e-8\n")):
        if word in " ".join(overrides):  # what has no effect beside it is refused
            text = text.replace(void, "")
    return series(run_here(text, folder / "run", *overrides))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A function of the dimension: the columns of the run as it is written first."""
    known = {}

    def columns(d):
        if d not in known:
            folder = tmp_path_factory.mktemp("plain")
            known[d] = run_of(folder, mesh_of(d), texts(d).values())
            moved = known[d]["K_o@two"]
            assert np.ptp(moved) > 0.05
        return known[d]

    return columns


def check_same(ours, theirs, names=None, rtol=1e-8):
    """Columns agree in all rows."""
    for name in names or theirs:
        scale = np.abs(theirs[name]).max()
        np.testing.assert_allclose(ours[name], theirs[name], rtol=rtol, atol=1e-9 * scale)


def rotation(d):
    """A turn about no axis of the block."""
    turns = [(0, 1, 0.5), (1, 2, 1.1), (0, 2, -0.7)][: {1: 0, 2: 1, 3: 3}[d]]
    matrix = np.eye(d)
    for a, b, angle in turns:
        turn = np.eye(d)
        turn[[a, a, b, b], [a, b, a, b]] = (
            np.cos(angle),
            -np.sin(angle),
            np.sin(angle),
            np.cos(angle),
        )
        matrix = turn @ matrix
    return matrix


def mirror(d, axis):
    return np.diag([-1.0 if k == axis else 1.0 for k in range(d)])


MOVES = {
    **{f"mirror {axis}, {d}-D": (d, mirror(d, axis), 0.0) for d in (1, 2, 3) for axis in range(d)},
    **{f"turn, {d}-D": (d, rotation(d), 0.0) for d in (2, 3)},
    **{f"shift, {d}-D": (d, np.eye(d), 3.1e-4) for d in (1, 2, 3)},
    "point reflection, 3-D": (3, -np.eye(3), 1e-4),
    "exchange of axes, 2-D": (2, np.eye(2)[::-1], 0.0),
    "exchange of axes, 3-D": (3, np.eye(3)[[2, 0, 1]], 0.0),
}


@pytest.mark.parametrize("name", MOVES)
def test_moved(tmp_path, plain, name):
    d, matrix, offset = MOVES[name]
    mesh = mesh_of(d)
    moved = replace(mesh, points=mesh.points @ matrix.T + offset)
    sections = texts(d, lambda x: matrix @ x + offset, lambda v: matrix @ v)
    if name == "mirror 0, 1-D":  # what is limited beside the bath is a tie that round-off decides
        lumped = "solver.theta=0.0"
        theirs = run_of(tmp_path / "plain", mesh, texts(d).values(), lumped)
        check_same(run_of(tmp_path / "run", moved, sections.values(), lumped), theirs)
    else:
        check_same(run_of(tmp_path / "run", moved, sections.values()), plain(d))


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("seed", [0, 1])
def test_renumbered(tmp_path, plain, d, seed):
    """Nodes, cells, corners of cells and facets in any order."""
    mesh, rng = mesh_of(d), np.random.default_rng(seed)
    nodes, cells = rng.permutation(len(mesh.points)), rng.permutation(len(mesh.cells))
    facets, new = rng.permutation(len(mesh.facets)), np.argsort(nodes)
    other = replace(
        mesh,
        points=mesh.points[nodes],
        cells=rng.permuted(new[mesh.cells[cells]], axis=1),
        cell_tags=mesh.cell_tags[cells],
        facets=new[mesh.facets[facets]],
        facet_tags=mesh.facet_tags[facets],
    )
    check_same(run_of(tmp_path / "run", other, texts(d).values()), plain(d))


@pytest.mark.parametrize("d", [1, 2, 3])
def test_a_region_in_two_pieces(tmp_path, plain, d):
    """The right half as two regions with the same settings."""
    mesh, sections = mesh_of(d), texts(d)
    middles = mesh.points[mesh.cells].mean(axis=1)
    outer = (mesh.cell_tags == 2) & (middles[:, -1] > middles[:, -1].mean() + 2e-5)
    assert outer.any()
    two = replace(
        mesh, cell_tags=np.where(outer, 3, mesh.cell_tags), regions={**mesh.regions, "outer": 3}
    )
    for name in ("region", "load", "event"):
        again = sections[name].replace('"second"', '"outer"')
        again = again.replace('name = "load"', 'name = "more"').replace('"shift"', '"again"')
        sections[name] += again
    ours, theirs = run_of(tmp_path / "run", two, sections.values()), plain(d)
    check_same(ours, theirs, [n for n in theirs if n != "source load"])
    whole = ours["source load"] + ours["source more"]
    np.testing.assert_allclose(whole, theirs["source load"], rtol=1e-10)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_entries_in_another_order(tmp_path, plain, d):
    """Of sources, boundaries, probes and events; not of regions, of which the last wins."""
    sections = texts(d)
    fixed = ["tissue", "region", "core", "membrane"]
    others = [name for name in reversed(sections) if name not in fixed]
    others.remove("event"), others.remove("second event")
    order = [*fixed, *others, "event", "second event"]
    check_same(run_of(tmp_path / "run", mesh_of(d), [sections[n] for n in order]), plain(d))


UNITS = [
    ('"8 mM"', '"8000 uM"'),
    ('"3 mM"', '"0.003 mol/L"'),
    ('"5 mM"', '"5 mol/m^3"'),
    ('"2 um/s"', '"2e-4 cm/s"'),
    ('"3 mM/s"', '"180 mM/min"'),
    ('"70 um"', '"0.07 mm"'),
    ('"50 um"', '"5e-5 m"'),
    ('"0.113 s"', '"113 ms"'),
    ('"11 ms"', '"0.011 s"'),
    ('"0.05 s"', '"50 ms"'),
    ('"9 mM"', '"9000 uM"'),
    ("k = 0.5", 'k = "30 1/min"'),
    ("K_o = 6.0", 'K_o = "6000 uM"'),
    (' mol"', 'e9 nmol"'),
    (' mol/s"', 'e12 pmol/s"'),
]


@pytest.mark.parametrize(("old", "new"), UNITS, ids=[new for _, new in UNITS])
def test_the_same_number_in_another_unit(tmp_path, plain, old, new):
    text = "".join(texts(2).values())
    assert old in text
    if new[0] == "e":  # numbers such as 6e-11 become 6e-02
        old_numbers = [x for x in text.split('"') if x.endswith(old.rstrip('"'))]
        for number in old_numbers:
            value = float(number.split()[0]) * float(f"1{new.split()[0]}")
            text = text.replace(f'"{number}"', f'"{value!r} {new.split()[1]}')
    else:
        text = text.replace(old, new)
    assert text != "".join(texts(2).values())
    check_same(run_of(tmp_path / "run", mesh_of(2), [text]), plain(2))


def rises(columns, names=("one", "two", "three")):
    """What the probes rose by, row by row."""
    return np.array([columns[f"K_o@{n}"] - columns[f"K_o@{n}"][0] for n in names])


LINEAR = ("membrane", "probe one", "probe two", "probe three")
MONOTONE = ["solver.theta=0.0", "time.step=10 ms"]  # nothing to limit, which is not linear


@pytest.mark.parametrize("scheme", ["implicit", "rkl2"])
@pytest.mark.parametrize("d", [1, 2])
def test_what_two_sources_do_adds_up(tmp_path, d, scheme):
    sections, mesh = texts(d), brick(COUNTS[d], SIZES[:d])
    sections["cloud"] += sections["pipette"].splitlines()[-1] + "\n"
    base = [sections[n] for n in LINEAR]
    runs = [
        rises(
            run_of(
                tmp_path / "run",
                mesh,
                [*base, *(sections[n] for n in names)],
                *(MONOTONE if scheme == "implicit" else MONOTONE[1:]),
                f"solver.scheme={scheme}",
            )
        )
        for names in (("pipette",), ("cloud",), ("pipette", "cloud"))
    ]
    np.testing.assert_allclose(runs[2], runs[0] + runs[1], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ["bath", "exchange", "cloud"])
def test_twice_as_much_does_twice_as_much(tmp_path, name):
    """K+ above rest is linear in what comes in; 3 mM is rest."""
    sections, mesh = texts(2), brick(COUNTS[2], SIZES[:2])
    double = {"bath": ("8 mM", "13 mM"), "exchange": ("5 mM", "7 mM")}
    old, new = double.get(name, ("rate", "rate"))
    twice = sections[name].replace(old, new)
    if name == "cloud":
        twice += sections[name].replace('"cloud"', '"another"')
    base = [sections[n] for n in LINEAR]
    one, two = (
        rises(run_of(tmp_path / "run", mesh, [*base, more], *MONOTONE))
        for more in (sections[name], twice)
    )
    np.testing.assert_allclose(two, 2 * one, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ["bath", "pipette", "event"])
def test_later_is_the_same_later(tmp_path, name):
    """From rest, 0.1 s later."""
    sections, mesh = texts(2), mesh_of(2)
    region = sections["region"].replace("initial = { K_o = 6.0 }\n", "")
    base = [sections["tissue"], region, *(sections[n] for n in LINEAR)]
    later = sections[name]
    for start in ("0.05 s", "0.1 s", "0.13 s"):
        if f'start = "{start}"' in later:
            shifted = f'start = "{float(start[:-2]) + 0.1:.6g} s"'
            later = later.replace(f'start = "{start}"', shifted)
            break
    one, two = (
        rises(run_of(tmp_path / "run", mesh, [*base, more])) for more in (sections[name], later)
    )
    np.testing.assert_allclose(two[:, 1:], one[:, :-1], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_k_does_not_know_of_ions_that_move_by_themselves(tmp_path, plain, d):
    sections = texts(d)
    sections["tissue"] += 'ions = ["K", { name = "Na", initial = "140 mM" }, "TMA"]\n'
    check_same(run_of(tmp_path / "run", mesh_of(d), sections.values()), plain(d))


@pytest.mark.parametrize(
    "overrides",
    [
        ["solver.scheme=rkl2"],
        ["solver.theta=0.0"],
        ["solver.theta=0.5"],
        ["time.step=5 ms"],
        ["time.adaptive=true", "time.step=5 ms", "time.tolerance=5 uM"],
        ["time.adaptive=true", "time.step=2 ms", "time.tolerance=1 M"],
        ["output.series=20 ms"],
        ["output.every=0.1 s"],
        ["membrane.substeps=4"],
    ],
    ids=lambda o: " ".join(o),
)
@pytest.mark.parametrize("d", [1, 2])
def test_solved_otherwise(tmp_path, plain, d, overrides):
    """Other schemes, steps and intervals: the same but for their error."""
    ours = run_of(tmp_path / "run", mesh_of(d), texts(d).values(), *overrides)
    theirs = plain(d)
    rows = np.searchsorted(ours["t"], theirs["t"] - 1e-9)
    for name in ("one", "two", "three"):
        here = ours[f"K_o@{name}"][rows]
        np.testing.assert_allclose(here, theirs[f"K_o@{name}"], atol=0.12, rtol=0)
    for name in ("source pipette", "source cloud", "source load"):
        np.testing.assert_allclose(ours[name][rows], theirs[name], rtol=1e-11, atol=1e-22)


@pytest.mark.parametrize("processes", [2, 3])
@pytest.mark.parametrize("d", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_on_several_processes(tmp_path, plain, d, processes):
    folder = tmp_path
    write(mesh_of(d), folder / "mesh.vtu")
    (folder / "course.txt").write_text(TABLE_TEXT)
    (folder / "run.toml").write_text(HEAD + "".join(texts(d).values()))
    done = launch(processes, "run", folder / "run.toml", "-o", folder / "run", "--quiet")
    assert done.returncode == 0, done.stderr
    from ecs_model.run.rundir import RunDir

    run = RunDir(folder / "run")
    check_same(series(run), plain(d), rtol=1e-7)
    assert summary(run)["balance"]["relative_error"] < 1e-13
