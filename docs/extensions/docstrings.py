"""Docstrings are plain text: indented formulas, stars and colons stay as they are."""

import re


def literal(lines):
    """The lines with every indented block after an empty line marked as literal.

    Sections such as "Args:" are left alone, since their heading comes right before them.
    """
    made = []
    for i, line in enumerate(lines):
        begins = line.startswith("    ") and i and not lines[i - 1].strip()
        if begins and not _inside(lines[:i]):
            made += ["::", ""]
        made.append(line)
    return made


def _inside(before):
    """Whether what comes after these lines belongs to a section or an indented block."""
    last = next((line for line in reversed(before) if line.strip()), "")
    return last.startswith("    ")


def process(app, what, name, obj, options, lines):
    """Prepare a docstring for Sphinx, in place."""
    if what in ("property", "attribute"):
        lines[:] = [line.replace(": ", "; ") for line in lines]
    if what == "class":  # two attributes in one entry
        lines[:] = [re.sub(r"^(    \w+), (\w+): ", r"\1: with `\2`, ", line) for line in lines]
    lines[:] = literal([re.sub(r"\(\*\*(?=\w)", r"(\*\*", line) for line in lines])


def skip(app, what, name, obj, skipped, options):
    """Leave out what a record has as a tuple: its fields are told by `ecs-model models`."""
    return type(obj).__name__ == "_tuplegetter" or skipped


def setup(app):
    """Prepare docstrings before they are read as those of Google's style."""
    app.connect("autodoc-process-docstring", process, priority=400)
    app.connect("autodoc-skip-member", skip)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
