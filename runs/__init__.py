"""Ready runs: commented TOML files, data only."""

import shutil
from importlib import resources


def names():
    """Names of all ready runs."""
    return [name for name in _files() if not name.startswith("scan_")]


def scan_names():
    """Names of all ready scans."""
    return [name for name in _files() if name.startswith("scan_")]


def _files():
    files = resources.files(__name__).iterdir()
    return sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml"))


def all_names():
    """Names of all that is ready: runs, scans, single-cell jobs."""
    return [*names(), *scan_names(), *cell_names()]


def cell_names():
    """Names of all ready single-cell jobs, such as "cell/bistability"."""
    files = (resources.files(__name__) / "cell").iterdir()
    return sorted(f"cell/{f.name.removesuffix('.toml')}" for f in files if f.name.endswith(".toml"))


def path(name):
    """The file of a ready run or single-cell job."""
    return resources.files(__name__) / f"{name}.toml"


def copy_data(name, folder):
    """Copy what a ready run reads, if that is anything, into a folder that is not there yet."""
    data = resources.files(__name__) / name
    if data.is_dir():
        with resources.as_file(data) as source:
            shutil.copytree(source, folder)
