"""Noise in tissue and in cells: one path whatever steps and mesh are; what is refused."""

import functools
import re

from ecs_model.native import MPI

import numpy as np
import pytest

from ecs_model import api
from ecs_model.cell.config import CellConfig
from ecs_model.cell.setup import Laboratory
from ecs_model.errors import ConfigError
from ecs_model.run import check
from ecs_model.run.field_series import read_field, read_times
from tests.helpers import run_here, summary

TISSUE = """
[mesh]
generator = "interval"
length = "1 mm"
cell = "50 um"
[tissue]
D = "1e-15 m^2/s"
[membrane]
model = "epileptor2"
tolerance = 1e-6
parameters = { gain_K = 0.5, G = "5 mV*s", dK = "0.02 mM" }
[[noise]]
name = "background"
amplitude = { I = "25 mV" }
duration = "0.5 ms"
length = "0.2 mm"
[time]
end = "0.2 s"
step = "1 ms"
adaptive = false
[output]
every = "0.2 s"
series = "0.2 s"
"""
UNIFORM = 'length = "0.2 mm"', "uniform = true"
SPIKES = """
[mesh]
generator = "interval"
length = "1 mm"
cell = "50 um"
[membrane]
model = "MODEL"
tolerance = 1e-5
[[noise]]
name = "background"
amplitude = { I_stim = "5 uA/cm^2" }
duration = "1 ms"
length = "0.2 mm"
[time]
end = "0.1 s"
step = "1 ms"
"""


def simulated(folder, text, *overrides):
    """The Simulation of a text, before its first step."""
    path = folder / "run.toml"
    path.write_text(text)
    return api.simulation(path, MPI.COMM_SELF, overrides)


def ended(folder, text, *overrides):
    """The Simulation of a text at its end."""
    simulation = simulated(folder, text, *overrides)
    simulation.run()
    simulation.synchronise()
    return simulation


def state(simulation):
    return np.array(simulation.reaction.variables)


def in_order(simulation):
    """Coordinates and V of the nodes of a line, by place."""
    x = simulation.diffusion.operators.mesh.coordinates[: simulation.reaction.nodes, 0]
    order = np.argsort(x)
    return x[order], simulation.reaction.variables.V[order]


def test_steps_follow_one_path(tmp_path):
    """To the tolerance of the membranes, where a path of other noise is mV away."""
    paths = [state(ended(tmp_path, TISSUE, f"time.step={step} ms")) for step in (4, 1, 0.5, 0.3)]
    for path in paths[1:]:
        np.testing.assert_allclose(path, paths[0], rtol=2e-5, atol=2e-6)
    other = state(ended(tmp_path, TISSUE, "noise.background.seed=1"))
    assert np.abs(other - paths[0])[2].max() > 1e-3
    assert np.ptp(paths[0][2]) > 1e-3  # V varies in space


def test_finer_meshes_follow_one_path(tmp_path):
    x, V = in_order(ended(tmp_path, TISSUE))
    finer_x, finer_V = in_order(ended(tmp_path, TISSUE, "mesh.cell=25 um"))
    np.testing.assert_allclose(finer_x[::2], x, atol=1e-15)
    np.testing.assert_allclose(finer_V[::2], V, atol=1e-6)


def test_noise_of_a_node_does_not_depend_on_the_mesh(tmp_path):
    """Bit for bit, at the nodes that two meshes share."""
    fields = []
    for cell in ("50 um", "25 um"):
        simulation = simulated(tmp_path, TISSUE, f"mesh.cell={cell}")
        simulation.noise.act(0.3, 0.3)
        x = simulation.diffusion.operators.mesh.coordinates[: simulation.reaction.nodes, 0]
        fields.append(dict(zip(x, simulation.reaction.surroundings.I_noise, strict=True)))
    shared = fields[0].keys() & fields[1].keys()
    assert len(shared) > 10
    assert all(fields[0][x] == fields[1][x] for x in shared)


def test_a_cell_has_the_noise_of_uniform_tissue(tmp_path):
    """The same path, to the tolerance of the membranes."""
    simulation = ended(tmp_path, TISSUE.replace(*UNIFORM))
    tissue = state(simulation)
    assert np.ptp(tissue[2]) < 1e-6
    membrane = {
        "model": "epileptor2",
        "tolerance": 1e-6,
        "parameters": {"gain_K": 0.5, "G": "5 mV*s", "dK": "0.02 mM"},
    }
    noise = {"name": "background", "amplitude": {"I": "25 mV"}, "duration": "0.5 ms"}
    tree = {"membrane": membrane, "noise": [noise], "time": {"end": "1 s"}}
    lab = Laboratory(CellConfig.model_validate(tree))
    bench = lab.bench([lab.cell({})])
    cell = bench.record(0.01, 20)[-1]
    np.testing.assert_allclose(cell[:, 0], tissue[:, 0], rtol=2e-5, atol=2e-6)
    still = lab.bench([lab.cell({})], quiet=True).record(0.01, 20)[-1]
    assert abs(still[2, 0] - cell[2, 0]) > 1e-4


