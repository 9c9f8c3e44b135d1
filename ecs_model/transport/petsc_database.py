"""PETSc options of a configuration, given to each solver under its own prefix.

| solver | prefix in `solver.petsc` |
|---|---|
| concentration of every ion | `diffusion_`, or none |
| electric potential; of the glial syncytium and the space outside, both | `potential_` |
| monotone steps of the limiter | `limiter_` |
| what arrives by synapses | `synapses_` |

In PETSc's own database, which PETSC_OPTIONS can add to, `ecs_` comes before the prefix.
"""

import contextlib
from collections.abc import Iterator, Mapping

from ecs_model.native import PETSc

from ecs_model.errors import ConfigError

type Options = Mapping[str, str | int | float]  # name without the leading dash -> value

SOLVERS = ("diffusion", "potential", "limiter", "synapses")
USUAL = "diffusion"  # whose prefix may be left out


def options_of(solver: str, options: Options) -> Options:
    """The options of one of SOLVERS, without its prefix.

    Args:
        solver: its name.
        options: those of all solvers, with their prefixes.
    """
    own = {
        name.removeprefix(f"{solver}_"): value
        for name, value in options.items()
        if name.startswith(f"{solver}_")
    }
    return own | _without_prefix(options) if solver == USUAL else own


def _without_prefix(options):
    prefixes = tuple(f"{solver}_" for solver in SOLVERS)
    return {name: value for name, value in options.items() if not name.startswith(prefixes)}


@contextlib.contextmanager
def petsc_database(solver: str, options: Options, usual: Options | None = None) -> Iterator[str]:
    """PETSc's database holds the options of a solver meanwhile; gives their prefix there.

    Args:
        solver: one of SOLVERS.
        options: for this solver, without its prefix.
        usual: further ones, which `options` and PETSC_OPTIONS override.

    Raises:
        ConfigError: for options that PETSc refuses, or that were not asked for meanwhile.
    """
    prefix = f"ecs_{solver}_"
    database = PETSc.Options(prefix)
    present = {n: v for n, v in (usual or {}).items() if not database.hasName(n)} | dict(options)
    for name, value in present.items():
        database[name] = value
    try:
        yield prefix
        unknown = [name for name in options if not PETSc.Options().used(prefix + name)]
    except PETSc.Error as error:
        raise ConfigError(_refusal(solver, options, error)) from None
    finally:
        for name in present:
            database.delValue(name)
    _refuse_unknown(solver, unknown)


def _refusal(solver, options, error):
    given = ", ".join(f"{_shown(solver, n)} = {value!r}" for n, value in options.items())
    return (
        f"solver.petsc: PETSc cannot use {given} ({_words(error)}); see the names in its "
        "manual, without the leading dash"
    )


def _refuse_unknown(solver, unknown):
    if unknown:
        names = ", ".join(_shown(solver, name) for name in unknown)
        raise ConfigError(
            f"solver.petsc: PETSc knows no option {names} for this solver; names are those of its "
            "manual without the leading dash, such as ksp_type"
        )


def _shown(solver, name):
    """An option as it stands in the configuration."""
    return name if solver == USUAL else f"{solver}_{name}"


def _words(error):
    """The sentence in a PETSc error that says what is wrong."""
    lines = [line.partition("] ")[2] for line in str(error).splitlines()]
    said = [line for line in lines if line and "() at /" not in line]
    return (said[-1] if said else f"error {error.ierr}").rstrip(".")
