"""From membranes and gap junctions to the transport of ions outside and in glia."""

from typing import Protocol

import numpy as np

from ecs_model import record
from ecs_model.membrane.compiler import library
from ecs_model.membrane.kernel import values_source
from ecs_model.membrane.solver import Reaction
from ecs_model.parallel import root_does, together
from ecs_model.physics.ions import KNOWN, Ion
from ecs_model.tissue.regions import diffusivity
from ecs_model.tissue.tissue_data import TissueData
from ecs_model.transport.diffusion import Diffusion
from ecs_model.transport.electrodiffusion import Electrodiffusion
from ecs_model.transport.ions import Ions
from ecs_model.transport.matrices import Operators
from ecs_model.transport.petsc_database import Options
from ecs_model.transport.protocol import Transport
from ecs_model.transport.swelling_matrices import Following, rows_of
from ecs_model.transport.syncytium import Bidomain, Membrane, Syncytium


class SolverChoice(Protocol):
    """How linear systems are solved."""

    @property
    def rtol(self) -> float:
        """Residual of a solve, relative to that of no increment."""

    @property
    def petsc(self) -> Options:
        """PETSc options, see `petsc_database`."""


def glial_syncytium(
    outside: Ions, membranes: Reaction, tissue: TissueData, solver: SolverChoice
) -> Transport:
    """The transport of ions outside and in glia that gap junctions join.

    Args:
        outside: the ions that move outside.
        membranes: the reaction.
        tissue: with its syncytium.
        solver: how linear systems are solved.

    Raises:
        ConfigError: on all processes, for options that PETSc refuses or does not know.
    """
    assert tissue.syncytium is not None
    glia = _in_glia(outside, membranes, tissue, solver)
    if not tissue.syncytium.cable:
        return Syncytium(outside, glia)
    moving = {ion.state: part for ion, part in outside.parts.items()}
    still = {
        ion.name: getattr(membranes.variables, ion.state)
        for ion in glia.parts
        if ion.state not in moving
    }
    moving |= {_state(ion): part for ion, part in glia.parts.items()}
    membrane = _membrane(membranes, outside.operators.mesh, moving)
    return Bidomain(
        outside,
        glia,
        membrane,
        still,
        lambda: membranes.weights,
        tissue.temperature,
        solver.petsc,
    )


def _in_glia(outside, membranes, tissue, solver):
    """The Electrodiffusion of K+, Na+ and Cl- in the network, as mobile as they are outside."""
    operators = _matrices(membranes, outside.operators, tissue)
    known = {ion.name: ion for ion in (*_known(), *outside.parts)}
    moving = [known[name] for name in ("K", "Na", "Cl")]
    rows = rows_of(operators)
    parts = {
        ion: Diffusion(
            operators,
            getattr(membranes.variables, _state(ion)),
            rows=rows,
            rtol=solver.rtol,
            options=solver.petsc,
            ratio=ion.ratio,
            name=f"{ion.name} in glia",
        )
        for ion in moving
    }
    own_potential = {} if tissue.syncytium.cable else solver.petsc
    return Electrodiffusion(operators, parts, tissue.temperature, 10 * solver.rtol, own_potential)


def _known():
    return [Ion(name, z, D / KNOWN["K"][1]) for name, (z, D) in KNOWN.items()]


def _state(ion):
    """Name of its concentration in glia."""
    return f"{ion.name}_g"


def _matrices(membranes, outside, tissue):
    """The matrices of the network, of the volume fraction that glia have at every node."""
    mesh, swells = outside.mesh, membranes.model.volumes is not None
    fraction = membranes.variables.phi_glia if swells else membranes.parameters.phi_g
    mean = mesh.sum(mesh.volumes * fraction) / mesh.sum(mesh.volumes)
    elements = np.ones(len(mesh.cell_tags))
    effective = diffusivity(tissue.D * elements, tissue.syncytium.tortuosity)
    even = Operators(mesh, mean * elements, effective, outside.theta)
    if np.ndim(fraction) == 0:
        return even
    return Following(even, fraction, mean, moves=swells)


def _membrane(membranes, mesh, moving):
    """What currents bring out of glia; rank 0 compiles for all."""
    model = membranes.model
    shift = record.table("Shift", {"shift": record.quantity(0.0, "mV", "of V_g")})

    def currents(y, p, env):
        return model.syncytium(y.shift, y, p, env)

    text = values_source(
        currents,
        record.joined(model.State, shift),
        membranes.parameters,
        membranes.surroundings,
    )
    root_does(mesh.comm, library, text)
    return together(mesh.comm, Membrane, membranes, text, mesh.volumes, moving)
