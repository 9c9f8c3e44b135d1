"""Transport of K+ and cells in fenicsx-beat, K+ in place of its potential, for all that measure it.

Its package is called `beat`, so that no program here may be.
"""

import numpy as np


def transport(beat, counts, h, diffusivity, step):
    """The MonodomainModel of K+ in a box of tetrahedra.

    Args:
        beat: the package.
        counts: cubes of them along each axis.
        h: size of a cube [um].
        diffusivity: effective one [m^2/s].
        step: of time [s].
    """
    import dolfinx
    from mpi4py import MPI

    mesh = dolfinx.mesh.create_box(
        MPI.COMM_WORLD,
        [[0, 0, 0], [n * h for n in counts]],
        counts,
        ghost_mode=dolfinx.mesh.GhostMode.none,
    )
    options = {"ksp_type": "cg", "pc_type": "jacobi", "ksp_initial_guess_nonzero": True}
    return beat.MonodomainModel(
        dolfinx.fem.Constant(mesh, 0.0),
        mesh,
        M=dolfinx.fem.Constant(mesh, 1e12 * diffusivity),
        params={"petsc_options": options, "default_timestep": step},
    )


def cells(beat, pde, rest, potassium, advance):
    """The same cell at every node, at rest but for K+.

    Args:
        beat: the package.
        pde: from `transport`.
        rest: states of a cell, K+ outside first.
        potassium: at every node [mM].
        advance: a step of all cells, as DolfinODESolver calls it.
    """
    import dolfinx

    start = np.repeat(np.array(rest)[:, None], len(potassium), axis=1)
    start[0] = potassium
    return beat.odesolver.DolfinODESolver(
        v_ode=dolfinx.fem.Function(pde.V),
        v_pde=pde.state,
        init_states=start,
        parameters=np.zeros(1),
        fun=advance,
        num_states=len(rest),
    )
