"""What the documentation site does beyond Sphinx and its extensions."""
