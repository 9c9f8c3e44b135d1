"""The laws by name, with their arguments, for the command line and for whoever looks one up."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ecs_model.physics import electrochemistry as electro
from ecs_model.physics import energetics, nernst_planck, post_albers, transporters
from ecs_model.record import quantity, table


@dataclass(frozen=True)
class Law:
    """A law: a function of named quantities, and the unit of what it gives."""

    function: Callable
    arguments: Any  # a table
    unit: str

    @property
    def summary(self) -> str:
        """What the law gives, in one line."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @property
    def source(self) -> str:
        """The references of the module that holds the law."""
        text = inspect.getdoc(inspect.getmodule(self.function)) or ""
        return inspect.cleandoc(text.partition("References:")[2])


def _mM(value, meaning):
    return quantity(value, "mM", meaning, low=1e-12)


def _positive(value, unit, meaning):
    return quantity(value, unit, meaning, low=0.0)


_KNOWN = {
    "temperature": _positive(310.15, "K", "temperature"),
    "v": quantity(-70.0, "mV", "membrane potential"),
    "z": quantity(1.0, "1", "valence of the ion"),
    "permeability": _positive(10.0, "nm/s", "permeability"),
    "c_in": _mM(140.0, "concentration inside"),
    "c_out": _mM(3.5, "concentration outside"),
    "k_in": _mM(140.0, "potassium inside"),
    "k_out": _mM(3.5, "extracellular potassium"),
    "na_in": _mM(10.0, "sodium inside"),
    "na_out": _mM(140.0, "sodium outside"),
    "cl_in": _mM(7.0, "chloride inside"),
    "cl_out": _mM(120.0, "chloride outside"),
    "hco3_in": _mM(15.0, "bicarbonate inside"),
    "hco3_out": _mM(26.0, "bicarbonate outside"),
    "p_k": _positive(10.0, "nm/s", "permeability to potassium"),
    "p_na": _positive(0.5, "nm/s", "permeability to sodium"),
    "p_cl": _positive(4.5, "nm/s", "permeability to chloride"),
}


def _law(function, names, unit, **own):
    """A Law whose arguments are known ones, or declared here."""
    chosen = {name: own[name] if name in own else _KNOWN[name] for name in names.split()}
    return Law(function, table("arguments", chosen), unit)


def ghk_voltage(p_k, k_in, k_out, p_na, na_in, na_out, p_cl, cl_in, cl_out, temperature):
    """Goldman-Hodgkin-Katz potential [V] of K+, Na+ and Cl-."""
    cations = [(p_k, k_in, k_out), (p_na, na_in, na_out)]
    inside, outside = electro.ghk_sums(cations, [(p_cl, cl_in, cl_out)])
    return electro.ghk_voltage(inside, outside, temperature)


def ghk_flux(c_in, c_out, z, permeability, v, temperature):
    """Goldman-Hodgkin-Katz flux [mol/m^2/s], positive out of the cell."""
    return electro.ghk_flux(c_in, c_out, float(z), permeability, v, temperature)


def pnp_flux(c_in, c_out, z, permeability, v, kappa, temperature):
    """Flux [mol/m^2/s] through a membrane whose ions bend the potential; kappa 0 is GHK."""
    ions = [(float(z), permeability, c_in, c_out)]
    return nernst_planck.profile(ions, v, 1.0, kappa, temperature).fluxes[0]


_PUMP = "na_in na_out k_in k_out"
_E1E2: Any = post_albers.PostAlbersParameters
_MOLECULES = {n: _E1E2.quantities[n] for n in ("ATP", "ADP", "Pi", "H")}


def post_albers_turnover(na_in, na_out, k_in, k_out, v, ATP, ADP, Pi, H, temperature):
    """Turns per second [1/s] of one E1/E2 pump; negative where it runs backwards."""
    p = _E1E2(ATP=ATP, ADP=ADP, Pi=Pi, H=H)
    return post_albers.post_albers_turnover(na_in, na_out, k_in, k_out, v, p, temperature)


def post_albers_stall(na_in, na_out, k_in, k_out, ATP, ADP, Pi, H, temperature):
    """Potential [V] at which the E1/E2 pump stands still."""
    p = _E1E2(ATP=ATP, ADP=ADP, Pi=Pi, H=H)
    state = na_in, na_out, k_in, k_out, 0.0, p, temperature
    standard = post_albers.post_albers_standard_energy(*state)
    energy = post_albers.post_albers_atp_energy(na_in, k_in, p, temperature, standard)
    return energetics.pump_stall(na_in, na_out, k_in, k_out, temperature, energy)


