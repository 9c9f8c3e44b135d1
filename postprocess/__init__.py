"""Pictures, movies and exports of a run directory; needs neither MPI nor DOLFINx.

Every function takes a run directory. `report` makes everything that makes sense for the run; the
modules hold the single pictures: series, maps, pictures, line, movie, paraview, vtkhdf.
"""

from pathlib import Path


def report(run_dir, formats: tuple[str, ...] = ("png",), title: str = "") -> list[Path]:
    """Paths of all pictures and movies that make sense for this run; see `everything`."""
    from ecs_model.postprocess.run_figures import everything  # Matplotlib takes a second to load

    return everything(run_dir, formats, title)
