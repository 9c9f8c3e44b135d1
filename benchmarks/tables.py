"""Tables of the pages that neither another benchmark nor a test prints, in Markdown.

Usage: python benchmarks/tables.py NAME

simplifications  what leaving out ions, charge and swelling costs, docs/tissue.md (a minute)
syncytium        what joined glia do to K+ and to a wave, docs/glia.md (four minutes)
processes        what the number of processes changes, docs/numerics.md (a minute)
seizures         how long they are, docs/models.md (two minutes)
meshes           size, time and shape of generated meshes, docs/meshes.md (a minute)
ready            seconds that ready runs take, README.md and docs/gallery.md (half an hour)

Without a name all of them. `runs/*.toml` are what is changed.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from measure import sized, table

from ecs_model import api, meshes, runs
from ecs_model.launcher import own_mpiexec
from ecs_model.membrane.model import Surroundings
from ecs_model.membrane.packing import scaled_parameters
from ecs_model.membrane.solver import Reaction
from ecs_model.membrane.user_models import membrane_of
from ecs_model.meshes import meshdata
from ecs_model.physics.regimes import Firing
from ecs_model.run.tables import read_line

OWN_D = 'tissue.ions=["K","Na","Cl"]'
BOUND, FREE = "tissue.transport=electrodiffusion", "tissue.transport=diffusion"
SEEN = 'output.fields=["K_o","V","Phi_e"]'
SWELLING = "membrane.options={swelling=true}"
SIMPLER = (  # what is said, ready run, what is changed
    ("`sd_wave`: electrodiffusion", "sd_wave", (OWN_D, BOUND)),
    ("three ions, each with its own D", "sd_wave", (OWN_D,)),
    ("three ions with the D of K+", "sd_wave", ()),
    ("K+ alone", "sd_wave", ('tissue.ions=["K"]',)),
    ("three ions with the D of K+, swelling", "sd_wave", (SWELLING,)),
    ("the same, lambda as alpha^-0.2", "sd_wave", (SWELLING, "tissue.tortuosity_exponent=0.2")),
    ("`csd_benchmark`: electrodiffusion", "csd_benchmark", ()),
    ("three ions, each with its own D", "csd_benchmark", (FREE, 'output.fields=["K_o"]')),
)
GLIA = (  # what is said, what is changed
    ("lumped glia", ()),
    ("joined, `cable = false`", ("tissue.syncytium={tortuosity=3.2,cable=false}",)),
    ("lambda_g 10", ("tissue.syncytium={tortuosity=10}",)),
    ("lambda_g 5", ("tissue.syncytium={tortuosity=5}",)),
    ("lambda_g 3.2", ("tissue.syncytium={tortuosity=3.2}",)),
    ("lambda_g 2", ("tissue.syncytium={tortuosity=2}",)),
    (
        "lambda_g 3.2, `diffusion`",
        ("tissue.syncytium={tortuosity=3.2}", FREE),
    ),
)
LOAD = (  # K+ of 0.8 mM/s for 10 s at the end of the line, and no bolus
    'tissue.regions=[{name="end",box={low=["-1 um"],high=["0.1 mm"]}}]',
    'source=[{name="load",region="end",load="0.8 mM/s",profile={kind="pulse",duration="10 s"}}]',
    "time.end=30 s",
)
EQUAL = (  # what is said, what is changed, numbers of processes
    ("`membrane.tolerance = 1e-3`, the default", (), (3, 5)),
    ("`1e-4`", ("membrane.tolerance=1e-4",), (3,)),
    (
        '`membrane.substeps = 4` and `precision = "double"`, fixed sub-steps',
        ("membrane.substeps=4", "membrane.precision=double"),
        (3,),
    ),
)
SLOW = {"parameter_set": "SlowIons"}
EXCITED = SLOW | {"options": {"synapses": "excitation"}}
CELLS = (  # model, alpha, K+ in the bath [mM], what is said, settings, parameters
    ("barreto_cressman", 0.125, 8.0, "published", {}, {}),
    ("barreto_cressman", 0.125, 8.0, "`SlowIons`", SLOW, {}),
    ("barreto_cressman", 0.125, 8.5, "`SlowIons`", SLOW, {}),
    (
        *("barreto_cressman", 0.125, 8.0),
        *("`SlowIons`, excitation, g_AMPA 0.05 mS/cm²", EXCITED, {"g_AMPA": 0.5}),
    ),
    ("barreto_cressman", 0.2, 8.0, "`SlowIons`", SLOW, {}),
    (
        *("barreto_cressman", 0.3, 10.0),
        *("G_glia 16.7 mM/s, eps 0.133 1/s", {}, {"G_glia": 16.7, "eps": 0.133}),
    ),
    ("wei_ullah_schiff", 0.125, 10.0, "published", {}, {}),
    ("wei_ullah_schiff", 0.125, 10.0, "`SlowIons`", SLOW, {}),
    ("wei_ullah_schiff", 0.125, 11.0, "`SlowIons`", SLOW, {}),
    (
        *("wei_ullah_schiff", 0.2, 11.0),
        *("G_glia 1.25 mM/s, eps 0.0375 1/s", {}, {"G_glia": 1.25, "eps": 0.0375}),
    ),
)
MESHES = (  # what is said, generator, its arguments
    ("`box((1e-3,) * 3, 10e-6)`", "box", ((1e-3,) * 3, 10e-6), {}),
    ("`slice_((2e-3, 2e-3), 0.4e-3, 25e-6)`", "slice_", ((2e-3, 2e-3), 0.4e-3, 25e-6), {}),
    (
        *("box of 1 mm, 60 um, 5 um at a source", "box", ((1e-3,) * 3, 60e-6)),
        {"refine": [((0.5e-3,) * 3, 20e-6, 5e-6, True)]},
    ),
    (
        *("box of 2 mm, 60 um, 5 um at a source", "box", ((2e-3,) * 3, 60e-6)),
        {"refine": [((1e-3,) * 3, 20e-6, 5e-6, True)]},
    ),
    ("`disc(1e-3, 25e-6)`", "disc", (1e-3, 25e-6), {}),
    ("`sphere(1e-3, 80e-6)`", "sphere", (1e-3, 80e-6), {}),
    (
        *('`ribbon("S1", radius=10e-3, cell=0.25e-3)`', "ribbon", ("S1",)),
        {"radius": 10e-3, "cell": 0.25e-3},
    ),
    (
        *("... `subdivisions=2, layers=10` instead of `cell`", "ribbon", ("S1",)),
        {"radius": 10e-3, "subdivisions": 2, "layers": 10},
    ),
    ('`ribbon("fsaverage5", layers=4)`', "ribbon", ("fsaverage5",), {"layers": 4}),
    ('`ribbon("S1", layers=3)`', "ribbon", ("S1",), {"layers": 3}),
    ('`coronal("S1", 0.02, 0.5e-3)`', "coronal", ("S1", 0.02, 0.5e-3), {}),
    ('`coronal("fsaverage5", -0.02, 1e-3)`', "coronal", ("fsaverage5", -0.02, 1e-3), {}),
)


def ran(folder, name, changes, ranks=1):
    """The directory of a ready run that was changed."""
    config, path = Path(folder, f"{name}.toml"), Path(tempfile.mkdtemp(dir=folder), "run")
    config.write_text(runs.path(name).read_text())
    changes = (*changes, *sized((), ("time.end=1 s",)))
    if ranks == 1:
        api.run(config, path, overrides=changes, quiet=True)
        return path
    program = [own_mpiexec(), "-n", str(ranks), sys.executable, "-m", "ecs_model", "run", config]
    program += ["-o", path, "--quiet", *(word for c in changes for word in ("--set", c))]
    yielding = {"MPIR_CVAR_ENABLE_HEAVY_YIELD": "1"} if ranks > (os.cpu_count() or 1) else {}
    subprocess.run([*map(str, program)], check=True, env=os.environ | yielding)
    return path


def summary(path):
    """The summary of a run."""
    return json.loads((path / "summary.json").read_text())


def middle(path, name, worst=np.max):
    """The highest value of a field in the middle half of the line, or the `worst`."""
    _, place, fields, _ = read_line(path, "along")
    within = (place > place[-1] / 4) & (place < 3 * place[-1] / 4)
    return worst(fields[name][:, within])


def simplifications(folder):
    """What leaving out ions, charge and swelling costs."""
    heads = ("", "speed [mm/min]", "difference", "width [um]", "highest K+ far from both ends [mM]")
    rows, exact = [], 1.0
    for said, name, changes in sized(SIMPLER, SIMPLER[2:3]):
        fine = ("mesh.cell=5 um",) if name == "sd_wave" else ()
        path = ran(folder, name, (*fine, *changes))
        front = summary(path)["fronts"]["along"]
        speed = front["speed_mm_per_min"] or np.nan
        exact = speed if said.startswith("`") else exact
        more = f"{100 * (speed / exact - 1):+.1f} %" if speed != exact else "0"
        width = front["width_um"] or np.nan
        rows.append((said, f"{speed:.3f}", more, f"{width:.0f}", f"{middle(path, 'K_o'):.1f}"))
    table(heads, rows)


def syncytium(folder):
    """What joined glia do to K+ that is raised at one end, and to a wave."""
    heads = ["", "highest K_o in the load [mM]", "at 0.3 mm [mM]", "K_o 20 s later [mM]"]
    heads += ["SD speed [mm/min]", "K_o in the wave [mM]", "Phi_e in the wave [mV]"]
    rows = []
    for said, changes in sized(GLIA, GLIA[4:5]):
        charged = (OWN_D,) if FREE in changes else (OWN_D, BOUND, SEEN)
        _, place, fields, _ = read_line(
            ran(folder, "sd_wave", (*charged, *LOAD, *changes)), "along"
        )
        wave, K = ran(folder, "sd_wave", (*charged, *changes)), fields["K_o"]
        speed = summary(wave)["fronts"]["along"]["speed_mm_per_min"] or np.nan
        deep = middle(wave, "Phi_e", np.min) if len(charged) > 1 else 0.0
        found = (K.max(), np.interp(0.3, place, K.max(axis=0)), K[-1, 0])
        numbers = [f"{value:.2f}" for value in found]
        rows.append((said, *numbers, f"{speed:.3f}", f"{middle(wave, 'K_o'):.1f}", f"{deep:.1f}"))
    table(heads, rows)


def processes(folder):
    """What the number of processes changes."""
    rows = []
    for said, changes, several in sized(EQUAL, EQUAL[:1]):
        every = ("time.end=20 s", "time.two_rates=false", *changes)
        paths = {n: ran(folder, "sd_wave", every, n) for n in (1, *several[: sized(2, 0)])}
        K = {n: read_line(path, "along")[2]["K_o"] for n, path in paths.items()}
        apart = [f"{np.abs(K[n] - K[1]).max():.1e} mM" if n in K else "" for n in (3, 5)]
        rows.append((said, *apart, f"{summary(paths[1])['substeps_per_step']:.1f}"))
    table(("`sd_wave`, 20 s", "1 and 3 processes differ by", "1 and 5", "sub-steps a step"), rows)


def seizures(_):
    """How long seizures are, over the last 300 of 400 s."""
    rows = []
    for name, alpha, bath, said, more, changes in sized(CELLS, CELLS[:1]):
        lasting, every, K = bursts(name, alpha, {"K_bath": bath} | changes, more)
        numbers = (f"{lasting:.1f}", f"{every:.3g}", f"{K.min():.1f} to {K.max():.1f}")
        rows.append((f"`{name}`, {alpha}", f"{bath:g}", said, *numbers))
    table(("model, alpha", "K_bath [mM]", "set", "bursts [s]", "every [s]", "K⁺ [mM]"), rows)


def bursts(name, alpha, changes, more):
    """Median duration of bursts and time between two [s], and K+ [mM]."""
    usual = {"model": name, "file": None, "options": {}, "add": [], "parameter_set": None}
    model, seconds, step = membrane_of(SimpleNamespace(**usual | more)), sized(400, 20), 0.05
    y = model.State(*(np.full(1, v) for v in model.State()))
    p = scaled_parameters(model, model.Parameters(**changes), alpha)
    made = Reaction(model, y, p, Surroundings(alpha=alpha))
    trace, K = made.follow(Firing()), []
    for k in range(int(seconds / step)):
        made.advance(step, step * k)
        K.append(y.K_o[0])
    times = trace.events()[:, 1]
    parts = np.split(times, np.flatnonzero(np.diff(times) > 2.0) + 1)
    whole = [b for b in parts if len(b) and b[0] > 100.0 and b[-1] < seconds - 2.0]
    if len(whole) < 2:
        return np.nan, np.nan, np.array(K)
    starts, lasting = [b[0] for b in whole], [b[-1] - b[0] for b in whole]
    return np.median(lasting), np.median(np.diff(starts)), np.array(K[int(100 / step) :])


def made_meshes(_):
    """Size, time and shape of generated meshes."""
    rows = []
    for said, name, arguments, options in sized(MESHES, MESHES[4:5]):
        began = time.process_time()
        mesh = getattr(meshes, name)(*arguments, **options)
        seconds = time.process_time() - began
        q = meshdata.quality(mesh)
        shape = (q.radius_ratio_min, q.radius_ratio_p1, q.radius_ratio_median)
        edges = (1e6 * edge for edge in (q.edge_p5, q.edge_median, q.edge_p95))
        shown = (" / ".join(f"{x:.2f}" for x in shape), " / ".join(f"{x:.0f}" for x in edges))
        rows.append((said, f"{q.nodes:,}", f"{q.cells:,}", f"{seconds:.2g}", *shown))
    shapes = ("shape min / 1 % / median", "edges 5 / 50 / 95 % [um]")
    table(("mesh", "nodes", "cells", "s", *shapes), rows)


def ready(folder):
    """Seconds that ready runs, scans and cells take, with the start of the program."""
    rows = []
    for name in sized(runs.all_names(), ("point_source",)):
        config, stem = api.copy(name, folder), name.rpartition("/")[2]
        kind = "cell" if "/" in name else "scan" if stem.startswith("scan_") else "run"
        program = [sys.executable, "-m", "ecs_model", kind, str(config), "-o", f"{folder}/{stem}"]
        began = time.perf_counter()
        subprocess.run([*program, "--quiet"], check=True)
        rows.append((f"`{name}`", f"{time.perf_counter() - began:.0f}"))
    table(("`runs/`", "seconds"), rows)


TABLES = {f.__name__: f for f in (simplifications, syncytium, processes, seizures, ready)}
TABLES["meshes"] = made_meshes


def main(names):
    """Print the tables of the names."""
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            TABLES[name](folder)
            print()


if __name__ == "__main__":
    main(sys.argv[1:] or TABLES)
