"""What the build of the documentation site refuses; `make docs` itself runs in .ci/run."""

import pytest

from docs.extensions import offline


@pytest.mark.parametrize(
    "text",
    [
        '<script async src="https://cdn.example/mathjax.js"></script>',
        '<link rel="stylesheet" href="//cdn.example/a.css">',
        '<img alt="" src="http://cdn.example/a.png">',
        "@font-face { src: url(https://cdn.example/a.woff2) }",
    ],
)
def test_what_a_network_would_bring_is_found(text):
    assert len(offline.loaded(text)) == 1


def test_links_that_a_reader_may_follow_are_fine():
    assert not offline.loaded('<a href="https://example.org">x</a> <img src="_images/a.png">')
