"""Every term of a balance against its closed form, at every row, in every mode."""

import numpy as np
import pytest

from tests.helpers import launch, run_here, series, summary
from tests.verification.answers import ALPHA, EFFECTIVE, TISSUES, VOLUMES

L = 4e-4
WAYS = {
    "adaptive": ["time.step=10 ms", "time.tolerance=0.002 mM"],
    "fixed": ["time.step=50 ms", "time.adaptive=false"],
    "rkl2": ["time.step=10 ms", "time.tolerance=0.002 mM", "solver.scheme=rkl2"],
}


def everywhere(d):
    """All of the tissue as a region."""
    low, high = ", ".join(['"-1 um"'] * d), ", ".join(['"1 mm"'] * d)
    return f'[[tissue.regions]]\nname = "all"\nbox = {{ low = [{low}], high = [{high}] }}\n'


def uptake(d, *sections, k=0.4, end="8 s", series="1 s"):
    """A run with linear uptake towards 3 mM."""
    return (
        f"{TISSUES[d]}[membrane]\n"
        f'model = "threshold_release"\nparameters = {{ r = 0.0, k = {k} }}\ntolerance = 1e-7\n'
        f'[time]\nend = "{end}"\n[output]\nevery = "{end}"\nseries = "{series}"\n'
        + "".join(sections)
    )


@pytest.mark.parametrize("steps", WAYS)
@pytest.mark.parametrize("d", [1, 2, 3])
def test_what_a_load_brings_and_uptake_takes(tmp_path, d, steps):
    """K+ - 3 = g / k (1 - exp(-k t)); membranes take what the load brings beyond that."""
    load = everywhere(d) + '[[source]]\nname = "load"\nregion = "all"\nload = "2 mM/s"\n'
    rows = series(run_here(uptake(d, load), tmp_path / "run", *WAYS[steps]))
    t, room = rows["t"], ALPHA * VOLUMES[d]
    rise = 2 / 0.4 * (1 - np.exp(-0.4 * t))
    np.testing.assert_allclose(rows["ecs_K"], room * (3 + rise), rtol=2e-4)
    np.testing.assert_allclose(rows["source load"], room * 2 * t, rtol=1e-11, atol=1e-20)
    taken = room * (rise - 2 * t)
    np.testing.assert_allclose(rows["membranes"], taken, rtol=3e-3, atol=1e-4 * room)


@pytest.mark.parametrize("interval", ["8 s", "2 s", "0.2 s"])
@pytest.mark.parametrize("steps", WAYS)
def test_uptake_does_not_depend_on_the_rows(tmp_path, interval, steps):
    """From 9 mM: 6 exp(-k t) above rest, at any interval."""
    text = uptake(1, '[membrane.initial]\nK_o = "9 mM"\n', series=interval)
    rows = series(run_here(text, tmp_path / "run", *WAYS[steps]))
    room = ALPHA * VOLUMES[1]
    taken = -6 * room * (1 - np.exp(-0.4 * rows["t"]))
    np.testing.assert_allclose(rows["membranes"], taken, rtol=2e-4, atol=1e-9 * room)


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("kind", ["bath", "exchange", "flux"])
def test_what_a_boundary_brings_and_uptake_takes(tmp_path, d, kind):
    """Steady: a bath of reach sqrt(D* / k) gives what membranes take, alpha D* / reach tanh."""
    settings = {
        "bath": 'bath = "13 mM"',
        "flux": 'flux = "4e-6 mol/m^2/s"',
        "exchange": 'exchange = "1 um/s"\noutside = "13 mM"',
    }[kind]
    side = f'[[boundary]]\non = "left"\n{settings}\n'
    text = uptake(d, side, k=0.2, end="40 s", series="2 s")
    fine = {1: "10 um", 2: "12.5 um", 3: "25 um"}[d]
    found = run_here(text, tmp_path / "run", f"mesh.cell={fine}")
    rows = series(found)
    reach, area = np.sqrt(EFFECTIVE / 0.2), {1: 1.0, 2: 2e-4, 3: 2e-8}[d]
    leading = ALPHA * EFFECTIVE / reach * np.tanh(L / reach)  # per mM at the surface
    rate = {
        "bath": 10 * leading,
        "flux": 4e-6,
        "exchange": 10 / (1 / leading + 1 / 1e-6),
    }[kind] * area
    given, taken = (np.diff(rows[n])[-1] / 2 for n in ("boundary left", "membranes"))
    assert given == pytest.approx(rate, rel=0.02)
    assert taken == pytest.approx(-rate, rel=0.02)


