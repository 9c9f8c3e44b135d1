"""alpha, tortuosity, parameters, initial states: numbers, regions, arrays, fields of a mesh."""

from dataclasses import replace

import numpy as np
import pytest

from ecs_model.errors import ConfigError
from ecs_model.meshes import meshdata, rectangle
from ecs_model.run import runner
from ecs_model.run.field_series import read_field, read_mesh
from ecs_model.tissue.input_fields import read_array
from tests.helpers import brick, run_here, series, summary

TEXT = """
title = "fields"
[mesh]
generator = "box"
size = ["0.2 mm", "0.2 mm", "0.2 mm"]
cell = "50 um"
[tissue]
alpha = {alpha}
tortuosity = {tortuosity}
[membrane]
model = "pump_leak"
parameters = {{ J_max = {j_max} }}
initial = {{ K_o = {k_o} }}
[time]
end = "2 s"
[output]
every = "1 s"
fields = ["K_o", "V", "Na_i"]
precision = "double"
"""


def run(tmp_path, name="run", **values):
    given = {"alpha": "0.2", "tortuosity": "1.6", "j_max": "500", "k_o": '"6 mM"'} | values
    return run_here(TEXT.format(**given), tmp_path / name)


def final(run, name="K_o"):
    return read_field(run.path, name, -1)


def test_a_constant_array_is_the_number(tmp_path):
    np.save(tmp_path / "cells.npy", np.full(6 * 4**3, 0.2))
    number = run(tmp_path)
    for factor, unit in ((1.0, "mol/m^2/s"), (1e9, "nmol/m^2/s"), (1e2, "umol/cm^2/s")):
        np.save(tmp_path / "nodes.npy", np.full(5**3, factor * 500.0e-9))
        pump = f'{{ file = "nodes.npy", unit = "{unit}" }}'
        arrays = run(tmp_path, f"in{factor}", alpha='{ file = "cells.npy" }', j_max=pump)
        np.testing.assert_allclose(final(arrays), final(number), rtol=1e-9)


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        ("", r'j_max|J_max: say which unit the numbers of the array have: unit = "nmol/m\^2/s"'),
        (', unit = "mM"', "'1 mM' is a concentration; a flux is needed here"),
        (', unit = "furlong"', "'1 furlong' is not a flux"),
    ],
)
def test_an_array_tells_its_unit(tmp_path, unit, words):
    np.save(tmp_path / "nodes.npy", np.full(5**3, 500.0))
    with pytest.raises(ConfigError, match=words):
        run(tmp_path, j_max=f'{{ file = "nodes.npy"{unit} }}')


def test_a_parameter_over_nodes_acts_where_it_differs(tmp_path):
    points, _, _ = read_mesh(run(tmp_path).path)
    weak = points[:, 0] < 0.1
    np.save(tmp_path / "pump.npy", np.where(weak, 0.0, 960e-9))
    K = final(run(tmp_path, "half", j_max='{ file = "pump.npy", unit = "mol/m^2/s" }'))
    assert K[weak].mean() > K[~weak].mean() + 0.1


def test_an_initial_state_over_nodes(tmp_path):
    points, _, _ = read_mesh(run(tmp_path).path)
    np.save(tmp_path / "k.npy", 3.0 + points[:, 2])
    made = run(tmp_path, "graded", k_o='{ file = "k.npy" }')
    np.testing.assert_allclose(read_field(made.path, "K_o", 0), 3.0 + points[:, 2], rtol=1e-12)


def test_fields_of_a_mesh_file(tmp_path):
    """A .vtu with alpha in cells, fibres at nodes: the same as numbers where they are constant."""
    plain = brick([4, 4, 4], [2e-4] * 3)
    data = replace(
        plain,
        cells=meshdata.orient(plain),
        node_fields={"fibres": np.tile([0.0, 0.0, 2.0], (len(plain.points), 1))},
        cell_fields={"vf": np.full(len(plain.cells), 0.15)},
    )
    meshdata.write(data, tmp_path / "tissue.vtu")
    common = TEXT.replace('generator = "box"', 'file = "tissue.vtu"\nunit = "m"')
    common = common.replace('size = ["0.2 mm", "0.2 mm", "0.2 mm"]\ncell = "50 um"\n', "")
    made = []
    for name, alpha, where in (
        ("file", '{ field = "vf" }', 'field = "fibres"'),
        ("number", "0.15", "direction = [0, 0, 1]"),
    ):
        text = common.format(
            alpha=alpha,
            tortuosity=f"{{ parallel = 1.2, across = 2.0, {where} }}",
            j_max="500",
            k_o='"6 mM"',
        )
        made.append(final(run_here(text, tmp_path / name)))
    np.testing.assert_allclose(made[0], made[1], rtol=1e-9)


