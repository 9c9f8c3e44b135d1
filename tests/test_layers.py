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
SHORT = "ecs_model.meshes.meshdata"  # has short names for what others do: read, write, judge
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
        own: {next((n for n in (name, name.rpartition(".")[0]) if n in paths), own)
              for name in imported(path)} - {own, own.rpartition(".")[0]}
        for own, path in paths.items()
    }  # fmt: skip
    graph[SHORT] = {name for name in graph[SHORT] if ".meshes." not in name}
    graphlib.TopologicalSorter(graph).prepare()


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


def test_help_loads_neither_mpi_nor_numpy():
    code = (
        "import sys; from ecs_model.cli import _parser; _parser().format_help();"
        "sys.exit(bool({'mpi4py', 'numpy', 'pydantic'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
