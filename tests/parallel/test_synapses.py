"""Tissue that synapses join: the same on any number of processes, and after a resume."""

import pytest

from tests.parallel.runs import begun, close, done, same_bytes, settings

CONFIG = """
[mesh]
generator = "rectangle"
size = ["1 mm", "0.4 mm"]
cell = "25 um"
unstructured = true
[[tissue.regions]]
name = "start"
box = { low = ["0 mm", "0 mm"], high = ["0.2 mm", "0.2 mm"] }
alpha = 0.15
tortuosity = 1.8
[membrane]
model = "epileptor2"
options = { bath = "diffusion" }
[[synapses]]
name = "axons"
reach = "0.1 mm"
[[event]]
name = "kick"
region = "start"
parameters = { I = "50 mV" }
profile = { kind = "pulse", start = "0.01 s", duration = "0.1 s" }
[[line]]
name = "way"
start = ["0 mm", "0.1 mm"]
end = ["1 mm", "0.1 mm"]
[time]
end = "0.2 s"
step = "0.5 ms"
[output]
every = "0.05 s"
series = "10 ms"
precision = "double"
fields = ["V", "rate", "drive", "x"]
"""
FIELD = """
[mesh]
generator = "interval"
length = "1 mm"
cell = "25 um"
[tissue]
ions = ["K", "Na", "Cl"]
transport = "electrodiffusion"
[[tissue.regions]]
name = "start"
box = { low = ["-1 um"], high = ["0.3 mm"] }
alpha = 0.15
[membrane]
model = "huebel_dahlem"
options = { synapses = "excitation" }
parameters = { g_AMPA = "0.5 mS/cm^2" }
[[synapses]]
name = "axons"
reach = "0.1 mm"
[[event]]
name = "kick"
region = "start"
parameters = { I_stim = "5 uA/cm^2" }
profile = { kind = "pulse", start = "0.01 s", duration = "0.1 s" }
[[line]]
name = "way"
start = ["0 mm"]
end = ["1 mm"]
[time]
end = "0.2 s"
step = "0.5 ms"
[output]
every = "0.05 s"
series = "10 ms"
precision = "double"
fields = ["K_o", "V", "Phi_e", "sent", "drive"]
"""
FIXED = (
    "membrane.substeps=50",
    "membrane.precision=double",
    "time.adaptive=false",
    "solver.rtol=1e-12",
)


@pytest.fixture(scope="module", params=[CONFIG, FIELD], ids=["population", "electrodiffusion"])
def folder(tmp_path_factory, request):
    path = tmp_path_factory.mktemp("synapses")
    (path / "run.toml").write_text(request.param)
    return path


@pytest.mark.parametrize("n", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_equal_steps_give_equal_fields(folder, n):
    """But for round-off, which a threshold and the upstrokes of spikes make larger."""
    is_spiking = "huebel" in (folder / "run.toml").read_text()
    fixed = (*FIXED, f"time.end={0.05 if is_spiking else 0.1} s")
    one = folder / "one"
    if not one.exists():
        begun(1, folder, "one", *fixed)
    close(one, begun(n, folder, f"fixed{n}", *fixed), rtol=1e-9, atol=1e-5 if is_spiking else 1e-10)


@pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_a_run_that_is_resumed_is_the_same(folder, n):
    """Bit for bit, where the discharge spreads."""
    whole = begun(n, folder, f"whole{n}", "time.end=0.1 s")
    half = begun(n, folder, f"half{n}", "time.end=0.05 s")
    done(n, folder, "resume", half.name, *settings("time.end=0.1 s"))
    same_bytes(whole, half)