AS_MANY = 12  # nodes and cells of two by three squares, each cut in two


def as_many(tmp_path, **fields):
    """The text of a run on a mesh with as many nodes as cells, and the mesh itself."""
    mesh = replace(rectangle((2e-4, 3e-4), 1e-4), **fields)
    assert len(mesh.points) == len(mesh.cells) == AS_MANY
    meshdata.write(mesh, tmp_path / "tissue.vtu")
    text = TEXT.replace('generator = "box"', 'file = "tissue.vtu"\nunit = "m"')
    return text.replace('size = ["0.2 mm", "0.2 mm", "0.2 mm"]\ncell = "50 um"\n', ""), mesh


def start(text, folder, alpha="0.2", k_o='"6 mM"'):
    """alpha over cells and K_o over nodes, as a run begins."""
    text = text.format(alpha=alpha, tortuosity="1.6", j_max="500", k_o=k_o)
    made = run_here(text.replace('"2 s"', '"0.1 s"').replace('"1 s"', '"0.1 s"'), folder)
    return read_mesh(made.path)[2]["alpha"], read_field(made.path, "K_o", 0)


def test_as_many_nodes_as_cells(tmp_path):
    """Nodal values become means over corners, contents of cells what is around a node."""
    at_nodes, at_cells = np.linspace(0.1, 0.3, AS_MANY), np.linspace(3.0, 8.0, AS_MANY)
    text, mesh = as_many(tmp_path, node_fields={"a": at_nodes}, cell_fields={"k": at_cells})
    means = at_nodes[mesh.cells].mean(axis=1)
    touching = (mesh.cells == np.arange(AS_MANY)[:, None, None]).any(axis=2)
    around = touching @ (means * at_cells) / (touching @ means)
    np.save(tmp_path / "a.npy", at_nodes)
    np.save(tmp_path / "k.npy", at_cells)
    for name, a, k in (
        ("fields", 'field = "a"', 'field = "k"'),
        ("of a file", 'file = "tissue.vtu", field = "a"', 'file = "tissue.vtu", field = "k"'),
        ("arrays", 'file = "a.npy", at = "nodes"', 'file = "k.npy", at = "cells"'),
    ):
        alpha, k_o = start(text, tmp_path / name, alpha=f"{{ {a} }}", k_o=f"{{ {k} }}")
        np.testing.assert_allclose(alpha, means, rtol=1e-12)
        np.testing.assert_allclose(k_o, around, rtol=1e-12)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ('file = "a.npy"', r"tissue\.alpha: the mesh has as many cells as nodes, 12; say"),
        ('field = "both"', r"tissue\.alpha: the mesh has a field 'both' at nodes and one at cells"),
        (
            'file = "tissue.vtu", field = "both"',
            r"tissue\.vtu: has a field 'both' at nodes and one",
        ),
        ('field = "k", at = "nodes"', r"no field 'k' at nodes; it has both \(at nodes\), both"),
    ],
)
def test_where_values_lie_is_not_guessed(tmp_path, setting, words):
    values = np.full(AS_MANY, 0.2)
    cells = {"both": values, "k": values}
    text, _ = as_many(tmp_path, node_fields={"both": values + 0.1}, cell_fields=cells)
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(ConfigError, match=words):
        start(text, tmp_path / "run", alpha=f"{{ {setting} }}")


def test_which_of_two_fields_of_one_name_is_meant(tmp_path):
    fields = {"node_fields": {"a": np.full(AS_MANY, 0.1)}, "cell_fields": {"a": np.full(12, 0.3)}}
    text, _ = as_many(tmp_path, **fields)
    for at, value in (("nodes", 0.1), ("cells", 0.3)):
        alpha, _ = start(text, tmp_path / at, alpha=f'{{ field = "a", at = "{at}" }}')
        np.testing.assert_allclose(alpha, value)


def test_values_at_the_wrong_places(tmp_path):
    np.save(tmp_path / "a.npy", np.full(5**3, 0.2))
    with pytest.raises(ConfigError, match="125 values at cells; the mesh has 125 nodes and 384"):
        run(tmp_path, alpha='{ file = "a.npy", at = "cells" }')