def test_cells_side_by_side_have_seeds_of_their_own():
    """A batch over seeds, in more than one group, is what each cell is alone."""
    noise = {"name": "n", "amplitude": {"I": 25.0}, "duration": "0.5 ms"}
    axis = {"name": "noise.n.seed", "values": [float(k) for k in range(10)]}
    tree = {"membrane": {"model": "epileptor2"}, "noise": [noise], "batch": [axis]}
    lab = Laboratory(CellConfig.model_validate({**tree, "time": {"end": "1 s"}}))
    members = lab.members()
    together = lab.bench([lab.cell(m) for m in members]).record(0.01, 20)
    alone = lab.bench([lab.cell(members[9])]).record(0.01, 20)
    np.testing.assert_allclose(together[:, :, 9], alone[:, :, 0], rtol=1e-2, atol=1e-4)
    assert len({*together[-1, 2]}) == 10


def test_noise_in_a_region_only(tmp_path):
    regions = '[[tissue.regions]]\nname = "left"\nbox = { low = ["0 mm"], high = ["0.5 mm"] }\n'
    text = TISSUE.replace("[membrane]", f"{regions}[membrane]")
    simulation = simulated(tmp_path, text, "noise.background.region=left")
    simulation.noise.act(0.0, 0.0)
    x = simulation.diffusion.operators.mesh.coordinates[: simulation.reaction.nodes, 0]
    noise = simulation.reaction.surroundings.I_noise
    assert np.all(noise[x > 0.52e-3] == 0.0)
    assert np.all(noise[x < 0.48e-3] != 0.0)


@pytest.mark.parametrize("model", ["wei_ullah_schiff", "barreto_cressman", "huebel_dahlem"])
def test_models_with_an_injected_current(tmp_path, model):
    """V is moved as by a current that is injected: C dV = I dt, in the first microseconds."""
    text = SPIKES.replace("MODEL", model)
    simulation = simulated(tmp_path, text)
    reaction, begin = simulation.reaction, state(simulation)
    step = 1e-6
    simulation.noise.act(0.0, step)
    reaction.advance(step)
    moved = reaction.variables.V - begin[reaction.variables._fields.index("V")]
    noise = reaction.surroundings.I_stim_noise
    assert noise.std() > 0.01
    slope = np.polyfit(noise, moved, 1)[0]
    assert slope * reaction.parameters.C / step == pytest.approx(1.0, rel=0.01)


def test_quiet_models_are_as_they_were(tmp_path):
    """Without noise the compiled step is that of before: no current is added."""
    simulation = simulated(
        tmp_path, re.sub(r"\[\[noise\]\].*?(?=\[time\])", "", TISSUE, flags=re.S)
    )
    assert simulation.noise.is_none
    assert "I_noise" not in simulation.reaction.surroundings._fields


