"""From [solver], [[source]] and [[boundary]] to the transport of ions."""

from ecs_model.errors import ConfigError
from ecs_model.run.building import sources
from ecs_model.run.parts import SolverOptions
from ecs_model.tissue.source_terms import Terms
from ecs_model.transport import syncytium_setup
from ecs_model.transport.diffusion import Diffusion
from ecs_model.transport.electrodiffusion import Electrodiffusion
from ecs_model.transport.ions import Ions
from ecs_model.transport.protocol import Transport
from ecs_model.transport.rkl2 import SuperTimeStepping


def solver_options(config, model):
    """The SolverOptions of a Config, where the model's share of consistent mass is the default."""
    solver = config.solver
    theta = model.theta if solver.theta is None else solver.theta
    is_explicit = solver.scheme == "rkl2"
    return SolverOptions(is_explicit, 0.0 if is_explicit else theta, solver.rtol, solver.petsc)


def transport(config, tissue, solver, ground, alpha, operators, membranes) -> Transport:
    """What moves ions between nodes.

    Args:
        config: the Config, for its sources and boundaries.
        tissue: its TissueData.
        solver: its SolverOptions.
        ground: the Ground of the run.
        alpha: volume fraction over local cells.
        operators: matrices.
        membranes: the Reaction, whose concentrations are moved.

    Raises:
        ConfigError: on all processes, for what cannot be brought or solved.
    """
    concentrations = {ion: getattr(membranes.variables, ion.state) for ion in tissue.ions}
    terms = Terms(ground.mesh, concentrations, tissue.electrodiffusion)
    _add_terms(terms, config, ground, alpha)
    _refuse_unsolvable(config, tissue, solver, operators)
    if solver.is_explicit:
        (ion, values), *_ = concentrations.items()
        return SuperTimeStepping(operators, values, *terms.of(ion))
    made = _diffusions(solver, operators, concentrations, terms)
    if tissue.moves_potassium_alone and not tissue.electrodiffusion:
        return next(iter(made.values()))
    outside = _together(tissue, solver, operators, made)
    if tissue.syncytium is None:
        return outside
    return syncytium_setup.glial_syncytium(outside, membranes, tissue, solver)


def _add_terms(terms, config, ground, alpha):
    for s in config.source:
        load = sources.source(s, ground, alpha)
        terms.add(load, f"source '{s.name}'", s.ion, s.companion)
    for b in config.boundary:
        terms.add(sources.boundary(b, ground), f"boundary '{b.on}'", b.ion, b.companion)
    for v in config.vessels:
        blood = sources.vessels(v, ground, alpha)
        terms.add(blood, f"vessels '{v.name}'", v.ion, v.companion)


def _together(tissue, solver, operators, made) -> Ions:
    """The transport of several ions outside cells, from that of each."""
    if not tissue.electrodiffusion:
        return Ions(operators, made)
    glia = tissue.syncytium  # a bidomain solves for both potentials together
    own_potential = {} if glia is not None and glia.cable else solver.petsc
    temperature = tissue.temperature
    return Electrodiffusion(operators, made, temperature, 10 * solver.rtol, own_potential)


def _diffusions(solver, operators, concentrations, terms):
    """Ion -> its Diffusion; all share the pattern of the matrices' rows."""
    rows, made = None, {}
    for ion, values in concentrations.items():
        loads, exchanges, baths = terms.of(ion)
        made[ion] = Diffusion(
            operators,
            values,
            loads,
            exchanges,
            baths,
            rtol=solver.rtol,
            options=solver.petsc,
            ratio=ion.ratio,
            name=ion.name,
            rows=rows,
        )
        rows = made[ion].range.rows
    return made


def _refuse_unsolvable(config, tissue, solver, operators):
    if solver.is_explicit and (not tissue.moves_potassium_alone or operators.moves):
        raise ConfigError(
            "solver.scheme: rkl2 moves K+ alone, in tissue that does not swell and whose glia are "
            "not joined"
        )
    exchanging = [f"boundary '{b.on}'" for b in config.boundary if b.exchange is not None]
    exchanging += [f"vessels '{v.name}'" for v in config.vessels]
    if tissue.electrodiffusion and exchanging:
        raise ConfigError(
            f"{exchanging[0]}: an exchange leaves charge behind; electrodiffusion needs a bath or "
            "a flux"
        )