MODES = {
    "one ion": ("", "kager_mori", ""),
    "three ions": ('ions = ["K", "Na", "Cl"]', "kager_mori", ""),
    "electrodiffusion": (
        'ions = ["K", "Na", "Cl"]\ntransport = "electrodiffusion"',
        "kager_mori",
        "",
    ),
    "swelling": ('ions = ["K", "Na", "Cl", "TMA"]', "kager_mori", "swelling = true"),
    "all of it": (
        'ions = ["K", "Na", "Cl"]\ntransport = "electrodiffusion"\ntortuosity_exponent = 0.2\n'
        "syncytium = { tortuosity = 2.5 }",
        "kager_mori",
        "swelling = true",
    ),
    "pumps": ('ions = ["K", "Na", "Cl"]', "pump_leak", ""),
}


def salted(mode):
    """A run of a mode with a source of KCl and a flux of it, over steps and edges."""
    tissue, model, options = MODES[mode]
    return f"""{TISSUES[2]}
[tissue]
{tissue}
[membrane]
model = "{model}"
options = {{ {options} }}
[[source]]
name = "KCl"
gaussian = {{ centre = ["0.1 mm", "0.1 mm"], radius = "60 um" }}
amount = "80 pmol"
profile = {{ kind = "pulse", start = "31 ms", duration = "0.1111 s" }}
[[boundary]]
on = "top"
flux = "30 nmol/m^2/s"
profile = {{ kind = "train", start = "12 ms", duration = "7 ms", period = "41 ms", count = 9 }}
[time]
end = "0.4 s"
[output]
every = "0.4 s"
series = "0.1 s"
"""


def check_salted(found, mode):
    """What came in, and that nothing is lost."""
    balance = found["balance"]
    ions = {"K": balance, **balance.get("ions", {})}
    for name in ("K", *(["Cl"] if "Cl" in ions else [])):
        given = ions[name]["given"]
        assert given["source KCl"] == pytest.approx(8e-11, rel=1e-11)
        assert given["boundary top"] == pytest.approx(3e-8 * 4e-4 * 9 * 7e-3, rel=1e-11)
    for name, ion in ions.items():
        assert ion["relative_error"] < 1e-12, name
        outside = ion["ecs_end"] - ion["ecs_start"]
        if "cells_end" in ion and mode != "one ion":
            brought = ion["given"].get("source KCl", 0.0) + ion["given"].get("boundary top", 0.0)
            inside = ion["cells_end"] - ion["cells_start"]
            assert outside + inside == pytest.approx(brought, abs=1e-12 * ion["cells_end"]), name


@pytest.mark.parametrize("mode", MODES)
def test_what_came_in_is_there_in_every_mode(tmp_path, mode):
    check_salted(summary(run_here(salted(mode), tmp_path / "run")), mode)


@pytest.mark.parametrize("mode", ["one ion", "all of it"])
@pytest.mark.parametrize("step", ["time.step=50 ms", "time.step=3 ms"])
def test_what_came_in_is_there_in_fixed_steps(tmp_path, mode, step):
    run = run_here(salted(mode), tmp_path / "run", step, "time.adaptive=false")
    check_salted(summary(run), mode)


@pytest.mark.slow
@pytest.mark.parametrize("processes", [2, 3])
@pytest.mark.parametrize("mode", MODES)
def test_what_came_in_is_there_on_several_processes(tmp_path, mode, processes):
    from ecs_model.run.rundir import RunDir

    (tmp_path / "run.toml").write_text(salted(mode))
    done = launch(processes, "run", tmp_path / "run.toml", "-o", tmp_path / "run", "--quiet")
    assert done.returncode == 0, done.stderr
    check_salted(summary(RunDir(tmp_path / "run")), mode)
