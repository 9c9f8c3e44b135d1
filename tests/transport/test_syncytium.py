"""Glia joined by gap junctions: exact laws of the network and of the cable, nothing lost."""

from itertools import pairwise

from ecs_model.native import MPI

import numpy as np
import pytest

from ecs_model.config import reader, resolve
from ecs_model.membrane import MODELS
from ecs_model.membrane.compartment import exchange
from ecs_model.membrane.model import Surroundings
from ecs_model.run import build
from ecs_model.units import FARADAY, GAS_CONSTANT
from tests.helpers import found

LENGTH, D = 1e-3, 1.96e-9
WAVE = np.pi / LENGTH
EQUAL = '["K", { name = "Na", D = "1.96e-9 m^2/s" }, { name = "Cl", D = "1.96e-9 m^2/s" }]'
LINE = f"""\
[mesh]
generator = "interval"
length = "1 mm"
cell = "20 um"
[tissue]
ions = {EQUAL}
transport = "electrodiffusion"
syncytium = {{ tortuosity = 2.0 }}
[membrane]
model = "kager_mori"
[time]
end = "1 s"
step = "0.1 s"
adaptive = false
[output]
every = "1 s"
series = "1 s"
"""
CORE = """\
[[tissue.regions]]
name = "core"
box = { low = ["-1 um", "-1 um"], high = ["0.4 mm", "0.1 mm"] }
alpha = 0.12
initial = { K_o = "8 mM", Cl_o = "117 mM", K_g = "125 mM", Cl_g = "4 mM" }
"""


def built(text, *overrides):
    """The parts of a run that a TOML text describes."""
    config = resolve.with_intervals(reader.parse_config(text, "run.toml", overrides))
    return build.build(config, MPI.COMM_SELF)


def places(parts):
    return parts.mesh.coordinates[: parts.mesh.owned, 0]


def transport(parts, steps, dt):
    """Advance transport alone: what membranes do by themselves stands still."""
    for k in range(steps):
        parts.simulation.diffusion.advance(k * dt, dt)
    return parts.simulation.reaction.variables


def charges(state):
    return [
        getattr(state, f"K_{e}") + getattr(state, f"Na_{e}") - getattr(state, f"Cl_{e}")
        for e in "og"
    ]


def decay_error(cells):
    """Error of a cosine of K+ that swaps places with Na+ in the network, after it decayed."""
    parts = built(
        LINE,
        f"mesh.cell={1e3 / cells} um",
        "tissue.syncytium.cable=false",
        "solver.theta=0",
        "solver.rtol=1e-11",
    )
    state, wave = parts.simulation.reaction.variables, np.cos(WAVE * places(parts))
    rest = state.K_g.copy()
    state.K_g[:] += 5 * wave
    state.Na_g[:] -= 5 * wave
    transport(parts, 100, 2.0)
    return np.abs(state.K_g - rest - 5 * wave * np.exp(-D / 4 * WAVE**2 * 200)).max()


def test_a_cosine_in_the_network_decays_as_the_closed_form_says():
    errors = np.array([decay_error(n) for n in (10, 20, 40)])
    for order in np.log2(errors[:-1] / errors[1:]):
        found("cosine in the network of glia: order in h", order, 2.0, 0.05)
    assert errors[-1] < 2e-3


def outward(cell, v, y, p, env):
    """Outward fluxes of K+, Na+, Cl- from cells at the potential `v` [mol/m^2/s]."""
    return np.array([*exchange(cell, y, p, env, v).ions.values()])


def resting_cable(rising=("K_o",)):
    """Length constant [m], K+ conductance per volume [mol/s/m^3/V], slope of V_g0 [V/mM] at rest.

    Args:
        rising: concentrations whose common rise the slope is about.
    """
    model = MODELS["kager_mori"]
    y, p, env = model.State(), model.Parameters(), Surroundings()
    glia, h, k = model.parts.cells[1], 1e-5, 1e-4
    v = exchange(glia, y, p, env).v
    more, less = (outward(glia, v + s * h, y, p, env) for s in (1, -1))
    g = p.S_g * (more - less) / (2 * h)
    sigma = p.phi_g * D / 4 * (y.K_g + y.Na_g + y.Cl_g) * FARADAY / (GAS_CONSTANT * env.temperature)
    there = [y._replace(**{n: getattr(y, n) + s * k for n in rising}) for s in (1, -1)]
    slope = (exchange(glia, there[0], p, env).v - exchange(glia, there[1], p, env).v) / (2 * k)
    return np.sqrt(sigma / (g[0] + g[1] - g[2])), g[0], slope


