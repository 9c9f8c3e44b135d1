"""Pictures of laws: where the GHK flux comes from, and what drives the Na/K pump."""

import numpy as np

from ecs_model.physics.electrochemistry import ghk_flux
from ecs_model.physics.nernst_planck import profile
from ecs_model.physics.post_albers import PostAlbersParameters, post_albers_turnover
from ecs_model.postprocess import style, theme

TEMPERATURE = 310.15
THICKNESS = 5e-9
IONS = {  # z, D [m^2/s], inside and outside [mM]: permeabilities 1 : 0.05 : 0.45
    "K$^+$": (1, 5e-17, 140.0, 3.5),
    "Na$^+$": (1, 2.5e-18, 10.0, 140.0),
    "Cl$^-$": (-1, 2.25e-17, 7.0, 120.0),
}
FACTORS = (0.3, 1.0, 3.0, 10.0)
POTENTIAL = -0.07


def _solve(kappa, v=POTENTIAL):
    return profile(list(IONS.values()), v, THICKNESS, kappa, TEMPERATURE)


@style.styled
def ghk_from_pnp():
    """Figure: potential inside the membrane, K+ flux over voltage, and the approach to GHK."""
    figure = style.figure(2.7)
    inside, over_voltage, approach = figure.subplots(1, 3)
    _draw_inside(inside)
    _draw_over_voltage(over_voltage)
    _draw_approach(approach)
    return figure


def _draw_inside(axis):
    for k, kappa in enumerate(FACTORS):
        found = _solve(kappa)
        axis.plot(
            found.x, 1e3 * found.potential, color=theme.now().cycle[k], label=f"κ = {kappa:g}"
        )
    axis.plot([0, 1], [1e3 * POTENTIAL, 0], "k:", lw=1.0, label="constant field")
    axis.set(xlabel="Place in the membrane", ylabel="Potential [mV]")
    axis.legend(fontsize=7)


def _draw_over_voltage(axis):
    volts = np.linspace(-0.12, 0.06, 37)
    z, D, c_in, c_out = IONS["K$^+$"]
    for k, kappa in enumerate(FACTORS):
        fluxes = [1e6 * _solve(kappa, v).fluxes[0] for v in volts]
        axis.plot(1e3 * volts, fluxes, color=theme.now().cycle[k])
    ghk = 1e6 * ghk_flux(c_in, c_out, z, D / THICKNESS, volts, TEMPERATURE)
    axis.plot(1e3 * volts, ghk, "k:", lw=1.4, label="GHK")
    axis.set(xlabel="Membrane potential [mV]", ylabel="K$^+$ flux [µmol/m$^2$/s]")
    axis.legend()


def _draw_approach(axis):
    factors = np.geomspace(0.01, 30, 22)
    ghk = [
        ghk_flux(c_in, c_out, z, D / THICKNESS, POTENTIAL, TEMPERATURE)
        for z, D, c_in, c_out in IONS.values()
    ]
    errors = np.array([np.abs(_solve(kappa).fluxes / ghk - 1) for kappa in factors])
    for k, name in enumerate(IONS):
        axis.loglog(
            factors, errors[:, k], "o-"[k == 1 :], ms=3, color=theme.now().cycle[k], label=name
        )
    axis.loglog(factors[:12], 0.3 * factors[:12] ** 2, "k:", lw=1.0, label="κ$^2$")
    axis.set(xlabel="κ", ylabel="Deviation of flux from GHK")
    axis.legend(fontsize=7)


@style.styled
def post_albers():
    """Figure: turns per second of the E1/E2 pump over potential, [Na+]i and [K+]o."""
    figure = style.figure(2.5)
    panels = figure.subplots(1, 3, sharey=True)
    base = {"na_in": 10.0, "na_out": 140.0, "k_in": 140.0, "k_out": 3.5, "v": -0.07}
    ranges = {
        "v": np.linspace(-0.3, 0.06, 121),
        "na_in": np.linspace(0.5, 50, 100),
        "k_out": np.linspace(0.2, 20, 100),
    }
    names = {
        "v": "Membrane potential [mV]",
        "na_in": "Na$^+$ inside [mM]",
        "k_out": "[K$^+$]$_o$ [mM]",
    }
    for axis, (name, values) in zip(panels, ranges.items(), strict=True):
        for atp, dash in ((3.0, "-"), (0.3, "--")):
            p = PostAlbersParameters(ATP=atp)
            turns = post_albers_turnover(**{**base, name: values}, p=p, temperature=TEMPERATURE)
            axis.plot(
                values * (1e3 if name == "v" else 1),
                turns,
                dash,
                color=theme.now().cycle[0],
                label=f"ATP {atp:g} mM",
            )
        axis.axhline(0, color=theme.now().grey, lw=0.8)
        axis.set_xlabel(names[name])
    panels[0].set_ylabel("Turns per second")
    panels[-1].legend(loc="upper right")
    return figure
