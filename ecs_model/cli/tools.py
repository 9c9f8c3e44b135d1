"""Commands that show, make or check what runs are made of."""

import sys

from ecs_model.cli.common import add, add_figures, figures
from ecs_model.launcher import rank_and_size


def add_copy(commands):
    """Add `ecs-model copy`."""
    p = add(commands, "copy", _copy, "copy a ready run into your folder")
    p.add_argument("name", nargs="?", help="its name; without one, all are listed")
    p.add_argument("--to", default=".", metavar="DIR", help="where to (default: here)")


def _copy(a):
    from ecs_model import api

    if a.name is None:
        for name, title in api.ready_runs().items():
            print(f"{name:<22}{title}")
    else:
        print(api.copy(a.name, a.to))


def add_template(commands):
    """Add `ecs-model template`."""
    p = add(commands, "template", _template, "print a configuration with every setting explained")
    kinds = p.add_mutually_exclusive_group()
    for kind, what in (("cell", "a single-cell job"), ("scan", "a scan")):
        kinds.add_argument(
            f"--{kind}", action="store_const", const=kind, dest="kind", help=f"that of {what}"
        )
    p.set_defaults(kind="run")


def _template(a):
    from ecs_model import api

    print(api.template(a.kind), end="")


def add_schema(commands):
    """Add `ecs-model schema`."""
    add(commands, "schema", _schema, "print the JSON schema of a configuration, for editors")


def _schema(a):
    import json

    from ecs_model import api

    print(json.dumps(api.schema(), indent=1))


def add_models(commands):
    """Add `ecs-model models`."""
    p = add(commands, "models", _models, "list membrane models, or explain one")
    p.add_argument("name", nargs="?", help="a model, or a Python file with your own")
    p.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=CHOICE",
        dest="options",
        help="choose an option of the model; may be given several times",
    )


def _models(a):
    from ecs_model import api

    print(api.models(a.name, a.options))


def add_law(commands):
    """Add `ecs-model law`."""
    p = add(commands, "law", _law, "list laws of electrochemistry, or evaluate one")
    p.add_argument("name", nargs="?", help="a law; without one, all are listed")
    p.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="ARGUMENT=VALUE",
        dest="settings",
        help='such as k_out="8 mM", or k_out=3.5,8,12 for a table; may be given several times',
    )


def _law(a):
    from ecs_model import api

    print(api.law(a.name, a.settings))


def add_mesh(commands):
    """Add `ecs-model mesh`."""
    p = add(commands, "mesh", _mesh, "make a mesh, write it and picture it")
    p.add_argument(
        "name",
        nargs="?",
        help="a generator, or a configuration whose [mesh] is meant; "
        "without one, generators are listed",
    )
    p.add_argument("settings", nargs="*", metavar="KEY=VALUE", help='such as cell="50 um"')
    p.add_argument("--output", "-o", metavar="FILE", help=".vtu, .xdmf or .msh (default NAME.vtu)")
    add_figures(p)


def _mesh(a):
    from ecs_model import api

    lines = api.mesh(a.name, a.settings, a.output, **figures(a)) if a.name else api.list_meshes()
    print(*lines, sep="\n")


def add_tortuosity(commands):
    """Add `ecs-model tortuosity`."""
    p = add(
        commands,
        "tortuosity",
        _tortuosity,
        "alpha and lambda of a mesh of the space between cells",
        parallel=True,
    )
    p.add_argument("name", help="a mesh generator, or a configuration whose [mesh] is meant")
    p.add_argument("settings", nargs="*", metavar="KEY=VALUE", help='such as cell="0.5 um"')


def _tortuosity(a):
    from ecs_model import api

    found = api.tortuosity(a.name, a.settings)
    if rank_and_size()[0] == 0:
        print(*found.lines(), sep="\n")


def add_doctor(commands):
    """Add `ecs-model doctor`."""
    add(commands, "doctor", _doctor, "check the installation, in less than half a minute")


def _doctor(a):
    from ecs_model.cli import doctor

    return 0 if doctor.examine(sys.stdout) else 1
