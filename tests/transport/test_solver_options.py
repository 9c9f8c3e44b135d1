"""PETSc options of a configuration reach the solver that they name, and no other."""

from ecs_model.native import MPI

import numpy as np
import pytest

from ecs_model.config.petsc_options import PREFIXES, refuse_options
from ecs_model.errors import ConfigError
from ecs_model.run.field_series import read_field
from ecs_model.transport.diffusion import Diffusion
from ecs_model.transport.electrodiffusion import Electrodiffusion
from ecs_model.transport.flux_correction import monotone_solver
from ecs_model.transport.petsc_database import SOLVERS, options_of
from tests.helpers import line, run_here
from tests.transport.stepped import SYNCYTIUM, built
from tests.transport.test_ions import mixture, parts, uniform

IN_FIELD = {"transport": "electrodiffusion", "cable": "true", "swelling": "false"}
GROUNDED = IN_FIELD | {"transport": "diffusion"}
WITHOUT = {"syncytium = { tortuosity = 2.0, cable = true }": ""}


def transport(options, names=IN_FIELD, replaced=()):
    """A transport with PETSc options, after a step."""
    text = SYNCYTIUM.format(**names)
    for old, new in dict(replaced).items():
        text = text.replace(old, new)
    made = built(f"{text}[solver]\npetsc = {{ {options} }}\n", MPI.COMM_SELF)
    result = made.simulation.diffusion
    result.hold(0.0)
    result.advance(0.0, 0.1)
    return result


def steps(mover):
    """The solver of an ion's steps."""
    return mover.systems.of(0.05).solver


def test_prefixes_are_those_of_the_solvers():
    assert tuple(f"{name}_" for name in SOLVERS) == PREFIXES


def test_options_are_told_apart():
    options = {"ksp_rtol": 1, "diffusion_pc_type": 2, "potential_ksp_type": 3, "limiter_pc_type": 4}
    assert options_of("diffusion", options) == {"ksp_rtol": 1, "pc_type": 2}
    assert options_of("potential", options) == {"ksp_type": 3}
    assert options_of("limiter", options) == {"pc_type": 4}


@pytest.mark.parametrize("prefix", ["", "diffusion_"])
def test_options_of_diffusion_reach_every_ion_and_nothing_else(prefix):
    found = transport(f"{prefix}ksp_rtol = 3e-7, {prefix}ksp_type = 'fcg'")
    for mover in found.movers():
        assert steps(mover).getTolerances()[0] == 3e-7
        assert steps(mover).getType() == "fcg"
    assert found.potentials.solver.getTolerances()[0] == 1e-3
    assert found.potentials.solver.getType() == "cg"


def test_options_of_the_potential_reach_that_of_electrodiffusion():
    options = "potential_ksp_rtol = 2e-9, potential_ksp_type = 'minres', "
    options += "potential_mg_levels_ksp_type = 'chebyshev', potential_pc_gamg_threshold = 0.02"
    found = transport(options, replaced=WITHOUT)
    solver = found.poisson.solver
    assert solver.getTolerances()[0] == 2e-9 and solver.getType() == "minres"
    assert solver.getPC().getMGSmoother(1).getType() == "chebyshev"
    assert steps(found.movers()[0]).getTolerances()[0] == 1e-4


def test_without_options_smoothers_stay_positive():
    """A line needs no multigrid; a rectangle does."""
    wide = {'"interval"': '"rectangle"', '"1 mm"': '["1 mm", "0.1 mm"]', "length": "size"}
    wide |= {
        'low = ["-1 um"], high = ["0.4 mm"]': 'low = ["-1 um", "-1 um"], high = ["0.4 mm", "1 mm"]'
    }
    pc = transport("", replaced=WITHOUT | wide).poisson.solver.getPC()
    assert pc.getType() == "gamg"
    assert pc.getMGSmoother(1).getType() == "richardson"
    assert pc.getMGSmoother(1).getPC().getType() == "sor"


def test_options_of_the_potential_reach_both_blocks_of_the_bidomain():
    options = "potential_ksp_rtol = 2e-9, potential_fieldsplit_psi_pc_type = 'jacobi', "
    options += "potential_fieldsplit_w_mg_levels_ksp_type = 'chebyshev'"
    solver = transport(options).potentials.solver
    psi, w = solver.getPC().getFieldSplitSubKSP()
    assert solver.getTolerances()[0] == 2e-9
    assert psi.getPC().getType() == "jacobi" and w.getPC().getType() == "gamg"
    assert w.getPC().getMGSmoother(1).getType() == "chebyshev"


def test_options_of_the_potential_reach_that_of_glia_alone():
    found = transport("potential_ksp_rtol = 2e-9", GROUNDED)
    assert found.potentials.solver.getTolerances()[0] == 2e-9


