"""What a run on a surface in space did, as GIFTI files: for Workbench, FreeSurfer and nilearn."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.files import atomic
from ecs_model.postprocess import exported
from ecs_model.postprocess.times import numbers_of, refuse_unknown
from ecs_model.run import field_series
from ecs_model.run.rundir import RunDir

FOLDER = "gifti"
SURFACE = "surface.surf.gii"


def export_gifti(
    directory: Path | str,
    output: Path | str | None = None,
    fields: Sequence[str] = (),
    times: Sequence[float] | None = None,
) -> list[Path]:
    """Write a surface, the maps of the run on it and fields at times as GIFTI files; their paths.

    The surface is `surface.surf.gii`, in mm; each map a `NAME.func.gii`, a field one with an array
    for every time.

    Args:
        directory: of the run.
        output: folder for the files; `gifti` in the directory by default.
        fields: names of fields that change in time.
        times: when they are taken [s]; all output times if None.

    Raises:
        ConfigError: if there is no such run, field or time, or if its mesh is no surface in space.
    """
    run = RunDir.open(directory)
    points, cells, _ = field_series.read_mesh(run.path)
    if cells.shape[1] != 3 or not np.ptp(points[:, 2]):
        raise ConfigError(f"{run.path}: GIFTI needs a surface in space, and this mesh is none")
    refuse_unknown(run.path, fields)
    folder = Path(output or run.path / FOLDER)
    made = {SURFACE: _surface(points, cells)}
    made |= {f"{k}.func.gii": _data({k: v}) for k, v in field_series.read_maps(run.path)[0].items()}
    for name in fields:
        made[f"{name}.func.gii"] = _data(_over_time(run.path, name, times))
    with atomic.explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, image in made.items():
            atomic.write_bytes(folder / name, image.to_bytes())
        exported.note(folder, made, {"run": run.path.resolve().name}, ".gii")
    return [folder / name for name in made]


def _over_time(folder, name, times):
    """Label -> values of a field at some output times."""
    known = field_series.read_times(folder)
    numbers = range(len(known)) if times is None else numbers_of(known, times)
    return {f"{name} {known[k]:g} s": field_series.read_field(folder, name, k) for k in numbers}


def _surface(points, cells):
    from nibabel import gifti

    where = gifti.GiftiCoordSystem("NIFTI_XFORM_SCANNER_ANAT", "NIFTI_XFORM_SCANNER_ANAT")
    arrays = [
        gifti.GiftiDataArray(points.astype(np.float32), "NIFTI_INTENT_POINTSET", coordsys=where),
        gifti.GiftiDataArray(cells.astype(np.int32), "NIFTI_INTENT_TRIANGLE"),
    ]
    return gifti.GiftiImage(darrays=arrays)


def _data(columns):
    """An image of one array a label."""
    from nibabel import gifti

    arrays = [
        gifti.GiftiDataArray(values.astype(np.float32), "NIFTI_INTENT_NONE", meta={"Name": label})
        for label, values in columns.items()
    ]
    return gifti.GiftiImage(darrays=arrays)
