"""What a run did, as NIfTI images in the space of a given one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ecs_model import __version__
from ecs_model.errors import ConfigError
from ecs_model.files import atomic, foreign, images, schemas
from ecs_model.physics.values import Array
from ecs_model.postprocess import exported
from ecs_model.postprocess.times import numbers_of, refuse_unknown
from ecs_model.postprocess.voxels import Centres, Voxels
from ecs_model.run import field_series
from ecs_model.run.rundir import RunDir

FOLDER = "nifti"
WORDS = ("regime",)  # maps whose numbers are names
EVEN = 1e-6  # by which spans between times may differ, relative
DESCRIPTION = 79  # bytes


class Exporter:
    """Writes fields of a run into the voxels of an image.

    Args:
        directory: of the run.
        like: path of the image whose space is taken.
        space: of the mesh's coordinates: "ras", "lps" or "tkr".
        at_centres: take values at centres of voxels instead of means over them.
        earliest: of arrival and onset take the first in a voxel instead of the mean.

    Attributes:
        unseen: share of the tissue in voxels that have no value, and the number of these.

    Raises:
        ConfigError: if there is no such run or image, or if they have nothing in common.
    """

    def __init__(
        self, directory: Path, like: Path, space: str, at_centres: bool, earliest: bool
    ) -> None:
        self._folder, self._earliest = directory, earliest
        self._image = images.read(like)
        points, cells, self._cell_fields = field_series.read_mesh(directory)
        if cells.shape[1] != 4:
            raise ConfigError(f"{directory}: images need tetrahedra, and the mesh has none")
        matrix = self._image.to_world(space)
        points = points @ matrix[:3, :3].T + matrix[:3, 3]
        self._voxels = Voxels(self._image, points, cells)
        if not self._voxels.coverage.any():
            raise ConfigError(
                f"{directory}: nothing of the mesh lies in {like}, if its coordinates are {space}; "
                f"the others are {', '.join(s for s in images.SPACES if s != space)}"
            )
        self._values: Any = Centres(self._image, points, cells) if at_centres else self._voxels
        self.unseen = _unseen(self._voxels.coverage, self._values.mean(np.ones(len(points))))
        if self.unseen["share_of_tissue"] == 1.0:
            most = self._voxels.coverage.max()
            raise ConfigError(
                f"{like}: all images would be empty, as no voxel has a value: tissue fills "
                f"{100 * most:.0f} % of one at most, and half of it is needed; give a finer image"
            )

    def everything(self, fields: Sequence[str], times: Sequence[float]) -> dict[str, Array]:
        """Name -> image of coverage, fields of cells, the maps of the run, and fields at times.

        Args:
            fields: names of fields that change in time.
            times: when they are taken [s]; for even ones all are one image, with a fourth axis.
        """
        made = {"coverage": self._voxels.coverage}
        for name, values in self._cell_fields.items():
            made[name] = self._values.of_cells(values)
        maps, _ = field_series.read_maps(self._folder)
        made |= {name: self._of_map(name, values) for name, values in maps.items()}
        for name in fields:
            made |= self._over_time(name, times)
        return made

    def _of_map(self, name, values):
        if name in WORDS:
            return self._values.most(values)
        is_first = self._earliest and name in ("arrival_K_o", "onset")
        return (self._values.earliest if is_first else self._values.mean)(values)

    def _over_time(self, name, times):
        known = field_series.read_times(self._folder)
        numbers = numbers_of(known, times)
        read = [field_series.read_field(self._folder, name, k) for k in numbers]
        made = [self._values.mean(values) for values in read]
        if len(times) > 1 and _step(times) is not None:
            return {name: np.stack(made, axis=-1)}
        return {f"{name}_{t:g}s": image for t, image in zip(times, made, strict=True)}

    def write(self, path: Path, values: Array, times: Sequence[float], about: str) -> None:
        """Write one image as NIfTI."""
        import nibabel

        made: Any = nibabel.Nifti1Image(values.astype(np.float32), self._image.affine)
        made.set_sform(self._image.affine, 1)
        made.set_qform(self._image.affine, 1)
        made.header.set_xyzt_units("mm", "sec")
        if values.ndim == 4:
            made.header.set_zooms((*self._image.zooms, _step(times)))
            made.header["toffset"] = times[0]
        made.header["descrip"] = about.encode()[:DESCRIPTION]
        nibabel.save(made, path)


def export_nifti(
    directory: Path | str,
    like: Path | str,
    output: Path | str | None = None,
    fields: Sequence[str] = (),
    times: Sequence[float] | None = None,
    *,
    space: str = "ras",
    at_centres: bool = False,
    earliest: bool = False,
) -> list[Path]:
    """Write what a run did as NIfTI images in the space of a given one; their paths.

    Args:
        directory: of the run.
        like: path of the NIfTI or MGZ image whose voxels are taken.
        output: folder for the images; `nifti` in the directory by default.
        fields: names of fields that change in time.
        times: when they are taken [s]; all output times if None.
        space: of the mesh's coordinates: "ras", "lps" or "tkr".
        at_centres: take values at centres of voxels instead of means over them.
        earliest: of arrival and onset take the first in a voxel instead of the mean.

    Returns:
        Paths of the images, and of `about.json`, which tells where they come from.

    Raises:
        ConfigError: for what cannot be used.
    """
    run = RunDir.open(directory)
    folder = Path(output or run.path / FOLDER)
    exporter = Exporter(run.path, Path(like), space, at_centres, earliest)
    refuse_unknown(run.path, fields)
    times = [*field_series.read_times(run.path)] if times is None else [*times]
    made = exporter.everything(fields, times)
    with atomic.explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, values in made.items():
            exporter.write(folder / f"{name}.nii.gz", values, times, f"ecs-model {__version__}")
        files = [f"{name}.nii.gz" for name in made]
        about = _about(run, like, space) | {"without_value": exporter.unseen}
        noted = exported.note(folder, files, about, ".nii.gz")
    return [*(folder / name for name in files), noted]


def _unseen(coverage, values):
    """What of the tissue lies in voxels without a value."""
    lost = coverage[np.isnan(values)]
    return {
        "share_of_tissue": float(lost.sum() / coverage.sum()),
        "voxels": int((lost > 0).sum()),
    }


def _step(times):
    """The span between times [s] if all are alike, else None."""
    spans = np.diff(times)
    return float(spans[0]) if np.ptp(spans) <= EVEN * spans[0] else None


def _about(run, like, space):
    facts = run.facts()
    return {
        "run": str(run.path.resolve().name),
        "ecs_model": __version__,
        "started": facts.get("started"),
        "configuration": images.digest(run.resolved),
        "mesh": facts.get("mesh"),
        "space": space,
        "like": {"sha256": images.digest(like), "affine": images.read(like).affine.tolist()},
        "images": (foreign.read_json(run.summary, schemas.SummaryFacts) or {}).get("images", {}),
    }