def test_endings_of_arrays_in_upper_case(tmp_path):
    with open(tmp_path / "A.NPY", "wb") as file:
        np.save(file, np.full(6 * 4**3, 0.15))
    made = run(tmp_path, alpha='{ file = "A.NPY" }')
    np.testing.assert_allclose(read_mesh(made.path)[2]["alpha"], 0.15)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.full(7, 0.2), "7 values"),
        (np.full(384, 1.2), "between 0.0001 and 0.9999"),
        (np.full(384, np.nan), "alpha"),
    ],
)
def test_wrong_arrays_are_named(tmp_path, values, words):
    np.save(tmp_path / "a.npy", values)
    with pytest.raises(ConfigError, match=words):
        run(tmp_path, alpha='{ file = "a.npy" }')


def test_regions_of_the_mesh_and_of_shapes(tmp_path):
    text = TEXT.format(alpha="0.2", tortuosity="1.6", j_max="960", k_o="3.5")
    text += """
[[tissue.regions]]
name = "rod"
cylinder = { centre = ["0.1 mm", "0.1 mm", "0 mm"], axis = [0, 0, 1], radius = "60 um" }
alpha = 0.05
parameters = { J_max = 0 }
[[tissue.regions]]
name = "all"
tag = "tissue"
tortuosity = 1.7
"""
    found = summary(run_here(text, tmp_path / "run"))
    assert 4.0 < found["max_K_o"] < 8.0  # 1.95 mM/s times 2 s where nothing clears it
    assert found["balance"]["relative_error"] < 1e-12


@pytest.mark.parametrize("name", ["pump.npy", "pulse.csv"])
def test_a_run_does_not_go_on_with_other_contents_of_its_files(tmp_path, name):
    source = """
[[source]]
name = "s"
point = ["0.1 mm", "0.1 mm", "0.1 mm"]
rate = "1 fmol/s"
profile = { kind = "table", file = "pulse.csv" }
"""
    np.save(tmp_path / "pump.npy", np.full(5**3, 500.0))
    (tmp_path / "pulse.csv").write_text("0,0\n1,1\n")
    pump = '{ file = "pump.npy", unit = "nmol/m^2/s" }'
    text = TEXT.format(alpha="0.2", tortuosity="1.6", j_max=pump, k_o='"6 mM"')
    run = run_here(text + source, tmp_path / "run")
    kept = (tmp_path / name).read_bytes()
    np.save(tmp_path / "other.npy", np.full(5**3, 400.0))
    other = {"pump.npy": (tmp_path / "other.npy").read_bytes(), "pulse.csv": b"0,0\n1,2\n"}
    (tmp_path / name).write_bytes(other[name])
    with pytest.raises(ConfigError, match=f"another content of a file .{name} changed"):
        runner.resume(run.path, quiet=True, overrides=["time.end=3 s"])
    (tmp_path / name).write_bytes(kept)
    assert runner.resume(run.path, quiet=True, overrides=["time.end=3 s"]) == 0


@pytest.mark.parametrize("piece", [b"\0" * 9, b"[[", b"#", b"\xff\xfe", b"nan"])
def test_a_torn_head_of_an_array_is_one_sentence(tmp_path, piece):
    np.save(tmp_path / "a.npy", np.full(16, 0.2))
    whole = (tmp_path / "a.npy").read_bytes()
    for place in range(128):
        (tmp_path / "a.npy").write_bytes(whole[:place] + piece + whole[place:])
        with pytest.raises(ConfigError, match="not an array of numbers"):
            read_array(tmp_path / "a.npy", None)


def test_the_name_of_an_ion_is_its_field(tmp_path):
    """Outside, once, whether one or the other name is given."""
    text = TEXT.format(alpha="0.2", tortuosity="1.6", j_max="500", k_o='"6 mM"')
    ions = 'ions = ["K", { name = "TMA", initial = "1 mM" }]\n[membrane]'
    asked = 'output.fields=["TMA", "K", "V", "TMA_o"]'
    probe = '[[probe]]\nname = "p"\nat = ["0.1 mm", "0.1 mm", "0.1 mm"]\n'
    run = run_here(text.replace("[membrane]", ions) + probe, tmp_path / "run", asked)
    assert read_field(run.path, "TMA_o", 1) == pytest.approx(1.0)
    assert [n for n in series(run) if n.endswith("@p")] == ["K_o@p", "TMA_o@p", "V@p"]
