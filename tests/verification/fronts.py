"""Runs in which a front travels along x, and what is known about it exactly."""

from ecs_model.membrane.models import nagumo, threshold_release
from ecs_model.tissue.regions import diffusivity
from ecs_model.units import from_si
from tests.helpers import run_here, summary

D = 1.96e-9
MESHES = {
    "interval": 'generator = "interval"\nlength = "{length} um"\ncell = "{h} um"',
    "triangles": 'generator = "rectangle"\nsize = ["{length} um", "{wide} um"]\ncell = "{h} um"',
    "gmsh triangles": 'generator = "rectangle"\nsize = ["{length} um", "{wide} um"]\n'
    'cell = "{h} um"\nunstructured = true',
    "tetrahedra": 'generator = "box"\nsize = ["{length} um", "{wide} um", "{wide} um"]\n'
    'cell = "{h} um"',
    "gmsh tetrahedra": 'generator = "box"\nsize = ["{length} um", "{wide} um", "{wide} um"]\n'
    'cell = "{h} um"\nunstructured = true',
}
TEXT = """
title = "front"
[mesh]
{mesh}
[tissue]
tortuosity = {tortuosity}
D = "1.96e-9 m^2/s"
[[tissue.regions]]
name = "start"
box = {{ low = {low}, high = {high} }}
initial = {{ K_o = 55 }}
[membrane]
model = "{model}"
[[line]]
name = "way"
start = {start}
end = {way}
points = 201
[time]
end = "{end} s"
step = "{step} ms"
adaptive = false
[solver]
{theta}
[output]
every = "{end} s"
series = "{end} s"
"""


def exact_speed(model, tortuosity=1.6):
    """Exact speed [mm/min]."""
    module = {"nagumo": nagumo, "threshold_release": threshold_release}[model]
    speed = module.front_speed(module.Parameters(), diffusivity(D, tortuosity))
    return float(from_si(speed, "mm/min"))


def front(
    folder,
    mesh="interval",
    model="nagumo",
    h=10,
    theta=0.5,
    tortuosity=1.6,
    length=1200,
    step=20,
    overrides=(),
):
    """What a run says of its front: speed_mm_per_min, width_um ..."""
    wide = max(40, 3 * h)
    duration = 0.93 * length * 1e-3 / exact_speed(model, tortuosity) * 60
    end = round(duration)
    d = {"i": 1, "r": 2, "b": 3}[MESHES[mesh].split('"')[1][0]]
    text = TEXT.format(
        mesh=MESHES[mesh].format(length=length, h=h, wide=wide),
        tortuosity=tortuosity,
        model=model,
        end=f"{end:g}",
        step=step,
        theta="" if theta is None else f"theta = {theta}",
        low=_point(d, -1, -1),
        high=_point(d, 100, 1000),
        start=_point(d, 0, wide / 2),
        way=_point(d, length, wide / 2),
    )
    return summary(run_here(text, folder, *overrides))["fronts"]["way"]


def error(folder, model="nagumo", tortuosity=1.6, **about):
    """Relative error of the speed of a front."""
    found = front(folder, model=model, tortuosity=tortuosity, **about)["speed_mm_per_min"]
    return found / exact_speed(model, tortuosity) - 1


def _point(d, along, across):
    """A point of d coordinates [um] as TOML."""
    return "[" + ", ".join(f'"{x} um"' for x in [along, across, across][:d]) + "]"
