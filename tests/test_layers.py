"""The import order is part of the design: a module imports only from layers below its own."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ecs_model

ROOT = Path(ecs_model.__file__).parents[1]

LAYERS = [
    {"units", "errors"},
    {"limits"},
    {"cache", "memory", "locks"},
    {"foreign", "named_files", "versions", "petsc_options", "whereabouts"},
    {"record", "codegen", "derivative", "quantities", "launcher", "atomic", "hdf5", "ions"},
    {
        "electrochemistry",
        "schemes",
        "instants",
        "ctemplates",
        "detectors",
        "fronts",
        "regimes",
        "clock",
        "profile",
        "compiler",
        "xdmf",
        "meshdata",
        "settings",
        "tablefile",
        "states",
    },
    {"trust"},
    {"transporters", "energetics", "gating", "events", "metabolism", "point_source"},
    {"fit"},
    {"post_albers", "nernst_planck", "places"},
    {"membrane", "fieldfile", "meshes"},
    {"config", "kernel", "rundir", "values", "runs", "laws", "telling", "forecast"},
    {
        "read",
        "reaction",
        "meshing",
        "meaning",
        "simulation",
        "progress",
        "template",
        "tables",
        "lookup",
        "postprocess",
    },
    {"cell", "curves"},
    {"native"},  # MPI, PETSc and DOLFINx from here on
    {"parallel", "provenance", "sound"},
    {"origin"},
    {"mesh"},
    {"stimulus", "tissue", "operators"},
    {"ledger", "sampling", "spending"},
    {"observers", "tracker"},
    {"limiter", "following", "passage"},
    {"diffusion", "linefronts", "rkl2", "checkpoint", "layout", "supply", "potential"},
    {"electrodiffusion", "restart", "summary"},
    {"syncytium"},
    {"network"},
    {"assemble", "output", "profiling"},
    {"session", "strip", "trials"},
    {"estimate", "rehearsal", "doctor", "scan"},
    {"api"},
    {"cli"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
FIRST_WITH_MPI = LEVEL["native"]
WITHIN = {  # modules of one layer that may use each other
    ("meshdata", "meshes"),  # the short names of reading, writing and judging a mesh
}


def modules():
    for folder in ("ecs_model", "meshes", "postprocess", "runs"):
        for path in (ROOT / folder).rglob("*.py"):
            if folder == "ecs_model" and path.name in ("__init__.py", "__main__.py"):
                if path.parent == ROOT / "ecs_model":
                    continue
            own = path.relative_to(ROOT / "ecs_model").parts[0] if folder == "ecs_model" else folder
            yield own.removesuffix(".py"), path


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "ecs_model":
            yield from (a.name for a in node.names if a.name in LEVEL)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ecs_model."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("ecs_model."))


def test_every_module_has_a_layer():
    assert {own for own, _ in modules()} == set(LEVEL)


def test_modules_import_only_from_below():
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for own, path in modules()
        for name in imports(path)
        if name != own and LEVEL[name] >= LEVEL[own] and (own, name) not in WITHIN
    ]
    assert not wrong


@pytest.mark.parametrize(
    "module",
    [
        "ecs_model.membrane",
        "ecs_model.postprocess",
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