def test_options_of_the_limiter_reach_monotone_steps():
    operators = uniform(line(10))
    solver = monotone_solver(operators.mass, True, {"ksp_rtol": 1e-9, "ksp_type": "fcg"})
    assert solver.getTolerances()[0] == 1e-9 and solver.getType() == "fcg"


@pytest.mark.parametrize(
    "name", ["ksp_maxit", "diffusion_ksp_maxit", "limiter_ksp_maxit", "limiter_pc_gamg_threshold"]
)
def test_what_petsc_does_not_know_is_refused_before_a_step(name):
    operators = uniform(line(10))
    with pytest.raises(ConfigError, match=name.removeprefix("diffusion_")):
        Diffusion(operators, np.full(operators.mesh.owned, 3.0), options={name: 3})


@pytest.mark.parametrize(
    ("names", "replaced"), [(IN_FIELD, {}), (GROUNDED, {}), (IN_FIELD, WITHOUT)]
)
def test_what_petsc_does_not_know_of_the_potential_is_refused_before_a_step(names, replaced):
    with pytest.raises(ConfigError, match="knows no option potential_ksp_maxit"):
        transport("potential_ksp_maxit = 3", names, replaced)


@pytest.mark.parametrize("options", [{"potental_ksp_rtol": 1e-3}, {"bidomain_ksp_rtol": 1e-3}])
def test_a_prefix_of_no_solver_is_refused(options):
    with pytest.raises(ValueError, match=r"not allowed.*potential_"):
        refuse_options(options)


@pytest.mark.parametrize(
    "options", [{"potential_ksp_type": "preonly"}, {"limiter_ksp_type": "none"}]
)
def test_a_solver_that_does_not_start_from_a_guess_is_refused(options):
    with pytest.raises(ValueError, match="step by step"):
        refuse_options(options)


def test_an_option_given_twice_is_refused():
    with pytest.raises(ValueError, match="the same option"):
        refuse_options({"ksp_rtol": 1e-3, "diffusion_ksp_rtol": 1e-4})


def test_options_of_a_potential_that_nobody_asks_for_are_refused():
    lone = WITHOUT | {'ions = ["K", "Na", "Cl"]': ""}
    with pytest.raises(ConfigError, match="no potential"):
        transport("potential_ksp_rtol = 1e-3", GROUNDED, lone)


def test_options_leave_nothing_behind():
    """What one run was given, the next one does not see."""
    transport("potential_ksp_rtol = 2e-9, ksp_rtol = 1e-8")
    found = transport("")
    assert found.potentials.solver.getTolerances()[0] == 1e-3
    assert steps(found.movers()[0]).getTolerances()[0] == 1e-4


def test_steps_do_not_depend_on_how_well_solved_solvers_are_preconditioned():
    """Another preconditioner of the potential gives the same ions, to the tolerance."""
    results = []
    for options in ({}, {"potential_pc_type": "jacobi"}):
        operators = uniform(line(40))
        values = mixture(operators.mesh.coordinates[: operators.mesh.owned, 0])
        moving = Electrodiffusion(operators, parts(operators, values), 310.15, 1e-9, options)
        for k in range(5):
            moving.advance(0.1 * k, 0.1)
        results.append(np.concatenate([*values.values()]))
    np.testing.assert_allclose(*results, rtol=0, atol=1e-7)


DROP = """\
[mesh]
generator = "rectangle"
size = ["0.4 mm", "0.4 mm"]
cell = "25 um"
[[tissue.regions]]
name = "drop"
ball = { centre = ["0.2 mm", "0.2 mm"], radius = "0.08 mm" }
initial = { K_o = "30 mM" }
[membrane]
model = "none"
[time]
end = "0.4 s"
step = "20 ms"
adaptive = false
[output]
every = "0.4 s"
[solver]
petsc = { PETSC }
"""
CHOICES = [
    "ksp_norm_type = 'unpreconditioned'",
    "ksp_type = 'fgmres'",
    "ksp_type = 'gmres', ksp_pc_side = 'right'",
    "ksp_type = 'gmres'",
    "pc_type = 'none'",
    "pc_type = 'gamg'",
]


@pytest.mark.parametrize("choice", CHOICES)
def test_whatever_solves_k_diffuses_as_far(tmp_path, choice):
    """A residual has another unit in each norm; none may pass for round-off."""
    ends = []
    for options in ("ksp_rtol = 1e-8", f"ksp_rtol = 1e-8, {choice}"):
        run = run_here(DROP.replace("PETSC", options), tmp_path / "run")
        ends.append(read_field(run.path, "K_o", -1))
    np.testing.assert_allclose(*ends, rtol=0, atol=1e-5)
