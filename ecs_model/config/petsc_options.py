"""Which PETSc options a configuration may give: those of solvers, none that read or write files.

A prefix says of which solver: `transport.petsc_database` lists them.
"""

import re
from typing import Any

PREFIXES = ("diffusion_", "potential_", "limiter_", "synapses_")
_SOLVERS = rf"(?:{'|'.join(PREFIXES)})?"
_BOUNDS = {  # of options that say when a system counts as solved; right sides are tiny, in mol
    "ksp_rtol": (1e-15, 0.1),
    "ksp_atol": (0.0, 1e-30),
    "ksp_divtol": (10.0, 1e300),
    "ksp_max_it": (1, 1_000_000),
}
_PLACE = r"(?:(?:sub|esteig|mg_levels(?:_\d+)?|mg_coarse(?:_sub)?)_)*"
_BLOCK = r"(?:fieldsplit_(?:psi|w)_)?"
_OPTION = re.compile(rf"{_SOLVERS}{_BLOCK}{_PLACE}(?:ksp|pc)_\w+")
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
        if not _OPTION.fullmatch(name) or _WORDS.search(name):
            raise ValueError(
                f"{name} is not allowed: options say how to solve, such as ksp_type or "
                "potential_pc_type; prefixes of solvers are "
                f"{', '.join(PREFIXES)}, and options neither show nor read nor write anything"
            )
        if not _VALUE.fullmatch(str(value)) or str(value) in ("python", "shell"):
            raise ValueError(f"{name} = {value!r} is not allowed: a number or a word is right")
        _refuse_beyond(name, value)
    for prefix in ("", *PREFIXES):
        _refuse_direct(f"{prefix}ksp_type", options)
    for name in options:
        if f"diffusion_{name}" in options:
            raise ValueError(f"{name} and diffusion_{name} are the same option; give one of them")


def _refuse_beyond(name, value):
    """Raise ValueError for a tolerance with which nothing, or all, would count as solved."""
    for ending, (low, high) in _BOUNDS.items():
        if name.endswith(ending):
            try:
                fits = low <= float(value) <= high
            except ValueError:
                fits = False
            if not fits:
                raise ValueError(f"{name} = {value!r}: {low:g} to {high:g} is possible")


def _refuse_direct(name, options):
    kind = options.get(name, "cg")
    if kind not in _ITERATIVE:
        raise ValueError(
            f"{name} = {kind!r} is not allowed: it has to solve step by step from a guess; "
            f"there are {', '.join(_ITERATIVE)}"
        )
