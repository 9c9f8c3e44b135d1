"""A run in the phantom's tissue."""

CONFIG = """\
[mesh]
file = "body.vtu"
unit = "mm"

[tissue]
alpha = { file = "alpha.nii.gz", within = "labels.nii.gz" }
tortuosity = TORTUOSITY

[[tissue.regions]]
name = "lesion"
label = 25
image = "labels.nii.gz"
initial = { K_o = 20.0 }

[[tissue.regions]]
name = "white"
label = "white"
image = "labels.nii.gz"
names = "names.txt"
parameters = { J_max = "0.5 umol/m^2/s" }

[membrane]
model = "pump_leak"
substeps = 2

[time]
end = "0.4 s"
step = "0.1 s"
adaptive = false

[output]
every = "0.1 s"
precision = "double"

[checkpoint]
every = "0.2 s"
"""
FIBRES = (
    '{ parallel = 1.4, across = 1.8, file = "tensor_fsl.nii.gz", order = "fsl", axes = "fsl", '
    'within = "labels.nii.gz" }'
)
RATIOS = '{ mean = 1.6, file = "tensor_mrtrix.nii.gz", order = "mrtrix", axes = "world" }'


def prepare(folder, scan, body, tortuosity=FIBRES):
    """Path of a configuration with all that it needs beside it."""
    for path in (*scan.folder.iterdir(), body):
        (folder / path.name).symlink_to(path)
    path = folder / "run.toml"
    path.write_text(CONFIG.replace("TORTUOSITY", tortuosity))
    return path
