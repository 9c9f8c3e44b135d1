"""From [solver], [[source]] and [[boundary]] to the transport of ions."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.physics.ions import Ion
from ecs_model.run.building import baths, electrodes, sources
from ecs_model.run.parts import SolverOptions
from ecs_model.tissue.source_terms import Terms
from ecs_model.transport import syncytium_setup
from ecs_model.transport.diffusion import Diffusion
from ecs_model.transport.electrodiffusion import Electrodiffusion
from ecs_model.transport.ions import Ions
from ecs_model.transport.matrices import Operators
from ecs_model.transport.protocol import Transport
from ecs_model.transport.rkl2 import SuperTimeStepping
from ecs_model.transport.species import Species, WithSpecies


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
    species = {x.name: x for x in config.tissue.species}
    terms = Terms(ground.mesh, concentrations, tissue.electrodiffusion, species)
    _add_terms(terms, _acting(config, _mentioned(config) - {*species}), ground, alpha)
    for ion in concentrations:
        baths.refuse_lifeless(terms.of(ion)[2], ion.state, membranes, ground.mesh.comm)
    _refuse_unsolvable(config, tissue, solver, operators)
    currents = electrodes.currents(config.boundary, ground, terms, concentrations)
    moving = _of_ions(tissue, solver, operators, concentrations, terms, membranes, currents)
    if not species:
        return moving
    made = {x.name: _species(x, config, solver, ground, membranes) for x in species.values()}
    return WithSpecies(moving, made)


def vessel_notes(vessels, ions):
    """A sentence for vessels that exchange one of several charged ions, and no other.

    Args:
        vessels: of the Config.
        ions: that move.
    """
    charged = {ion.name for ion in ions if ion.valence}
    places: dict[str | None, list[Any]] = {}
    for one in vessels:
        if one.ion in charged and len(charged) > 1:
            places.setdefault(one.region, []).append(one)
    for found in places.values():
        if len({one.ion for one in found}) == 1:
            yield (
                f"vessels '{found[0].name}' exchange {found[0].ion} alone, whose charge stays "
                "behind; vessels for the ions that go with it keep tissue neutral"
            )


def _of_ions(tissue, solver, operators, concentrations, terms, membranes, currents) -> Transport:
    """What moves ions in the extracellular space, and in glia that are joined."""
    if solver.is_explicit:
        (ion, values), *_ = concentrations.items()
        return SuperTimeStepping(operators, values, *terms.of(ion))
    made = _diffusions(solver, operators, concentrations, terms)
    if tissue.moves_potassium_alone and not tissue.electrodiffusion:
        return next(iter(made.values()))
    outside = _together(tissue, solver, operators, made, currents)
    if tissue.syncytium is None:
        return outside
    return syncytium_setup.glial_syncytium(outside, membranes, tissue, solver)


def _species(settings, config, solver, ground, membranes):
    """The Species of a state of the membranes."""
    mesh = ground.mesh
    ones, ion = np.ones(len(mesh.cell_tags)), Ion(settings.name, 0)
    effective = settings.D / settings.tortuosity**2
    values = getattr(membranes.variables, settings.name)
    terms = Terms(mesh, {ion: values})
    _add_terms(terms, _acting(config, {settings.name}), ground, ones)
    baths.refuse_lifeless(terms.of(ion)[2], settings.name, membranes, mesh.comm)
    matrices = Operators(mesh, ones, effective * ones, solver.theta)
    options = {"rtol": solver.rtol, "options": solver.petsc, "name": settings.name}
    return Species(Diffusion(matrices, values, *terms.of(ion), **options), settings.tolerance)


@dataclass(frozen=True)
class _Acting:
    """What brings or takes some of what moves."""

    source: list[Any]
    boundary: list[Any]
    vessels: list[Any]


def _acting(config, names):
    """The _Acting of ions or species by their names."""
    return _Acting(*([x for x in entries if x.ion in names] for entries in _kinds(config)))


def _mentioned(config):
    """Names of all that enters or leaves."""
    return {x.ion for entries in _kinds(config) for x in entries}


def _kinds(config):
    return config.source, config.boundary, config.vessels


def _add_terms(terms, config, ground, alpha):
    for s in config.source:
        load = sources.source(s, ground, alpha)
        terms.add(load, f"source '{s.name}'", s.ion, s.companion)
    for b in (b for b in config.boundary if b.current is None):
        terms.add(sources.boundary(b, ground), f"boundary '{b.on}'", b.ion, b.companion)
    for v in config.vessels:
        blood = sources.vessels(v, ground, alpha)
        terms.add_alone(blood, f"vessels '{v.name}'", v.ion)


def _together(tissue, solver, operators, made, currents) -> Ions:
    """The transport of several ions outside cells, from that of each."""
    if not tissue.electrodiffusion:
        return Ions(operators, made)
    glia = tissue.syncytium  # a bidomain solves for both potentials together
    own_potential = {} if glia is not None and glia.cable else solver.petsc
    options = {"rtol": 10 * solver.rtol, "options": own_potential, "currents": currents}
    return Electrodiffusion(operators, made, tissue.temperature, **options)


def _diffusions(solver, operators, concentrations, terms):
    """Ion -> its Diffusion; all share the pattern of the matrices' rows."""
    rows, made = None, {}
    for ion, values in concentrations.items():
        loads, exchanges, held = terms.of(ion)
        made[ion] = Diffusion(
            operators,
            values,
            loads,
            exchanges,
            held,
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
    for b in config.boundary:
        if not tissue.electrodiffusion and (b.current is not None or b.potential is not None):
            what = "potential" if b.current is None else "current"
            raise ConfigError(
                f"boundary '{b.on}': a {what} acts in an electric field; "
                'tissue.transport = "electrodiffusion" has one'
            )
    names = {ion.name for ion in tissue.ions if ion.valence}
    exchanging = [f"boundary '{b.on}'" for b in config.boundary if b.exchange and b.ion in names]
    exchanging += [f"vessels '{v.name}'" for v in config.vessels if v.ion in names]
    if tissue.electrodiffusion and exchanging:
        raise ConfigError(
            f"{exchanging[0]}: an exchange leaves charge behind; electrodiffusion needs a bath or "
            "a flux"
        )