GROUNDED = ("tissue.transport=diffusion", "solver.rtol=1e-9")


def waved(cells, amplitude=1e-4):
    """Places, shift [V], and change [mol/s] of K+ outside at nodes, in a wave of K_o."""
    parts = built(
        LINE, f"mesh.cell={1e3 / cells} um", *GROUNDED, "solver.theta=0", "tissue.tortuosity=1e6"
    )
    state, dt = parts.simulation.reaction.variables, 1e-2
    state.K_o[:] += amplitude * np.cos(WAVE * places(parts))
    before = state.K_o.copy()
    transport(parts, 1, dt)
    moved = parts.operators.lumped * (state.K_o - before) / dt
    return places(parts), parts.simulation.diffusion.fields["V_g_shift"][1](), moved


def linear_shift(amplitude=1e-4):
    """Amplitude [V] of the shift in a wave of K_o, of the linear cable."""
    length, _, slope = resting_cable()
    return -amplitude * slope / (1 + 1 / (WAVE * length) ** 2)


def shift_error(cells):
    x, shift, _ = waved(cells)
    return np.abs(shift / linear_shift() - np.cos(WAVE * x)).max()


def test_a_small_wave_of_potassium_shifts_glia_as_the_linear_cable_says():
    errors = np.array([shift_error(n) for n in (10, 20, 40)])
    for order in np.log2(errors[:-1] / errors[1:]):
        found("shift of glia in a wave of K+, linear cable: order in h", order, 2.0, 0.1)
    assert errors[-1] < 5e-4


def bidomain_error(cells, amplitude=1e-4):
    """Errors of the shift and of Phi_e, relative to the closed form, in a wave of KCl outside."""
    parts = built(LINE, f"mesh.cell={1e3 / cells} um", "solver.theta=0", "solver.rtol=1e-9")
    state, cos = parts.simulation.reaction.variables, np.cos(WAVE * places(parts))
    outside = 0.2 * D / 1.6**2 * (state.K_o + state.Na_o + state.Cl_o)[0]
    inside = 0.3 * D / 2.0**2 * (state.K_g + state.Na_g + state.Cl_g)[0]
    for values in (state.K_o, state.Cl_o):
        values += amplitude * cos
    transport(parts, 1, 1e-2)
    length, _, slope = resting_cable(("K_o", "Cl_o"))
    wave = (WAVE * length) ** 2 * outside / (inside + outside)
    shift = -amplitude * slope * wave / (1 + wave)
    potential = -inside / (inside + outside) * (amplitude * slope + shift)
    fields = parts.simulation.diffusion.fields
    return [
        np.abs(fields[name][1]() / value - cos).max()
        for name, value in (("V_g_shift", shift), ("Phi_e", potential))
    ]


def test_the_current_returns_outside_as_the_linear_bidomain_says():
    errors = np.array([bidomain_error(n) for n in (10, 20, 40)])
    for order in np.log2(errors[:-1] / errors[1:]).ravel():
        found("shift and Phi_e, linear bidomain: order in h", order, 2.0, 0.1)
    assert errors[-1].max() < 1e-3


def test_glia_carry_potassium_from_where_there_is_much_to_where_there_is_little():
    """As much as the linear cable says: S_g g_K u, over half a wave."""
    x, _, moved = waved(200)
    expected = resting_cable()[1] * linear_shift() / WAVE
    assert expected < 0
    taken, given = moved[x < LENGTH / 2 - 1e-6].sum(), moved[x > LENGTH / 2 + 1e-6].sum()
    found("K+ that glia take, over the cable's", taken / expected, 1.0, 1e-3)
    found("K+ that glia give, over the cable's", -given / expected, 1.0, 1e-3)


def test_a_local_disturbance_reaches_as_far_as_the_length_constant_says():
    parts = built(LINE, "mesh.cell=5 um", *GROUNDED, "solver.theta=0.5")
    state, x = parts.simulation.reaction.variables, places(parts)
    state.K_o[x < 0.1e-3] += 1e-3
    transport(parts, 1, 1e-2)
    shift = parts.simulation.diffusion.fields["V_g_shift"][1]()
    seen = (x > 0.15e-3) & (x < 0.6e-3)
    length, _, _ = resting_cable()
    expected = np.cosh((LENGTH - x[seen]) / length)
    np.testing.assert_allclose(shift[seen] / shift[seen][0], expected / expected[0], rtol=2e-3)
    assert shift[seen].min() > 0 > shift[x < 0.08e-3].max()