@pytest.mark.parametrize(
    ("written", "instead", "complaint"),
    [
        (
            'I = "25 mV"',
            'I = "-25 mV"',
            "run.toml:14: noise 'background': amplitude.I: must be at least 0 mV (got -25)",
        ),
        ('I = "25 mV"', 'I = "25 s"', "run.toml:14: noise 'background': amplitude.I: "),
        ('I = "25 mV"', 'V = "25 mV"', "amplitude.V: epileptor2 has no noise there"),
        ('{ I = "25 mV" }', "{}", "amplitude"),
        ('duration = "0.5 ms"', 'duration = "0.5 mV"', "run.toml:15: noise[0].duration"),
        ('duration = "0.5 ms"', "", "duration"),
        ('length = "0.2 mm"', "", "give the correlation length, or uniform = true"),
        ('length = "0.2 mm"', 'length = "-1 mm"', "must be at least"),
        ('length = "0.2 mm"', 'length = "1 nm"', "must be at least 0.001 mm"),
        (
            'length = "0.2 mm"',
            'length = "1 mm"\nuniform = true',
            "no effect where noise is uniform",
        ),
        ('length = "0.2 mm"', 'length = "1 mm"\nseed = -1', "seed"),
        ('length = "0.2 mm"', 'length = "1 mm"\nseed = 1.5', "seed"),
        ('length = "0.2 mm"', 'length = "1 mm"\nbin = "1 s"', "must be at most 10 ms"),
        ('length = "0.2 mm"', 'length = "1 mm"\nregion = "here"', "named 'here'"),
        ('"epileptor2"', '"nagumo"', "nothing in nagumo can be noisy"),
        (
            "[time]",
            '[[noise]]\nname = "b"\namplitude = { I = 1.0 }\nduration = "1 ms"\n'
            "uniform = true\n[time]",
            "'background' and 'b' have the same seed, 0",
        ),
        ("[time]", '[time]\ndrive_tolerance = "1 Hz"', "no effect"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, written, instead, complaint):
    text = TISSUE.replace(written, instead, 1)
    if '"nagumo"' in instead:
        text = re.sub("parameters = .*", "", text)
    if "drive" in instead:
        text = text.replace("adaptive = false\n", "")
    with pytest.raises(ConfigError, match=re.escape(complaint)):
        simulated(tmp_path, text)


def test_a_coarse_mesh_is_told(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(TISSUE)
    said = "more than half of the correlation length of 200 um"
    for cell, is_coarse in (("125 um", True), ("100 um", False)):
        lines = check.estimate(path, MPI.COMM_SELF, (f"mesh.cell={cell}",))
        assert any(said in line for line in lines) == is_coarse


ADAPTIVE = TISSUE.replace("adaptive = false\n", "").replace('D = "1e-15 m^2/s"', 'D = "2e-9 m^2/s"')
SYNAPSES = '[[synapses]]\nname = "axons"\nreach = "0.2 mm"\n[time]'


def test_noise_does_not_drive_steps_down(tmp_path):
    """Steps of tissue that fires now and then grow to many ticks though synapses bring noise."""
    text = ADAPTIVE.replace("[time]", SYNAPSES)
    text = text.replace('gain_K = 0.5, G = "5 mV*s"', 'gain_K = 1.0, G = "1 mV*s"')
    faint = "noise.background.amplitude.I=50 mV", "membrane.tolerance=1e-3"
    simulation = ended(tmp_path, text, "time.step=0.1 ms", *faint)
    assert 1.0 < simulation.reaction.at(slice(None))("drive").max() < 99.0  # Hz
    assert simulation.steps + simulation.rejected < 0.02 * simulation.clock.ticks


def test_rejected_steps_leave_the_path(tmp_path):
    """Steps of which some are rejected, as bursts begin, follow the path of equal short ones."""
    loud = "membrane.parameters.dK=2 mM", "noise.background.amplitude.I=60 mV"
    run = functools.partial(ended, tmp_path, ADAPTIVE, *loud, "time.step=0.25 ms")
    long, short = run("time.tolerance=1e-3 mM"), run("time.adaptive=false")
    assert long.rejected > 5
    assert long.steps < 0.5 * short.steps
    np.testing.assert_allclose(state(long)[0], state(short)[0], atol=1e-3)
    np.testing.assert_allclose(state(long)[2], state(short)[2], atol=1e-5)


def test_a_lattice_that_cannot_be_is_refused(tmp_path):
    text = TISSUE.replace('length = "1 mm"', 'length = "2 m"').replace("50 um", "100 mm")
    complaint = (
        "length: 0.001 mm is too short for tissue that reaches to 2000 mm; at least 0.002 mm"
    )
    with pytest.raises(ConfigError, match=re.escape(complaint)):
        simulated(tmp_path, text, "noise.background.length=1 um")


def test_a_resumed_run_has_the_noise_of_one_that_was_not_stopped(tmp_path):
    """Bit for bit in V at its end."""
    text = TISSUE.replace('every = "0.2 s"', 'every = "0.1 s"\nprecision = "double"')
    text = text.replace('series = "0.2 s"', 'series = "0.1 s"')
    whole = run_here(text, tmp_path / "whole").path
    half = run_here(text, tmp_path / "half", "time.end=0.1 s").path
    assert api.resume(half, MPI.COMM_SELF, ("time.end=0.2 s",), quiet=True).code == 0
    assert [*read_times(half)] == [*read_times(whole)] == pytest.approx([0.0, 0.1, 0.2])
    np.testing.assert_array_equal(read_field(half, "V", 2), read_field(whole, "V", 2))
    assert np.ptp(read_field(half, "V", 2)) > 1.0  # mV


@pytest.mark.parametrize(("generator", "count"), [("sphere_surface", 1), ("disc", 0)])
def test_on_a_sheet_it_is_told_that_lengths_are_those_in_space(tmp_path, generator, count):
    mesh = f'generator = "{generator}"\nradius = "1 mm"\ncell = "0.4 mm"'
    text = TISSUE.replace('generator = "interval"\nlength = "1 mm"\ncell = "50 um"', mesh)
    thick = "[tissue]\nthickness = '1 mm'" if count else "[tissue]"
    text = text.replace("[tissue]", thick).replace('"0.2 s"', '"1 ms"')
    notes = summary(run_here(text, tmp_path / "run"))["assumptions"]
    words = "noise 'background': its length is one in space, not along the sheet: banks of a sulcus"
    assert sum(note.startswith(words) and "than 0.4 mm" in note for note in notes) == count