_DONNAN = {
    "impermeant": _mM(50.0, "impermeant ions inside"),
    "salt": _mM(150.0, "salt outside"),
    "z": quantity(-1.0, "1", "valence of the impermeant ions"),
}
_ENERGY = quantity(-58.4, "kJ/mol", "free energy of ATP")
_P_F = _positive(30.0, "um/s", "permeability to water")
_IONS = "k_in k_out cl_in cl_out"
_RATE = _positive(0.7, "umol/m^2/s", "strength")

LAWS = {
    "nernst": _law(electro.nernst, "c_in c_out z temperature", "mV"),
    "ghk_voltage": _law(
        ghk_voltage, "p_k k_in k_out p_na na_in na_out p_cl cl_in cl_out temperature", "mV"
    ),
    "ghk_flux": _law(ghk_flux, "c_in c_out z permeability v temperature", "nmol/m^2/s"),
    "pnp_flux": _law(
        pnp_flux, "c_in c_out z permeability v kappa temperature", "nmol/m^2/s",
        kappa=_positive(1.0, "1", "thickness over the length at which charge bends the field"),
    ),
    "mullins_noda": _law(
        electro.mullins_noda, "p_k k_in k_out p_na na_in na_out temperature ratio", "mV",
        ratio=_positive(1.5, "1", "Na+ : K+ of the pump"),
    ),
    "pump_share_of_potential": _law(
        energetics.pump_share_of_potential, "p_k k_in k_out p_na na_in na_out temperature", "mV"
    ),
    "gaba_reversal": _law(
        electro.gaba_reversal, "cl_in cl_out hco3_in hco3_out ratio temperature", "mV",
        ratio=_positive(4.0, "1", "P_Cl : P_HCO3"),
    ),
    "selectivity_ratio": _law(
        energetics.selectivity_ratio, "energy temperature", "1",
        energy=quantity(-17.8, "kJ/mol", "difference of free energy in the filter"),
    ),
    "selectivity_energy": _law(
        energetics.selectivity_energy, "ratio temperature", "kJ/mol",
        ratio=quantity(1000.0, "1", "permeability ratio", "K+ : Na+ of K+ channels", low=1e-12),
    ),
    "nak_pump_turnover": _law(
        electro.nak_pump_turnover, "na_in k_out j_max na_50 k_50", "nmol/m^2/s",
        j_max=_positive(960.8137, "nmol/m^2/s", "maximal turnover"),
        na_50=_mM(7.7, "Na+ at half-saturation of a site"),
        k_50=_mM(2.0, "K+ at half-saturation of a site"),
    ),
    "sigmoid_pump": _law(
        transporters.sigmoid_pump, "na_in k_out rate na_half na_width k_half", "mM/s",
        rate=_positive(1.25, "mM/s", "maximal turnover"), na_half=_mM(25.0, "half-activation"),
        na_width=_mM(3.0, "width"), k_half=_mM(5.5, "half-activation"),
    ),
    "post_albers_turnover": _law(
        post_albers_turnover, f"{_PUMP} v ATP ADP Pi H temperature", "1/s", **_MOLECULES
    ),
    "post_albers_stall": _law(
        post_albers_stall, f"{_PUMP} ATP ADP Pi H temperature", "mV", **_MOLECULES
    ),
    "extrusion_work": _law(
        energetics.extrusion_work, "c_in c_out z v temperature", "kJ/mol",
        c_in=quantity(100.0, "nM", "inside", low=1e-9), z=quantity(2.0, "1", "valence: Ca2+"),
        c_out=quantity(1.2, "mM", "outside", low=1e-12),
    ),
    "pump_work": _law(energetics.pump_work, f"{_PUMP} v temperature", "kJ/mol"),
    "atp_energy": _law(
        energetics.atp_energy, "atp adp phosphate temperature", "kJ/mol", atp=_mM(3.0, "ATP"),
        adp=_mM(0.03, "ADP"), phosphate=_mM(2.0, "phosphate"),
    ),
    "pump_efficiency": _law(
        energetics.pump_efficiency, "work energy", "1", energy=_ENERGY,
        work=quantity(46.2, "kJ/mol", "work of a turn"),
    ),
    "pump_stall": _law(
        energetics.pump_stall, f"{_PUMP} temperature energy", "mV", energy=_ENERGY
    ),
    "atp_use": _law(
        energetics.atp_use, "turnover area", "mM/s", 
        area=_positive(0.54, "1/um", "area per tissue volume"),
        turnover=_positive(70.16655, "nmol/m^2/s", "turns of the pump per membrane area"),
    ),
    "donnan_ratio": _law(
        energetics.donnan_ratio, "impermeant salt z", "1", **_DONNAN,
    ),
    "donnan_potential": _law(
        energetics.donnan_potential, "ratio temperature", "mV",
        ratio=quantity(1.18046, "1", "cation ratio inside : outside", low=1e-12),
    ),
    "donnan_excess": _law(
        energetics.donnan_excess, "impermeant salt z", "mM", **_DONNAN,
    ),
    "osmotic_flux": _law(
        energetics.osmotic_flux, "osmolarity_in osmolarity_out permeability", "um/s",
        osmolarity_in=_mM(310.0, "inside"), osmolarity_out=_mM(300.0, "outside"), permeability=_P_F,
    ),
    "osmotic_relaxation": _law(
        energetics.osmotic_relaxation, "permeability area phi alpha osmolarity", "s",
        permeability=_P_F, area=_positive(0.53849, "1/um", "area per tissue volume"),
        phi=_positive(0.5, "1", "fraction of cells"), alpha=_positive(0.2, "1", "fraction outside"),
        osmolarity=_mM(300.0, "of both sides"),
    ),
    "osmotic_alpha": _law(
        energetics.osmotic_alpha, "alpha phi osmolarity moved", "1",
        alpha=_positive(0.2, "1", "fraction outside"), phi=_positive(0.5, "1", "fraction of cells"),
        osmolarity=_mM(300.0, "of both sides"), moved=_mM(24.0, "osmolyte into cells, per tissue"),
    ),
    "swollen": _law(
        energetics.swollen, "concentration alpha_before alpha_after", "mM",
        concentration=_mM(4.0, "before"), alpha_before=_positive(0.2, "1", "fraction before"),
        alpha_after=quantity(0.12, "1", "fraction after", low=1e-9),
    ),
    "kcc2_flux": _law(transporters.kcc2_flux, f"{_IONS} rate", "umol/m^2/s", rate=_RATE),
    "nkcc1_flux": _law(
        transporters.nkcc1_flux, f"na_in na_out {_IONS} rate", "umol/m^2/s", rate=_RATE
    ),
    "kcc2_mass_action": _law(
        transporters.kcc2_mass_action, f"{_IONS} coefficient", "umol/m^2/s",
        coefficient=_positive(1.9297e-5, "mA/cm^2/mM^2", "strength (Currin et al. 2020)"),
    ),
    "nkcc1_mass_action": _law(
        transporters.nkcc1_mass_action, f"na_in na_out {_IONS} coefficient", "umol/m^2/s",
        coefficient=_positive(1e-10, "mA/cm^2/mM^4", "strength"),
    ),
    "kcc2_equilibrium_chloride": _law(
        transporters.kcc2_equilibrium_chloride, "k_in k_out cl_out", "mM"
    ),
    "nkcc1_equilibrium_chloride": _law(
        transporters.nkcc1_equilibrium_chloride, "na_in na_out k_in k_out cl_out", "mM"
    ),
    "kir_current": _law(
        transporters.kir_current,
        "v k_in k_out k_in_rest k_out_rest conductance temperature", "A/m^2",
        v=quantity(-82.0, "mV", "potential of the glia"), k_in=_mM(130.0, "potassium in glia"),
        k_out=_mM(12.0, "extracellular potassium"), k_in_rest=_mM(130.0, "at rest"),
        k_out_rest=_mM(4.0, "at rest"), conductance=_positive(1.3, "S/m^2", "at rest"),
    ),
    "glial_uptake": _law(
        transporters.glial_uptake, "k_out strength half width", "mM/s",
        strength=_positive(5.0, "mM/s", "maximal uptake"), half=_mM(18.0, "half of it"),
        width=_mM(2.5, "width"),
    ),
    "buffer_equilibrium": _law(
        transporters.buffer_equilibrium, "k_out total half width", "mM", k_out=_mM(10.0, "outside"),
        total=_mM(500.0, "capacity"), half=_mM(15.0, "half"), width=_mM(1.09, "width"),
    ),
}  # fmt: skip
