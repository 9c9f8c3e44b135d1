"""Where the GHK flux comes from: ions that migrate and diffuse through a membrane (PNP), steady.

    J_k = -D_k (dc_k/dx + z_k c_k dU/dx),   d^2U/dx^2 = -kappa^2 sum_k z_k c_k / c_ref

on 0 < x < L, with U in R T / F, the concentrations of both sides at the ends and the membrane
potential between them. kappa L, the thickness in Debye lengths of a 1:1 salt of c_ref over the
square root of two, says how much the charge of the passing ions bends the potential. The thinner
the membrane, the straighter the potential, and for a constant field every flux is
Goldman-Hodgkin-Katz with P = D / L.

A mesh of thin slices, each a GHK membrane for itself, is exact for a field that is constant within
every slice (Scharfetter & Gummel), so that fluxes do not depend on x to round-off.

References:
    Scharfetter & Gummel (1969), IEEE Trans Electron Devices 16, 64; Gummel (1964), ibid. 11, 455.
    Goldman (1943), J Gen Physiol 27, 37; Keener & Sneyd, Mathematical Physiology (2009), 2.6.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_banded

from ecs_model.errors import SolutionError
from ecs_model.physics.electrochemistry import bernoulli, thermal_voltage
from ecs_model.physics.values import Array

ITERATIONS, CLOSE = 500, 1e-12


@dataclass(frozen=True)
class Profile:
    """A steady state inside a membrane.

    Attributes:
        x: places from the inner to the outer face, in thicknesses.
        potential: there [V], zero outside.
        concentrations: of each ion there, shape (ions, places) [mM].
        fluxes: of each ion, outward [mol/m^2/s].
    """

    x: Array
    potential: Array
    concentrations: Array
    fluxes: Array

    @property
    def bend(self) -> float:
        """Largest distance of the potential from a straight line [V]."""
        ends = self.potential[0] * (1 - self.x) + self.potential[-1] * self.x
        return float(np.abs(self.potential - ends).max())


def profile(
    ions: Sequence[tuple[float, float, float, float]],
    v: float,
    thickness: float,
    kappa: float,
    temperature: float,
    slices: int = 400,
) -> Profile:
    """The Profile of ions that pass a membrane.

    Args:
        ions: tuples (z, D [m^2/s], c_in, c_out [mM]).
        v: membrane potential, inside minus outside [V].
        thickness: L [m].
        kappa: thickness over the length at which charge bends the potential; 0 for a constant
            field. The concentration c_ref is the mean of all ions on both sides.
        temperature: [K].
        slices: of the mesh; the error falls with their square.

    Raises:
        SolutionError: if the potential does not settle.
    """
    unit = thermal_voltage(temperature)
    x = np.linspace(0.0, 1.0, slices + 1)
    U = v / unit * (1 - x)
    reference = np.mean([c for ion in ions for c in ion[2:]])
    for _ in range(ITERATIONS):
        made = [_passage(z, c_in, c_out, U) for z, _, c_in, c_out in ions]
        step = _poisson_step(U, ions, [c for _, c in made], (kappa / slices) ** 2 / reference)
        U = U + step
        if np.abs(step).max() < CLOSE:
            fluxes = [D / thickness * J for (_, D, *_), (J, _) in zip(ions, made, strict=True)]
            return Profile(x, unit * U, np.array([c for _, c in made]), np.array(fluxes))
    raise SolutionError(f"the potential inside the membrane does not settle for kappa = {kappa:g}")


def _passage(z, c_in, c_out, U):
    """Flux in units of D/L and concentrations of an ion in the potential U [R T / F].

    What passes a slice is g (n - n'), with n = c exp(z U): slices are resistances in series.
    """
    resistance = np.exp(z * U[1:]) / bernoulli(z * (U[:-1] - U[1:])) / (len(U) - 1)
    start, end = c_in * np.exp(z * U[0]), c_out * np.exp(z * U[-1])
    flux = (start - end) / resistance.sum()
    n = start - flux * np.concatenate([[0.0], np.cumsum(resistance)])
    n[-1] = end
    return flux, n * np.exp(-z * U)


def _poisson_step(U, ions, concentrations, strength):
    """Newton's change of the potential, with the response of each ion z c (Gummel)."""
    charge = sum(z * c[1:-1] for (z, *_), c in zip(ions, concentrations, strict=True))
    response = sum(z * z * c[1:-1] for (z, *_), c in zip(ions, concentrations, strict=True))
    residual = U[2:] - 2 * U[1:-1] + U[:-2] + strength * charge
    bands = np.ones((3, len(U) - 2))
    bands[1] = -2 - strength * response
    return np.concatenate([[0.0], solve_banded((1, 1), bands, -residual), [0.0]])
