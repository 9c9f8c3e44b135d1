"""A phantom, written once."""

import pytest

from tests.imaging import phantom


@pytest.fixture(scope="session")
def body(tmp_path_factory):
    """Path of the mesh of the body, in mm of the world."""
    path = tmp_path_factory.mktemp("body") / "body.vtu"
    phantom.write_mesh(path)
    return path


@pytest.fixture(scope="session")
def scans(tmp_path_factory):
    """A Scan of every direction of the voxel axes, by its name."""
    folder = tmp_path_factory.mktemp("scans")
    return {axes: phantom.Scan.along(folder / axes, axes).write() for axes in phantom.SIGNS}


@pytest.fixture(scope="session")
def scan(scans):
    """The Scan whose voxels run left, backwards and up."""
    return scans["lps"]
