"""Draws docs/pictures/template_map.png: seizures around a lesion in the MNI152 template.

Usage: python docs/template_map.py FOLDER [WORK]

FOLDER holds the template as nilearn ships it (`nilearn/datasets/data` of the installed package, or
of its wheel, unpacked); WORK is where labels, results and images go, `template_map` by default.
"""

import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np

from ecs_model.postprocess import labels as words
from ecs_model.postprocess import style

NAME = "mni_icbm152_{}_tal_nlin_sym_09a_converted.nii.gz"
COARSE = 3  # voxels of the template along a side of one here: 3 mm
LESION, RADIUS = (-42.0, -10.0, -20.0), 9.0  # mm
RUN = """
title = "A lesion in the MNI152 template seizes and recruits the cortex around it"

[mesh]
generator = "from_labels"
image = "labels.nii.gz"
names = "names.txt"
cell = "3 mm"

[[mesh.refine]]
region = "lesion"
radius = "5 mm"
cell = "1.5 mm"

[[tissue.regions]]
name = "lesion"
tag = "lesion"
parameters = { K_bath = "14 mM", G = "5 mV*s" }

[[tissue.regions]]
name = "white matter"
tag = "white"
parameters = { G = "0.1 mV*s" }

[membrane]
model = "epileptor2"
parameters = { K_bath = "8 mM", G = "1.2 mV*s" }

[[synapses]]
name = "horizontal connections"
reach = "6 mm"

[time]
end = "80 s"
step = "5 ms"
tolerance = "0.1 mM"

[output]
every = "10 s"
series = "1 s"
fields = ["K_o", "rate", "onset", "regime"]
"""


def averaged(image):
    """Means over blocks of voxels, and where they lie."""
    values = np.asarray(image.dataobj, float)
    n = [size // COARSE for size in values.shape]
    values = values[tuple(slice(k * COARSE) for k in n)]
    blocks = values.reshape(n[0], COARSE, n[1], COARSE, n[2], COARSE)
    affine = image.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ np.full(3, (COARSE - 1) / 2)
    affine[:3, :3] *= COARSE
    return blocks.mean(axis=(1, 3, 5)) / values.max(), affine


def prepare(template, folder):
    """Write labels of grey and white matter, with a lesion in it, their names, and the run."""
    grey, affine = averaged(nibabel.load(template / NAME.format("gm")))
    white, _ = averaged(nibabel.load(template / NAME.format("wm")))
    made = np.where(grey >= white, 3, 2) * (grey + white > 0.5)
    places = nibabel.affines.apply_affine(affine, np.stack(np.indices(grey.shape), -1))
    made[(np.linalg.norm(places - LESION, axis=-1) < RADIUS) & (made > 0)] = 25
    folder.mkdir(exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(made.astype(np.int16), affine), folder / "labels.nii.gz")
    (folder / "names.txt").write_text("2 white\n3 grey\n25 lesion\n")
    (folder / "run.toml").write_text(RUN.lstrip())


def draw(template, folder, path):
    """Put the picture of the exported onset, over the template, into `path`."""
    brain, affine = averaged(nibabel.load(template / NAME.format("t1")))
    onset = nibabel.load(folder / "out/nifti/onset.nii.gz").get_fdata()
    at = np.rint(nibabel.affines.apply_affine(np.linalg.inv(affine), LESION)).astype(int)
    figure = style.figure(2.6)
    panels = figure.subplots(1, 3)
    for axis, axes in enumerate(panels):
        below, above = (np.take(x, at[axis], axis=axis).T for x in (brain, onset))
        axes.imshow(below, origin="lower", cmap="gray", vmax=0.9)
        shown = axes.imshow(above, origin="lower", cmap="inferno_r", vmin=0, vmax=80)
        axes.set_axis_off()
    text = words.label("onset", "s")
    style.colour_bar(figure, shown, "onset", text, ax=[*panels], shrink=0.8, pad=0.02)
    style.save(figure, path)


def main(template, folder):
    """Labels, run, export, picture."""
    prepare(template, folder)
    for words_of in (
        ("run", "run.toml", "-o", "out", "--overwrite"),
        ("export", "out", "--nifti", "labels.nii.gz", "--earliest"),
    ):
        subprocess.run([sys.executable, "-m", "ecs_model", *words_of], cwd=folder, check=True)
    draw(template, folder, Path(__file__).parent / "pictures" / "template_map.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path((sys.argv[2:] or ["template_map"])[0]))
