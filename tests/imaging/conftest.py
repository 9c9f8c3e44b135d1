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
def scan(tmp_path_factory):
    """The Scan whose voxels run left, backwards and up."""
    return phantom.Scan.along(tmp_path_factory.mktemp("scan")).write()
