"""The order of the rooms is part of the design: modules import from their own or from below."""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

import ecs_model

ROOT = Path(ecs_model.__file__).parents[1]

LAYERS = [
    {"errors", "units"},
    {"cache", "launcher", "limits", "memory"},
    {"quantities", "record"},
    {"files", "runs"},
    {"physics"},
    {"inference"},
    {"membrane", "meshes", "point_source"},
    {"config"},
    {"native"},  # MPI, PETSc and DOLFINx
    {"parallel"},
    {"tissue"},
    {"transport"},
    {"run"},
    {"postprocess"},
    {"cell"},
    {"scan"},
    {"api"},
    {"cli"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
WITH_MPI = {"native", "parallel", "tissue", "transport", "run", "scan"}
HOLDS_CONFIGURATION = (  # everybody else takes small records of what it needs
    "ecs_model.config",
    "ecs_model.run.build",
    "ecs_model.run.building",
    "ecs_model.run.origin",
    "ecs_model.cell",
    "ecs_model.scan",
    "ecs_model.api",
    "ecs_model.cli",
)
SHORT = "ecs_model.meshes.meshdata"  # has short names for what others do: read, write, judge
FRONT, GROUND = {"cli", "api"}, {"files", "runs"}  # one floor each, the ground with all flat files
FLOORS = 9  # that a way down through the rooms may pass, at most
FLAT = 12  # files beside the rooms, at most


def modules():
    """Pairs of the room of a module, or its name if it lies beside the rooms, and its path."""
    for folder in ("ecs_model", "meshes", "postprocess", "runs"):
        for path in (ROOT / folder).rglob("*.py"):
            if folder == "ecs_model" and path.name in ("__init__.py", "__main__.py"):
                if path.parent == ROOT / "ecs_model":
                    continue
            own = path.relative_to(ROOT / "ecs_model").parts[0] if folder == "ecs_model" else folder
            yield own.removesuffix(".py"), path


def imports(path):
    """The rooms, or modules beside them, that a module imports from."""
    for name in imported(path):
        if (first := name.split(".")[1]) in LEVEL:
            yield first


def imported(path):
    """Dotted names that a module imports from the package."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "ecs_model":
            yield from (f"{node.module}.{a.name}" for a in node.names)
        elif isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.startswith("ecs_model."))


def dotted(path):
    """The dotted name of a module."""
    parts = [*path.relative_to(ROOT).with_suffix("").parts]
    parts = parts if parts[0] == "ecs_model" else ["ecs_model", *parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_every_module_has_a_place():
    assert {own for own, _ in modules()} == set(LEVEL)


def test_modules_import_only_from_below():
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for own, path in modules()
        for name in imports(path)
        if name != own and LEVEL[name] >= LEVEL[own]
    ]
    assert not wrong


def test_no_modules_import_each_other():
    paths = {dotted(path): path for _, path in modules()}
    graph = {
        own: {
            next((n for n in (name, name.rpartition(".")[0]) if n in paths), own)
            for name in imported(path)
        }
        - {own, own.rpartition(".")[0]}
        for own, path in paths.items()
    }
    graph[SHORT] = {name for name in graph[SHORT] if ".meshes." not in name}
    graphlib.TopologicalSorter(graph).prepare()


def floor(name):
    """The room of a module; those of the front are one, as are those of the ground."""
    is_room = any((folder / name).is_dir() for folder in (ROOT, ROOT / "ecs_model"))
    if name in FRONT:
        return "front"
    return name if is_room and name not in GROUND else "ground"


def test_few_floors():
    """The longest way down, from room to room, as modules import each other."""
    below = {}
    for own, path in modules():
        below.setdefault(floor(own), set()).update(map(floor, imports(path)))
    heights = {}
    for room in graphlib.TopologicalSorter({k: v - {k} for k, v in below.items()}).static_order():
        heights[room] = 1 + max((heights[lower] for lower in below[room] - {room}), default=0)
    assert heights["ground"] == 1 and max(heights.values()) == heights["front"]
    assert heights["front"] <= FLOORS, heights


def holds_configuration(name):
    """Whether a module may see a configuration, by its dotted name."""
    return any(name == room or name.startswith(f"{room}.") for room in HOLDS_CONFIGURATION)


def classes(path):
    """Definitions of the classes of a module."""
    return [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]


def is_section(definition):
    """Whether a class is a section of a configuration: made of `Strict`, or that itself."""
    bases = {base.id for base in definition.bases if isinstance(base, ast.Name)}
    return definition.name == "Strict" or "Strict" in bases


def names_in(path):
    """Every name that the code of a module reads: of variables, arguments and what it imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).rpartition(".")[2]


def test_only_the_builder_imports_what_a_configuration_is_made_of():
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for _, path in modules()
        if not holds_configuration(dotted(path))
        for name in imported(path)
        if name == "ecs_model.config" or name.startswith("ecs_model.config.")
    ]
    assert not wrong


def test_only_the_builder_takes_a_configuration():
    """In its room and those below, nobody else names a class of it or calls a thing so."""
    paths = {dotted(path): (own, path) for own, path in modules()}
    sections = {c.name for _, p in paths.values() for c in classes(p) if is_section(c)}
    sections -= {c.name for _, p in paths.values() for c in classes(p) if not is_section(c)}
    assert {"Config", "Tissue", "Solver", "Output", "Time"} <= sections
    wrong = [
        f"{path.relative_to(ROOT)} names {name}"
        for module, (own, path) in paths.items()
        if own in ("run", "transport", "tissue") and not holds_configuration(module)
        for name in sorted({*names_in(path)} & {"config", "settings", *sections})
    ]
    assert not wrong


def test_few_files_lie_beside_the_rooms():
    assert len([*(ROOT / "ecs_model").glob("*.py")]) <= FLAT


@pytest.mark.parametrize(
    "module",
    [
        "ecs_model.membrane",
        "ecs_model.config.reader",
        "ecs_model.postprocess",
        "ecs_model.cell.job",
        "ecs_model.cli",
        "ecs_model.scan.driver",
    ],
)
def test_half_of_the_package_needs_no_mpi(module):
    code = f"import sys, {module}; sys.exit(bool({{'mpi4py', 'dolfinx'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_model_is_read_when_it_is_asked_for():
    code = (
        "import sys, ecs_model.membrane as m; 'none' in m.MODELS; m.MODELS['nagumo'];"
        "read = {n.rpartition('.')[2] for n in sys.modules if '.membrane.models.' in n};"
        "sys.exit(read != {'nagumo'} or len(m.MODELS) != len([*m.MODELS.values()]))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_help_loads_neither_mpi_nor_numpy():
    code = (
        "import sys; from ecs_model.cli import _parser; _parser().format_help();"
        "sys.exit(bool({'mpi4py', 'numpy', 'pydantic'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_run_loads_no_library_that_draws_or_that_it_does_not_need(tmp_path):
    (tmp_path / "run.toml").write_text(
        '[mesh]\ngenerator = "interval"\nlength = "1 mm"\ncell = "0.1 mm"\n'
        '[membrane]\nmodel = "barreto_cressman"\n[time]\nend = "0.1 s"\n'
        '[output]\nevery = "0.1 s"\nseries = "0.1 s"\n'
    )
    code = (
        "import sys; from ecs_model import api;"
        "assert api.run('run.toml', 'out', quiet=True).code == 0;"
        "heavy = {'scipy', 'matplotlib', 'pyvista', 'gmsh', 'meshio', 'tqdm'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