def moved_plane(*overrides):
    """A plane of jittered triangles after some steps: parts, and what its state was."""
    text = LINE.replace("[membrane]", CORE + "[membrane]").replace(
        'generator = "interval"\nlength = "1 mm"\ncell = "20 um"',
        'generator = "rectangle"\nsize = ["1 mm", "0.3 mm"]\ncell = "50 um"\nunstructured = true',
    )
    parts = built(text, 'tissue.ions=["K", "Na", "Cl"]', *overrides)
    state = parts.simulation.reaction.variables
    before = state._replace(**{n: getattr(state, n).copy() for n in state._fields})
    transport(parts, 10, 0.1)
    return parts, before, state


@pytest.mark.parametrize("cable", ["true", "false"])
@pytest.mark.parametrize("way", ["electrodiffusion", "diffusion"])
def test_nothing_is_lost_and_glia_gain_no_charge(way, cable):
    parts, before, after = moved_plane(
        f"tissue.transport={way}",
        f"tissue.syncytium.cable={cable}",
    )
    reaction, volumes = parts.simulation.reaction, parts.mesh.volumes
    inside = [
        reaction.model.contents(y, reaction.parameters, reaction.surroundings)
        for y in (before, after)
    ]
    for ion in ("K", "Na", "Cl"):
        outside = [parts.operators.lumped @ getattr(y, f"{ion}_o") for y in (before, after)]
        change = outside[1] - outside[0] + volumes @ (inside[1][ion] - inside[0][ion])
        assert abs(change) < 1e-13 * (outside[0] + volumes @ inside[0][ion])
        moved = parts.simulation.diffusion.ledger.of(ion).given.get("syncytium", 0.0)
        assert outside[1] - outside[0] == pytest.approx(moved, abs=1e-13 * outside[0])
    for was, now, end in zip(charges(before), charges(after), "og", strict=True):
        if end == "g" or way == "electrodiffusion":
            assert np.abs(now - was).max() < 1e-12 * 250
    assert np.abs(after.K_g - before.K_g).max() > 1e-3


def test_ions_that_do_not_move_outside_are_kept_too():
    parts, before, after = moved_plane("tissue.transport=diffusion", 'tissue.ions=["K"]')
    network = parts.simulation.diffusion.glia.operators
    for ion in ("K", "Na", "Cl"):
        out, into = (getattr(after, f"{ion}_{e}") - getattr(before, f"{ion}_{e}") for e in "og")
        total = parts.operators.lumped @ out + network.lumped @ into
        assert abs(total) < 1e-13 * (network.lumped @ getattr(before, f"{ion}_g"))
    assert np.abs(after.Cl_o - before.Cl_o).max() > 1e-3


def run(*overrides, text=LINE):
    """State at the end of a run that starts from a smooth wave of KCl."""
    parts = built(text, *overrides)
    simulation = parts.simulation
    for values in (simulation.reaction.variables.K_o, simulation.reaction.variables.Cl_o):
        values += 2 + 2 * np.cos(WAVE * places(parts))
    simulation.control.start(simulation.reaction.variables[0])
    simulation.run()
    simulation.synchronise()
    return simulation.reaction.variables


@pytest.mark.parametrize("way", ["electrodiffusion", "diffusion"])
def test_coupling_is_second_order_in_the_step(way):
    fine = ("solver.rtol=1e-9", "membrane.substeps=20", f"tissue.transport={way}")
    states = [run(*fine, f"time.step={1 / n} s") for n in (5, 10, 20, 40)]
    errors = [np.abs(a.K_o - b.K_o).max() for a, b in pairwise(states)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    found(f"glial syncytium, {way}: order of the coupling in dt", orders[-1], 2.0, 0.3)
    np.testing.assert_allclose(orders, 2.0, atol=0.3)
    assert errors[-1] < 1e-4


@pytest.mark.parametrize("way", ["electrodiffusion", "diffusion"])
def test_without_paths_between_them_glia_are_lumped(way):
    common = f"tissue.transport={way}", "solver.rtol=1e-9"
    apart = run(*common, "tissue.syncytium.tortuosity=1e9")
    config = LINE.replace("syncytium = { tortuosity = 2.0 }", "")
    lumped = run(*common, text=config)
    for a, b in zip(apart, lumped, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
