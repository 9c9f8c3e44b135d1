"""Which PETSc options a configuration may give: those of solvers, none that read or write files."""

import re
from typing import Any

_PLACE = r"(?:(?:sub|esteig|mg_levels(?:_\d+)?|mg_coarse(?:_sub)?)_)*"
_SOLVER = re.compile(rf"{_PLACE}(?:ksp|pc)_\w+")
_WORDS = re.compile(  # parts of names of options that show, write, read or run something
    r"(?:^|_)(?:view\w*|monitor\w*|converged|reason|plot|print\w*|file\w*|dir|tmpdir|dump|log\w*|"
    r"python|shell|load|save|lib\w*|statistics|info|draw|out|output|prefix|options)(?:_|$)"
)
_VALUE = re.compile(r"[\w.+-]*(?:,[\w.+-]+)*")
_ITERATIVE = (
    "bcgs",
    "bcgsl",
    "cg",
    "cgls",
    "cr",
    "dgmres",
    "fbcgs",
    "fcg",
    "fgmres",
    "gcr",
    "gmres",
    "groppcg",
    "ibcgs",
    "lgmres",
    "minres",
    "pipecg",
    "pipecr",
    "pipefcg",
    "symmlq",
    "tfqmr",
)


def refuse_options(options: dict[str, Any]) -> None:
    """Raise ValueError for an option that does not only say how to solve.

    Args:
        options: name without the leading dash -> value.
    """
    for name, value in options.items():
        if not _SOLVER.fullmatch(name) or _WORDS.search(name):
            raise ValueError(
                f"{name} is not allowed: options say how to solve, such as ksp_type or pc_type, "
                "they neither show nor read nor write anything"
            )
        if not _VALUE.fullmatch(str(value)) or str(value) in ("python", "shell"):
            raise ValueError(f"{name} = {value!r} is not allowed: a number or a word is right")
    kind = options.get("ksp_type", "cg")
    if kind not in _ITERATIVE:
        raise ValueError(
            f"ksp_type = {kind!r} is not allowed: it has to solve step by step from a guess; "
            f"there are {', '.join(_ITERATIVE)}"
        )
