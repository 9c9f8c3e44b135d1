"""Writes open_in_paraview.py: a ParaView session of a run, with colours, cut and time label."""

from ecs_model.files import atomic
from ecs_model.postprocess import labels
from ecs_model.postprocess.fields import load
from ecs_model.run import field_series
from ecs_model.run.rundir import RunDir

_PRESETS = {"inferno": "Inferno (matplotlib)", "viridis": "Viridis (matplotlib)"}


def write_paraview_script(run_dir):
    """Path of open_in_paraview.py, written into the run directory.

    Before the first output time the colours get the usual limits of each field.
    """
    run = RunDir.open(run_dir)
    low, high, corners = field_series.read_box(run.path)
    settings = {
        "FIELDS": _fields(run),
        "CUT": corners == 4,
        "CENTRE": ((low + high) / 2).tolist(),
        "SIZE": (high - low).tolist(),
        "RUN": str(run.path.resolve()),
        "INDEX": field_series.INDEX,
    }
    lines = [f"{name} = {value!r}" for name, value in settings.items()]
    atomic.write_text(run.paraview, _HEAD + "\n".join(lines) + "\n" + _BODY)
    return run.paraview


def _fields(run):
    """Name, label, preset and limits of the main fields."""
    if not len(field_series.read_times(run.path)):
        units = field_series.read_units(run.path)
        texts = {n: _label(n, units, run) for n in ("K_o", "V") if n in units}
        return [_row(n, label, labels.default_limits(n)) for n, label in texts.items()]
    fields = load(run.path)
    return [_row(name, fields.plain_label(name), fields.limits(name)) for name in fields.main]


def _label(name, units, run):
    return labels.plain_label(name, units[name], run.meanings)


def _row(name, label, limits):
    return name, label, _PRESETS[labels.map_name(name)], *limits


_HEAD = '''"""Opens this run in ParaView.

    paraview --script=open_in_paraview.py      (or Tools > Python Shell > Run Script)
    pvpython open_in_paraview.py --shot        writes pictures/paraview.png

Change the settings below as you like; the fields have the units of their labels, lengths are mm.
"""

import os
import sys

from paraview.simple import *

'''

_BODY = '''
# The window of ParaView 5.11 does not set __file__; RUN is where the run was when this was written.
here = os.path.dirname(os.path.abspath(__file__)) if "__file__" in globals() else RUN
if not os.path.exists(os.path.join(here, INDEX)):
    here = RUN
index = os.path.join(here, INDEX)
if not os.path.exists(index):
    raise RuntimeError(f"{index} does not exist; put this script into the run directory")
with open(index) as file:
    if "<Time" not in file.read():  # the readers of ParaView 5.11 would abort
        raise RuntimeError(f"{index} lists no output time yet; let the run come to its first one")


def open_fields():
    """The reader of the run: the one for a single file if this ParaView has it."""
    for name in ("Xdmf3ReaderS", "Xdmf3ReaderT", "XDMFReader"):
        if name in globals():
            argument = "FileNames" if name == "XDMFReader" else "FileName"
            return globals()[name](registrationName="run", **{argument: [index]})
    raise RuntimeError("this ParaView cannot read XDMF; give it the export to VTKHDF instead")


def colours(name, label, preset, low, high):
    """The colours of a field, with limits that stay, and its bar."""
    table = GetColorTransferFunction(name)
    table.ApplyPreset(preset, True)
    table.RescaleTransferFunction(low, high)
    table.AutomaticRescaleRangeMode = "Never"
    bar = GetScalarBar(table, view)
    bar.Title, bar.ComponentTitle = label, ""
    bar.TitleColor = bar.LabelColor = [0, 0, 0]
    bar.RangeLabelFormat = "%g"
    bar.Visibility = int(name == FIELDS[0][0])


def look(view):
    """Look at the cut face of a body, straight at anything else."""
    reach = 3 * max(SIZE)
    direction = (0.5, -0.75, 0.45) if CUT else (0, 0, 1)
    view.CameraFocalPoint = CENTRE
    view.CameraPosition = [c + reach * d for c, d in zip(CENTRE, direction)]
    view.CameraViewUp = [0, 0, 1] if CUT else [0, 1, 0]
    ResetCamera(view)


def show(reader, view):
    """Show the run, cut in half if it is a body, coloured by the first field."""
    shown = reader
    if CUT:
        shown = Clip(registrationName="half", Input=reader, ClipType="Plane")
        shown.ClipType.Origin = CENTRE
        shown.ClipType.Normal = [0, 1, 0]
        shown.Invert = 0
    display = Show(shown, view)
    display.Ambient, display.Diffuse = (0.7, 0.3) if CUT else (1, 0)
    if SIZE[1] == 0:
        display.LineWidth = 6
    if FIELDS:
        ColorBy(display, ("POINTS", FIELDS[0][0]))  # fits the limits to one time: set them after it
    for field in FIELDS:
        colours(*field)
    label = AnnotateTimeFilter(registrationName="time", Input=reader)
    label.Format = "{time:.4g} s"
    Show(label, view).Color = [0, 0, 0]


reader = open_fields()
reader.UpdatePipelineInformation()
times = list(reader.TimestepValues) if hasattr(reader.TimestepValues, "__len__") else [0.0]
scene = GetAnimationScene()
scene.UpdateAnimationUsingDataTimeSteps()
view = GetActiveViewOrCreate("RenderView")
view.ViewSize = [1100, 800]
view.OrientationAxesLabelColor = [0, 0, 0]
if hasattr(view, "UseColorPaletteForBackground"):
    view.UseColorPaletteForBackground = 0
view.Background = [1, 1, 1]
show(reader, view)
look(view)
scene.AnimationTime = times[len(times) // 2]
Render(view)
if "--shot" in sys.argv:
    pictures = os.path.join(here, "pictures")
    os.makedirs(pictures, exist_ok=True)
    SaveScreenshot(os.path.join(pictures, "paraview.png"), view, ImageResolution=[1100, 800])
'''
