"""Functions that show, make or copy what runs are made of."""

from functools import partial
from pathlib import Path

from ecs_model.api.results import check_figures, drawn
from ecs_model.errors import ConfigError


def ready_runs():
    """Names of the runs and single-cell jobs that come with the program, and their titles."""
    import tomllib

    from ecs_model import runs

    names = runs.all_names()
    return {name: tomllib.loads(runs.path(name).read_text())["title"] for name in names}


def copy(name, to="."):
    """Copy a ready run, and the images that it reads, into a folder; the path of the copy.

    Raises:
        ConfigError: if there is no such run, or if it is there already.
    """
    from ecs_model import __version__, runs
    from ecs_model.files import atomic

    target = Path(to, f"{Path(name).name}.toml")
    names = runs.all_names()
    if name not in names:
        raise ConfigError(f"no ready run '{name}'; there are {', '.join(names)}")
    for path in (target, target.with_suffix("")):
        if path.exists():
            raise ConfigError(f"{path} exists already; rename it, or give another folder with --to")
    note = f"# copied from ecs-model {__version__}\n"
    with atomic.explained(target):
        runs.copy_data(name, target.with_suffix(""))
    atomic.write_text(target, note + runs.path(name).read_text())
    return target


def template(kind="run"):
    """A TOML text with every setting, its default and its meaning.

    Args:
        kind: run, cell or scan.
    """
    from ecs_model.config import template

    if kind == "cell":
        from ecs_model.cell.config import CellConfig

        return template.template(CellConfig, template.CELL)
    if kind == "scan":
        from ecs_model.scan.config import ScanConfig

        return template.template(ScanConfig, template.SCAN)
    return template.template()


def schema():
    """The JSON schema of a configuration."""
    from ecs_model.config.run import Config

    return Config.model_json_schema()


def models(name=None, options=()):
    """Text about all membrane models, or about one: states, parameters, units, sources.

    Args:
        name: of a built-in model, or path of a file with the user's own, or with mechanisms.
        options: texts such as "gates=h".

    Raises:
        ConfigError: for names, files and options that are not there.
    """
    from ecs_model.membrane import describe

    if name is None and options:
        raise ConfigError(f"--option {options[0]}: has no effect without the name of a model")
    return describe.overview() if name is None else describe.about(name, options)


def law(name=None, settings=()):
    """Text about all laws, or the value of one.

    Args:
        name: of a law.
        settings: texts such as "c_in=140 mM"; several values after commas give a table.

    Raises:
        ConfigError: for unknown names, wrong units and values that make no sense.
    """
    from ecs_model.physics import law_lookup

    return law_lookup.overview() if name is None else law_lookup.about(name, settings)


def list_meshes():
    """Lines about all mesh generators and what they take."""
    from ecs_model.meshes import describe

    return describe.generators()


def mesh(name, settings=(), output=None, formats=None, width=None, theme="light"):
    """Make a mesh, write it and picture it; lines that say what it is like and where it is.

    Args:
        name: of a generator, or path of a configuration whose [mesh] is meant.
        settings: texts such as 'cell="50 um"'.
        output: .vtu, .xdmf or .msh file; NAME.vtu by default.
        formats: of the picture: of png, pdf, svg; PNG if None.
        width: of the picture [mm]; both columns of a page if None.
        theme: of the picture: "light", for paper, or "dark", for a dark page.

    Raises:
        ConfigError: for wrong settings, a mesh that cannot be used, or what `plot` refuses.
    """
    from ecs_model.config import reader
    from ecs_model.meshes import meshdata
    from ecs_model.postprocess.mesh_picture import pictures
    from ecs_model.run.building.mesh import mesh_data

    check_figures(formats, width, theme)
    chosen = reader.read_mesh_settings(name, settings)
    data = mesh_data(chosen, Path(name).parent if name.endswith(".toml") else ".")
    path = Path(output or f"{Path(name).stem}.vtu")
    meshdata.write(data, path)
    images = drawn(partial(pictures, data, name=path.stem), path, formats, width, theme)
    return [meshdata.quality(data).text(), f"written: {', '.join(map(str, [path, *images]))}"]
