"""The tissue of the benchmarks: a box of tetrahedra with K+ that is high at one side."""

import numpy as np

from ecs_model.config import reader, resolve
from ecs_model.run import build

TEXT = """
[mesh]
generator = "box"
size = ["{x} um", "{y} um", "{z} um"]
cell = "{h} um"
[tissue]
D = "1.96e-9 m^2/s"
{tissue}
[membrane]
model = "{model}"
{membrane}
[time]
end = "{end} s"
step = "{dt} ms"
{pace}
[output]
every = "{end} s"
series = "{end} s"
[solver]
{theta}
"""


def parts(
    comm,
    counts,
    h,
    dt,
    model="pump_leak",
    end=None,
    theta=None,
    tolerance=None,
    tissue="",
    membrane="",
):
    """The Parts of a run, see `ecs_model.run.build`.

    Args:
        comm: MPI communicator.
        counts: cells along each axis.
        h: their size [um].
        dt: step, or smallest step [ms].
        model: membrane.
        end: of the run [s]; long by default.
        theta: share of consistent mass; the model's by default.
        tolerance: of adaptive steps [mM]; fixed steps without.
        tissue: further lines of this section.
        membrane: likewise.
    """
    x, y, z = (n * h for n in counts)
    pace = "adaptive = false" if tolerance is None else f'tolerance = "{tolerance} mM"'
    text = TEXT.format(
        x=x,
        y=y,
        z=z,
        h=h,
        model=model,
        dt=dt,
        end=end or dt,
        pace=pace,
        tissue=tissue,
        membrane=membrane,
        theta="" if theta is None else f"theta = {theta}",
    )
    config = resolve.with_intervals(reader.parse_config(text, "benchmark"))
    return build.build(config, comm)


def raise_potassium(made, high, width):
    """Add a Gaussian of `width` [um] and `high` [mM] to K+ at x = 0."""
    x = 1e6 * made.mesh.coordinates[: made.mesh.owned, 0]
    made.simulation.reaction.variables[0][:] += high * np.exp(-((x / width) ** 2))
