"""Everything a user may get wrong: what is changed in a sound run, what the message must say."""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import meshio
import numpy as np

BASE = """\
title = "small"

[mesh]
generator = "rectangle"
size = ["0.4 mm", "0.2 mm"]
cell = "0.1 mm"

[tissue]
alpha = 0.2
tortuosity = 1.6

[[tissue.regions]]
name = "core"
ball = { centre = ["0.2 mm", "0.1 mm"], radius = "0.1 mm" }
alpha = 0.1

[membrane]
model = "nagumo"
parameters = { K_rest = 3.0 }
initial = { K_o = "3 mM" }

[[boundary]]
on = "left"
bath = "3 mM"

[[source]]
name = "pipette"
point = ["0.2 mm", "0.1 mm"]
amount = "1 fmol"
profile = { kind = "pulse", start = "0.1 s", duration = "0.1 s" }

[[probe]]
name = "p"
at = ["0.1 mm", "0.1 mm"]

[[line]]
name = "axis"
start = ["0 mm", "0.1 mm"]
end = ["0.4 mm", "0.1 mm"]
points = 5

[time]
end = "0.4 s"
step = "20 ms"
adaptive = false
"""
RUN = ("run", "run.toml", "-o", "out", "--quiet")
NO_DISK = "/proc/nothing/here"


@dataclass(frozen=True)
class Case:
    """A mistake: what is done to a folder with a sound `run.toml`, and words of the message."""

    name: str
    words: tuple
    make: object = lambda folder: None
    arguments: tuple = RUN
    code: int = 2
    environment: dict = field(default_factory=dict)
    finds: bool = True  # whether `check` can find it

    @property
    def is_config(self):
        """Whether `check` must find it too."""
        return self.arguments[:5] == RUN and not self.environment and self.code == 2 and self.finds


def swap(name, old, new, *words, **more):
    """A change of the text of the configuration."""

    def make(folder):
        path = folder / "run.toml"
        text = path.read_text()
        assert text.count(old) == 1, (name, old)
        path.write_text(text.replace(old, new))

    return Case(name, words, make, **more)


def more(name, text, *words, **rest):
    """Lines added to the configuration."""
    return swap(name, "[time]\n", text + "\n[time]\n", *words, **rest)


def given(name, override, *words, **rest):
    """A setting changed on the command line."""
    return Case(name, words, arguments=(*RUN, "--set", override), **rest)


def files(name, write, text, *words, **rest):
    """Files beside the configuration, and lines added to it."""

    def make(folder):
        write(folder)
        path = folder / "run.toml"
        path.write_text(path.read_text().replace("[time]\n", text + "\n[time]\n"))

    return Case(name, words, make, **rest)


def configuration(name, content, *words):
    """Another content of the configuration file."""
    return Case(name, words, lambda folder: (folder / "run.toml").write_bytes(content))


IONS = [
    given(
        "an unknown ion",
        'tissue.ions=["K", "Sr"]',
        "tissue.ions",
        "'Sr' is not one of",
        "give its D and valence",
    ),
    given("K+ not first", 'tissue.ions=["Na", "K"]', "tissue", "K first (found Na, K)"),
    given("an ion twice", 'tissue.ions=["K", "Cl", "Cl"]', "tissue", "each once"),
    given(
        "another diffusivity of K+",
        'tissue.ions=[{ name = "K", D = "1 um^2/ms" }]',
        "tissue.ions",
        "the diffusivity of K+ is tissue.D",
    ),
    given(
        "electrodiffusion of one ion",
        "tissue.transport=electrodiffusion",
        "tissue",
        "needs further ions",
    ),
    swap(
        "electrodiffusion with membranes that bring charge",
        "alpha = 0.2\n",
        'alpha = 0.2\nions = ["K", "Cl"]\ntransport = "electrodiffusion"\n',
        "tissue.transport",
        "needs membranes that bring no charge",
        "nagumo",
    ),
    swap(
        "a source that would leave charge",
        'model = "nagumo"\nparameters = { K_rest = 3.0 }\ninitial = { K_o = "3 mM" }',
        'model = "none"',
        "source 'pipette'",
        "K alone would leave charge behind",
        "companion = one of Na",
        arguments=(
            *RUN,
            "--set",
            'tissue.ions=["K", {name="Na",initial="140 mM"}]',
            "--set",
            "tissue.transport=electrodiffusion",
        ),
    ),
    given(
        "energy for a pump that knows no ATP",
        "membrane={model = 'kager_mori', options = {energy = true}}",
        "membrane.options.energy",
        'pump = "post_albers"',
    ),
    given(
        "blood that flows past cells without energy",
        "membrane={model = 'kager_mori', options = {supply = 'flow'}}",
        "membrane.options.supply",
        "energy = true",
    ),
    given(
        "glutamate without glia",
        "membrane={model = 'kager_mori', options = {glutamate = true, glia = false}}",
        "membrane.options.glutamate",
        "glia = true",
    ),
    given(
        "strong receptors that were left out",
        "membrane={model = 'kager_mori', parameter_set = 'StrongNMDA', "
        "options = {glutamate = false}}",
        "membrane.options.glutamate",
        "StrongNMDA belongs to true (found false)",
    ),
    swap(
        "a charge of glutamate that cells do not move",
        'model = "nagumo"\nparameters = { K_rest = 3.0 }\ninitial = { K_o = "3 mM" }',
        'model = "kager_mori"\noptions = { glutamate = true }',
        "tissue.ions: glutamate: valence",
        "leave valence out (found -1)",
        arguments=(*RUN, "--set", 'tissue.ions=["K", {name="glutamate", valence=-1}]'),
    ),
    given(
        "what blood holds that does not flow",
        'vessels=[{name="blood", exchange="1 1/s", blood="3 mM", capacity=89}]',
        "vessels",
        "capacity",
        "without a flow",
    ),
    given(
        "a flow of blood as a rate",
        'vessels=[{name="blood", exchange="1 1/s", blood="3 mM", flow="0.01 1/s"}]',
        "vessels",
        "flow",
        "ml/100 g/min",
    ),
    given(
        "gap junctions without glia",
        "tissue.syncytium.tortuosity=3",
        "tissue.syncytium",
        "'nagumo' follows no ions in glia",
        "kager_mori",
    ),
    swap(
        "gap junctions where glia were left out",
        'model = "nagumo"\nparameters = { K_rest = 3.0 }\ninitial = { K_o = "3 mM" }',
        'model = "kager_mori"\noptions = { glia = false }\n[tissue.syncytium]',
        "tissue.syncytium",
        "'kager_mori', glia = false",
    ),
    swap(
        "gap junctions and an explicit scheme",
        'model = "nagumo"\nparameters = { K_rest = 3.0 }\ninitial = { K_o = "3 mM" }',
        'model = "kager_mori"\n[tissue.syncytium]\n[solver]\nscheme = "rkl2"',
        "solver.scheme",
        "whose glia are not joined",
    ),
    given(
        "a network straighter than straight",
        "tissue.syncytium.tortuosity=0.5",
        "tissue.syncytium.tortuosity",
        "at least 1",
    ),
    given("an unknown setting of gap junctions", "tissue.syncytium.gap=1", "tissue.syncytium"),
    given("a word for yes", 'time.adaptive="yes"', "time.adaptive", "must be true or false"),
    given("a number for yes", "solver.balance=1", "solver.balance", "must be true or false"),
    given("unknown transport", "tissue.transport=drift", "tissue.transport", "'diffusion'"),
    more(
        "a source of an ion that does not move",
        '[[source]]\nname = "p"\nion = "Na"\npoint = ["0.2 mm", "0.1 mm"]\nrate = "1 fmol/s"',
        "source 'p'",
        "Na is not one of tissue.ions (K)",
    ),
    more(
        "an event in no region",
        '[[event]]\nname = "e"\nregion = "cor"\nparameters = { A = 0.0 }',
        "event 'e'",
        "no tissue.regions entry is named 'cor'",
        "core",
    ),
    more(
        "an event on an unknown parameter",
        '[[event]]\nname = "e"\nparameters = { J_max = 0.0 }',
        "event 'e': parameters",
        "J_max",
    ),
    given(
        "a tortuosity that follows too much",
        "tissue.tortuosity_exponent=2",
        "tissue.tortuosity_exponent",
        "at most 1",
    ),
    Case(
        "rkl2 of several ions",
        ("rkl2", "moves K+ alone"),
        arguments=(*RUN, "--set", 'tissue.ions=["K", "Cl"]', "--set", "solver.scheme=rkl2"),
    ),
]

TEXT = [
    swap("misspelt setting", "alpha = 0.2", "alhpa = 0.2", "run.toml:9", "tissue.alhpa",
         "did you mean 'alpha'"),
    swap("misspelt section", "[membrane]", "[membrnae]", "run.toml:17", "membrnae",
         "did you mean 'membrane'"),
    swap("setting in the wrong section", 'step = "20 ms"', "tortuosity = 1.6", "run.toml",
         "time.tortuosity", "no such setting"),
    swap("two mistakes at once", "alpha = 0.2\ntortuosity = 1.6", "alhpa = 0.2\ntortuosity = 0.5",
         "tissue.alhpa", "tissue.tortuosity"),
    swap("a unit of another kind", 'step = "20 ms"', 'step = "20 mM"', "run.toml:44", "time.step",
         "a concentration", "a time is needed"),
    swap("no unit", 'step = "20 ms"', "step = 20", "run.toml:44", "time.step", "needs a unit"),
    swap("no unit in text", 'step = "20 ms"', 'step = "20"', "time.step", "no unit"),
    swap("unknown unit", 'step = "20 ms"', 'step = "20 fortnights2"', "time.step",
         "unknown unit 'fortnights2'"),
    swap("not a number", 'step = "20 ms"', 'step = "nan s"', "time.step", "cannot read 'nan s'"),
    swap("too large a number", 'step = "20 ms"', 'step = "1e999 s"', "time.step", "finite"),
    swap("two numbers", 'step = "20 ms"', 'step = "20 30 ms"', "time.step", "unknown unit"),
    swap("comma for a point", 'step = "20 ms"', 'step = "0,02 s"', "time.step", "0,02 s"),
    swap("true for a quantity", 'step = "20 ms"', "step = true", "time.step", "needs a unit"),
    swap("negative time", 'step = "20 ms"', 'step = "-20 ms"', "time.step", "at least 1e-09 s"),
    swap("zero time", 'end = "0.4 s"', 'end = "0 s"', "time.end", "at least 1e-09 s"),
    swap("no end", 'end = "0.4 s"\n', "", "time.end", "required"),
    swap("text for true", "adaptive = false", 'adaptive = "maybe"', "time.adaptive", "maybe"),
    swap("alpha above 1", "alpha = 0.2", "alpha = 1.2", "run.toml:9", "at most 0.9999", "1.2"),
    swap("alpha zero", "alpha = 0.2", "alpha = 0", "tissue.alpha", "at least 0.0001"),
    swap("alpha nan", "alpha = 0.2", "alpha = nan", "tissue.alpha", "finite"),
    swap("alpha inf", "alpha = 0.2", "alpha = inf", "tissue.alpha", "finite"),
    swap("alpha true", "alpha = 0.2", "alpha = true", "tissue.alpha", "number"),
    swap("alpha in text", "alpha = 0.2", 'alpha = "0.2"', "tissue.alpha", "number"),
    swap("alpha beyond every number", "alpha = 0.2", "alpha = 1" + 400 * "0", "tissue.alpha"),
    swap("alpha of a region", "alpha = 0.1", "alpha = 1.0", "regions[0].alpha", "at most 0.9999"),
    swap("tortuosity below 1", "tortuosity = 1.6", "tortuosity = 0.6", "run.toml:10",
         "tissue.tortuosity", "at least 1", "0.6"),
    swap("fibres without direction", "tortuosity = 1.6",
         "tortuosity = { parallel = 1.2, across = 2.0 }", "tissue.tortuosity", "direction"),
    swap("fibres in no direction", "tortuosity = 1.6",
         "tortuosity = { parallel = 1.2, across = 2.0, direction = [0.0, 0.0] }",
         "tissue.tortuosity.direction", "not all zero"),
    swap("fibres of another dimension", "tortuosity = 1.6",
         "tortuosity = { parallel = 1.2, across = 2.0, direction = [1.0] }",
         "tissue.tortuosity.direction", "2 numbers"),
    swap("fibres from no field", "tortuosity = 1.6",
         'tortuosity = { parallel = 1.2, across = 2.0, field = "fibres" }',
         "no field 'fibres'"),
    swap("negative temperature", "alpha = 0.2", 'temperature = "-3 K"', "tissue.temperature",
         "at least 273.15 K"),
    swap("negative diffusivity", "alpha = 0.2", 'D = "-1e-9 m^2/s"', "tissue.D", "at least 1e-15"),
    swap("negative potassium", 'K_o = "3 mM"', 'K_o = "-3 mM"', "membrane.initial.K_o",
         "at least 0 mM"),
    swap("negative bath", 'bath = "3 mM"', 'bath = "-3 mM"', "boundary[0].bath",
         "at least 0 mM (found '-3 mM' in 'left')"),
    swap("unknown model", '"nagumo"', '"nagummo"', "membrane.model", "did you mean 'nagumo'"),
    swap("option of a model without", 'model = "nagumo"',
         'model = "nagumo"\noptions = { glia = true }', "membrane.options.glia",
         "nagumo has no such option"),
    swap("wrong choice", 'model = "nagumo"\nparameters = { K_rest = 3.0 }',
         'model = "pump_leak"\noptions = { pump = "atp" }', "membrane.options.pump",
         "must be one of hill, post_albers", "'atp'"),
    swap("packing", "alpha = 0.2\n", 'alpha = 0.2\npacking = "loose"\n', "tissue.packing",
         "'scaled', 'swollen' or 'fixed'"),
    swap("swelling without volumes", "alpha = 0.2\n", 'alpha = 0.2\npacking = "swollen"\n',
         "nagumo", "cannot swell"),
    swap("no such .ode file", 'model = "nagumo"', 'file = "cell.ode"', "cell.ode", "no such file"),
    swap("unknown parameter", "K_rest = 3.0", "K_rst = 3.0", "membrane.parameters.K_rst",
         "did you mean 'K_rest'"),
    swap("unknown state", "K_o =", "K_i =", "membrane.initial.K_i", "It has K_o"),
    swap("parameter of another kind", "K_rest = 3.0", 'K_rest = "3 mV"',
         "membrane.parameters.K_rest", "a potential", "a concentration is needed"),
    swap("parameter out of range", "K_rest = 3.0", "K_rest = -1.0", "membrane.parameters.K_rest",
         "at least 0"),
    swap("parameter nan", "K_rest = 3.0", "K_rest = nan", "membrane.parameters.K_rest", "finite"),
    swap("parameter true", "K_rest = 3.0", "K_rest = true", "membrane.parameters.K_rest", "number"),
    swap("parameter of a region", "alpha = 0.1", "parameters = { nothing = 1.0 }",
         "tissue.regions 'core'", "nothing"),
    swap("tolerance zero", 'model = "nagumo"', 'model = "nagumo"\ntolerance = 0.0',
         "membrane.tolerance", "at least 1e-12"),
    swap("half a sub-step", 'model = "nagumo"', 'model = "nagumo"\nsubsteps = 1.5',
         "membrane.substeps", "integer"),
    swap("unknown generator", '"rectangle"', '"rectangel"', "mesh.generator", "rectangle"),
    swap("setting of another generator", 'cell = "0.1 mm"', 'cell = "0.1 mm"\nradius = "1 mm"',
         "mesh.radius", "rectangle"),
    swap("generator lacks a setting", 'cell = "0.1 mm"\n', "", "rectangle", "needs cell"),
    swap("size of another dimension", '["0.4 mm", "0.2 mm"]', '["0.4 mm", "0.2 mm", "1 mm"]',
         "size", "2 lengths"),
    swap("cell larger than the body", 'cell = "0.1 mm"', 'cell = "1 mm"', "cell", "larger"),
    swap("cell far too small", 'cell = "0.1 mm"', 'cell = "0.1 nm"', "cell", "nodes"),
    swap("negative cell", 'cell = "0.1 mm"', 'cell = "-0.1 mm"', "mesh.cell", "at least 0.0001 um"),
    swap("cell smaller than an atom", 'cell = "0.1 mm"', 'cell = "1 pm"', "run.toml:6: mesh.cell",
         "at least 0.0001 um (found '1 pm')"),
    swap("body smaller than a synapse", 'size = ["0.4 mm", "0.2 mm"]\ncell = "0.1 mm"',
         'size = ["4 nm", "2 nm"]\ncell = "1 nm"', "run.toml:3: mesh", "longest side is 4 nm"),
    swap("a number for local refinement", 'cell = "0.1 mm"', 'cell = "0.1 mm"\nrefine = 2',
         "mesh.refine", "levels = 2", "found 2"),
    swap("half a level", 'cell = "0.1 mm"', 'cell = "0.1 mm"\nlevels = 0.5', "mesh.levels",
         "found 0.5"),
    swap("too many levels", 'cell = "0.1 mm"', 'cell = "0.1 mm"\nlevels = 15', "mesh.levels",
         "1.6e+10 nodes", "fewer levels"),
    swap("neither generator nor file", 'generator = "rectangle"\n', "", "mesh",
         "exactly one of generator, file"),
    swap("generator and file", 'generator = "rectangle"', 'generator = "rectangle"\nfile = "a.msh"',
         "mesh", "exactly one of generator, file"),
    swap("no mesh at all", '[mesh]\ngenerator = "rectangle"\nsize = ["0.4 mm", "0.2 mm"]\n'
         'cell = "0.1 mm"\n', "", "mesh", "required"),
    swap("region without a cell", 'radius = "0.1 mm"', 'radius = "1 nm"', "'core' holds no cell",
         "0.4, 0.2"),
    swap("region the mesh does not have", 'ball = { centre = ["0.2 mm", "0.1 mm"], '
         'radius = "0.1 mm" }', 'tag = "cortex"', "'core'", "'cortex'", "tissue"),
    swap("region in two places", 'name = "core"', 'name = "core"\ntag = "tissue"', "regions[0]",
         "exactly one of tag, ball, box, cylinder"),
    swap("region turned inside out", 'ball = { centre = ["0.2 mm", "0.1 mm"], radius = "0.1 mm" }',
         'box = { low = ["0.3 mm", "0.2 mm"], high = ["0.1 mm", "0 mm"] }', "holds no cell"),
    swap("axis of no length", 'ball = { centre = ["0.2 mm", "0.1 mm"], radius = "0.1 mm" }',
         'cylinder = { centre = ["0.2 mm", "0.1 mm"], axis = [0.0, 0.0, 0.0], radius = "0.1 mm" }',
         "axis"),
    swap("four coordinates", '["0.1 mm", "0.1 mm"]', '["0 mm", "0 mm", "0 mm", "0 mm"]', "probe",
         "at most 3"),
    swap("one coordinate in 2-D", 'at = ["0.1 mm", "0.1 mm"]', 'at = ["0.1 mm"]', "probe 'p'", "2"),
    swap("unknown boundary", 'on = "left"', 'on = "lft"', "boundary lft", "left, right"),
    swap("a boundary with two conditions", 'bath = "3 mM"', 'bath = "3 mM"\nflux = "0 mol/m^2/s"',
         "boundary[0]", "exactly one of bath, flux, exchange"),
    swap("exchange with nothing", 'bath = "3 mM"', 'exchange = "1 um/s"', "boundary[0]",
         "concentration outside"),
    swap("bath that changes from nowhere", 'bath = "3 mM"',
         'bath = "3 mM"\nprofile = { kind = "step" }', "boundary[0]", "before it"),
    more("two baths at one place", '[[boundary]]\non = "left"\nbath = "5 mM"\n', "boundary",
         "left", "two"),
    more("two sources of one name", '[[source]]\nname = "pipette"\nregion = "core"\n'
         'load = "1 mM/s"', "source", "'pipette'"),
    more("two probes of one name", '[[probe]]\nname = "p"\nat = ["0 mm", "0 mm"]', "probe", "'p'"),
    more("two regions of one name", '[[tissue.regions]]\nname = "core"\ntag = "tissue"', "'core'"),
    more("a line named like a path", '[[line]]\nname = "../x"\nstart = ["0 mm", "0.1 mm"]\n'
         'end = ["0.4 mm", "0.1 mm"]', "line", "../x"),
    swap("a line of no length", 'end = ["0.4 mm", "0.1 mm"]', 'end = ["0 mm", "0.1 mm"]',
         "line", "axis"),
    swap("a line of one point", "points = 5", "points = 1", "line[0].points", "2"),
    swap("source without place", 'point = ["0.2 mm", "0.1 mm"]\n', "", "source[0]",
         "exactly one of point, region, gaussian"),
    swap("source without strength", 'amount = "1 fmol"\n', "", "source[0]",
         "exactly one of rate, amount, load"),
    swap("source outside", 'point = ["0.2 mm", "0.1 mm"]', 'point = ["2 mm", "1 mm"]',
         "source pipette", "(2, 1, 0) mm", "outside the mesh"),
    swap("source in an unknown region", 'point = ["0.2 mm", "0.1 mm"]', 'region = "cor"',
         "source 'pipette'", "'cor'", "core"),
    swap("gaussian outside", 'point = ["0.2 mm", "0.1 mm"]',
         'gaussian = { centre = ["9 mm", "9 mm"], radius = "1 um" }', "source pipette", "Gaussian"),
    swap("load at a point", 'amount = "1 fmol"', 'load = "1 mM/s"', "source[0]", "region"),
    swap("amount without end", '"pulse", start = "0.1 s", duration = "0.1 s"', '"constant"',
         "source[0]", "profile that ends"),
    swap("pulse without duration", ', duration = "0.1 s"', "", "source[0].profile", "duration"),
    swap("train without period", 'kind = "pulse"', 'kind = "train"', "source[0].profile", "period",
         "count"),
    swap("train that overlaps", 'kind = "pulse"', 'kind = "train", period = "0.05 s", count = 2',
         "source[0].profile", "period"),
    swap("unknown kind of profile", '"pulse"', '"puls"', "source[0].profile.kind", "'pulse'"),
    swap("profile that starts before the run", '"0.1 s", d', '"-0.1 s", d', "profile.start",
         "at least 0"),
    swap("probe outside", '["0.1 mm", "0.1 mm"]', '["1 mm", "0.1 mm"]', "probe 'p'",
         "(1, 0.1, 0) mm", "outside the mesh"),
    swap("line outside", 'end = ["0.4 mm", "0.1 mm"]', 'end = ["0.5 mm", "0.1 mm"]', "line 'axis'",
         "outside the mesh"),
    more("unknown observable", '[output]\nfields = ["Vm"]', "output.fields", "'Vm'", "K_o"),
    more("output between steps", '[output]\nevery = "50 ms"\nseries = "30 ms"', "output.series",
         "multiple"),
    more("fields between rows", '[output]\nevery = "0.15 s"\nseries = "0.1 s"', "output.every",
         "multiple"),
    more("checkpoints between steps", '[checkpoint]\nevery = "0.0031 s"', "checkpoint.every",
         "multiple"),
    more("unknown precision", '[output]\nprecision = "half"', "output.precision", "'single'"),
    more("unknown scheme", '[solver]\nscheme = "magic"', "solver.scheme", "'implicit'"),
    more("theta above 1", "[solver]\ntheta = 1.5", "solver.theta", "1.5"),
    more("unknown solver of PETSc", '[solver]\npetsc = { ksp_type = "nonsense" }', "solver.petsc",
         "nonsense"),
    more("unknown preconditioner", '[solver]\npetsc = { pc_type = "nonsense" }', "solver.petsc",
         "nonsense"),
    more("unknown option of PETSc", "[solver]\npetsc = { ksp_maxit = 3 }", "solver.petsc",
         "ksp_maxit"),
    more("wrong value for PETSc", '[solver]\npetsc = { ksp_max_it = "many" }', "solver.petsc",
         "many"),
    more("solver that does not converge", "[solver]\npetsc = { ksp_max_it = 1 }",
         "linear solver does not converge", "solver.petsc", code=1),
    more("share of nothing", "[detect]\nfraction = 0.0", "detect.fraction", "at least 1e-09"),
    more("section twice", '[mesh]\ngenerator = "box"', "run.toml", "TOML"),
    swap("not TOML", 'title = "small"', 'title = "small', "run.toml", "TOML", "line 1"),
]  # fmt: skip


def vtu(cells, points, **data):
    """Writer of a mesh file with the given cells."""

    def write(folder):
        cell_data = {name: [np.asarray(v)] for name, v in data.items()}
        mesh = meshio.Mesh(np.asarray(points, float), cells, cell_data=cell_data)
        meshio.write(folder / "mesh.vtu", mesh)

    return write


def of_file(name, write, *words, mesh='file = "mesh.vtu"\nunit = "mm"', **rest):
    """A run on a mesh file."""

    def make(folder):
        write(folder)
        path = folder / "run.toml"
        head, _, tail = path.read_text().partition("[mesh]\n")
        path.write_text(f"{head}[mesh]\n{mesh}\n\n[tissue]{tail.partition('[tissue]')[2]}")

    return Case(name, words, make, **rest)


SQUARE = [[0, 0, 0], [0.4, 0, 0], [0.4, 0.2, 0], [0, 0.2, 0]]
TWO = [("triangle", np.array([[0, 1, 2], [0, 2, 3]]))]
CUBE = [[x, y, z] for z in (0, 1) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))]
FAR = [*SQUARE, [5, 5, 0], [6, 5, 0], [5, 6, 0]]


def torn(folder):
    vtu(TWO, SQUARE)(folder)
    path = folder / "mesh.vtu"
    path.write_bytes(path.read_bytes()[:300])


MESHES = [
    of_file("mesh file missing", lambda f: None, "mesh.vtu", "no such file"),
    of_file("mesh file without unit", vtu(TWO, SQUARE), "mesh", "unit",
            mesh='file = "mesh.vtu"'),
    of_file("mesh file in metres", vtu(TWO, np.multiply(150, SQUARE)), "longest side is 60 m",
            "100 nm to 10 m",
            mesh='file = "mesh.vtu"\nunit = "m"'),
    of_file("mesh file in inches", vtu(TWO, SQUARE), "mesh.unit", "'um'",
            mesh='file = "mesh.vtu"\nunit = "inch"'),
    of_file("mesh file torn", torn, "mesh.vtu", "cannot be read"),
    of_file("mesh file of zeros", lambda f: (f / "mesh.vtu").write_bytes(bytes(999)), "mesh.vtu",
            "cannot be read"),
    of_file("mesh file is a folder", lambda f: (f / "mesh.vtu").mkdir(), "mesh.vtu"),
    of_file("mesh file of another kind", lambda f: (f / "mesh.docx").write_text("x"), "mesh.docx",
            "cannot be read", mesh='file = "mesh.docx"\nunit = "mm"'),
    of_file("hexahedra", vtu([("hexahedron", [[*range(8)]])], CUBE), "mesh.vtu", "hexahedron",
            "tetrahedra"),
    of_file("no cells", vtu([("vertex", [[0]])], SQUARE), "mesh.vtu", "no cells"),
    of_file("folded cell", vtu(TWO, [*SQUARE[:3], [0.36, 0.04, 0]]), "mesh.vtu",
            "2 cells lie over a neighbour, the first at"),
    of_file("pieces of a .vtu", lambda folder: (folder / "mesh.vtu").write_text("<Piece/>" * 2),
            "mesh.vtu", "2 pieces"),
    of_file("flat cell", vtu([("triangle", [[0, 1, 2], [0, 2, 3], [0, 0, 1]])], SQUARE),
            "mesh.vtu", "degenerate cells"),
    of_file("mesh in pieces", vtu([("triangle", [[0, 1, 2], [0, 2, 3], [4, 5, 6]])], FAR),
            "mesh.vtu", "share no node"),
    of_file("node that is not finite", vtu(TWO, [[np.nan, 0, 0], *SQUARE[1:]]), "mesh.vtu",
            "not finite"),
    of_file("cell without tag", vtu(TWO, SQUARE, tags=[0, 1]), "mesh.vtu", "untagged cells"),
    of_file("mesh without the boundary", vtu(TWO, SQUARE), "boundary left", "no such boundary"),
]  # fmt: skip


def array(name, values):
    """Writer of a .npy file."""
    return lambda folder: np.save(folder / name, values)


def field_of_alpha(name, write, *words):
    def make(folder):
        write(folder)
        path = folder / "run.toml"
        path.write_text(path.read_text().replace("alpha = 0.2", 'alpha = { file = "a.npy" }'))

    return Case(name, words, make)


FIELDS = [  # the mesh has 15 nodes and 16 cells, or so: found out by the test of the first case
    field_of_alpha("field missing", lambda f: None, "a.npy", "no such file"),
    field_of_alpha("field that is no array", lambda f: (f / "a.npy").write_text("x"), "a.npy",
                   "array"),
    field_of_alpha("field of text", array("a.npy", np.array(["x"])), "a.npy", "array"),
    field_of_alpha("field of another length", array("a.npy", np.full(7, 0.2)), "tissue.alpha",
                   "7 values", "nodes"),
    field_of_alpha("field of no shape", array("a.npy", np.float64(0.2)), "tissue.alpha"),
    field_of_alpha("field with 1.2 inside", array("a.npy", np.r_[1.2, np.full(14, 0.2)]),
                   "tissue.alpha", "between 0.0001 and 0.9999", "is 1.2 in 1 value"),
    field_of_alpha("field with nan inside", array("a.npy", np.r_[np.nan, np.full(14, 0.2)]),
                   "tissue.alpha", "nan"),
    field_of_alpha("field of vectors", array("a.npy", np.full((15, 2), 0.2)), "tissue.alpha"),
    swap("parameter from no field", "K_rest = 3.0", 'K_rest = { field = "rest" }',
         "membrane.parameters.K_rest", "no field 'rest'"),
    files("parameter with a negative inside", array("p.npy", np.r_[-1.0, np.full(14, 3.0)]), "",
          "membrane.parameters.K_rest", "at least 0",
          arguments=(*RUN, "--set", 'membrane.parameters.K_rest={file="p.npy"}')),
    files("initial state with nan", array("p.npy", np.r_[np.nan, np.full(14, 3.0)]), "",
          "membrane.initial.K_o", "finite",
          arguments=(*RUN, "--set", 'membrane.initial.K_o={file="p.npy"}')),
]  # fmt: skip


def table(name, content, *words):
    """A source that follows a table."""

    def make(folder):
        path = folder / "run.toml"
        old = 'kind = "pulse", start = "0.1 s", duration = "0.1 s"'
        path.write_text(path.read_text().replace(old, 'kind = "table", file = "t.csv"'))
        if content is not None:
            (folder / "t.csv").write_bytes(content)

    return Case(name, ("pipette", *words), make)


TABLES = [
    table("table missing", None, "t.csv"),
    table("table torn", b"0,0\n1,", "t.csv"),
    table("table unsorted", b"0,0\n1,1\n0.5,1\n", "t.csv", "not decreasing"),
    table("table of one column", b"0\n1\n", "t.csv:1", "2 numbers"),
    table("table of words", b"time,factor\nnow,all\n", "t.csv:2"),
    table("table of minutes of arc", b"t [deg],factor\n0,0\n1,1\n", "t.csv:1", "'t [deg]'", "time"),
    table("table of huge factors", b"0,0\n1,1e308\n2,0\n", "source 'pipette'", "factor 1e+308"),
    table("table of huge times", b"-1e308,0\n1e308,1\n", "source 'pipette'", "time -1e+308"),
    table("table with nan", b"0,0\n1,nan\n", "t.csv"),
    Case(
        "a table that is a pipe",
        ("t.csv", "a pipe or a device"),
        lambda f: os.mkfifo(f / "t.csv"),
        (*RUN, "--set", 'source.pipette.profile={kind="table", file="t.csv"}'),
    ),
    Case(
        "a flux beyond sense",
        ("boundary left", "1e+10 mol/m^2/s", "would be right"),
        lambda f: (f / "t.csv").write_text("0,0\n1,1e10\n"),
        (
            *RUN,
            "--set",
            'boundary=[{on="left", flux="1 mol/m^2/s", profile={kind="table", file="t.csv"}}]',
        ),
    ),
    Case(
        "a load beyond sense",
        ("source pipette", "1e+10 mM/s", "would be right"),
        lambda f: (f / "t.csv").write_text("0,0\n1,1e10\n"),
        (
            *RUN,
            "--set",
            'source=[{name="pipette", region="core", load="1 mM/s", profile='
            '{kind="table", file="t.csv"}}]',
        ),
    ),
    given("a date", "time.end=2020-01-01", "time.end", "(found '2020-01-01')"),
    swap(
        "a time of day",
        'title = "small"',
        "title = 10:00:00",
        "run.toml:1: title: no setting is a date or a time of day",
    ),
    table("table empty", b"", "t.csv"),
    table("table not text", b"\xff\xfe\x00", "t.csv"),
    table("table of no amount", b"0,0\n1,0\n", "amount"),
]

MODEL = """\
import numpy as np
from ecs_model.membrane.model import MembraneModel
from ecs_model.record import concentration, quantity, record

@record
class State:
    K_o = concentration(3.0, "potassium")

@record
class Parameters:
    k = quantity(1.0, "1/s", "rate")

def rhs(y, p, env):
    return State(K_o=-p.k * (y.K_o - 3.0))

model = MembraneModel(name="mine", summary="mine", State=State, Parameters=Parameters, rhs=rhs)
"""


def model(name, old, new, *words):
    """A membrane model of the user's own with something wrong."""

    def make(folder):
        if old is not None:
            assert MODEL.count(old) == 1, name
            (folder / "mine.py").write_text(MODEL.replace(old, new))
        path = folder / "run.toml"
        text = path.read_text().replace('model = "nagumo"', 'file = "mine.py"')
        path.write_text(text.replace("parameters = { K_rest = 3.0 }\n", ""))

    return Case(name, ("mine.py", *words), make)


OWN = [
    model("membrane file missing", None, None, "no such file"),
    model("membrane with a syntax error", "def rhs(y, p, env):", "def rhs(y, p env):", "mine.py:13",
          "SyntaxError"),
    model("membrane without model", "model = Mem", "modell = Mem", "must define"),
    model("membrane that branches", "    return State",
          "    if y.K_o > 3.0: pass\n    return State",
          "mine.py:14", "np.where"),
    model("membrane with an unknown name", "-p.k *", "-p.kk *", "mine.py:14", "kk"),
    model("membrane with an unknown function", "-p.k *", "-np.sinc(p.k * y.K_o) *", "mine.py:14"),
    model("membrane with a root of a power", "-p.k *", "-y.K_o ** 0.5 *", "mine.py"),
    model("membrane with another first state", 'K_o = conc', 'K_i = conc', "K_o"),
    model("membrane with an unknown unit", '"1/s"', '"1/fortnight"', "mine.py:11", "1/fortnight"),
    model("membrane that imports what is not there", "import numpy as np", "import nunpy as np",
          "mine.py:1", "nunpy"),
    model("membrane that exits", "import numpy as np", "import sys; sys.exit(3)", "mine.py"),
    model("membrane with an exception of its own", "import numpy as np",
          "class Own(BaseException): pass\nraise Own('hi')", "mine.py:2: Own: hi"),
    model("membrane whose rates have an exception of their own", "    return State",
          "    raise GeneratorExit('hi')\n    return State", "mine.py:14: GeneratorExit: hi"),
    model("membrane that returns a number", "return State(K_o=-p.k * (y.K_o - 3.0))", "return 0.0",
          "mine.py"),
    model("membrane that returns nothing", "return State", "State", "mine.py"),
    model("membrane without parameters", "Parameters=Parameters, ", "", "mine.py:16"),
    model("membrane of plain classes", "@record\nclass State:", "class State:", "mine.py"),
]  # fmt: skip


def started(change=lambda folder: None):
    """A folder with a copy of a finished run in `out`, changed; the run is made by the test."""

    def make(folder):
        shutil.copytree(folder.parent / "sound" / "out", folder / "out")
        change(folder / "out")

    return make


def edit(name, old, new):
    def change(out):
        text = (out / name).read_text()
        assert old in text, (name, old)
        (out / name).write_text(text.replace(old, new))

    return change


def manifest(old, new):
    """Changes the manifests of all checkpoints."""

    def change(out):
        for path in (out / "checkpoints").glob("ck_*.h5"):
            with h5py.File(path, "a") as file:
                text = str(file.attrs["manifest"])
                assert old in text, old
                file.attrs["manifest"] = text.replace(old, new)

    return change


def tear(out):
    for path in (out / "checkpoints").glob("ck_*.h5"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def something_else(out):
    for path in (out / "checkpoints").glob("ck_*.h5"):
        with h5py.File(path, "w") as file:
            file["x"] = 1.0


def flip(out):
    """One wrong byte in the middle of each checkpoint."""
    for path in (out / "checkpoints").glob("ck_*.h5"):
        with h5py.File(path) as file:
            place = file["state/K_o"].id.get_offset()
        data = bytearray(path.read_bytes())
        data[place + 3] ^= 0xFF
        path.write_bytes(bytes(data))


def cut(path, share):
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])


def resumed(name, change, *words, **rest):
    return Case(name, words, started(change), ("resume", "out", "--quiet"), **rest)


RESUMES = [
    Case("resume of nothing", ("nowhere", "not a directory"), arguments=("resume", "nowhere")),
    Case("resume of a folder that is no run", ("x", "holds no run"),
         lambda f: (f / "x").mkdir(), ("resume", "x")),
    Case("resume of a file", ("run.toml", "not a directory"), arguments=("resume", "run.toml")),
    resumed("no checkpoint", lambda out: shutil.rmtree(out / "checkpoints"), "checkpoints",
            "there is none"),
    resumed("checkpoints torn", tear, "checkpoints", "broken", "start the run again"),
    resumed("checkpoints with a wrong byte", flip, "checkpoints", "broken"),
    resumed("checkpoints that are something else", something_else, "checkpoints", "broken"),
    resumed("checkpoint of another format", manifest('"format": ', '"format": 9'),
            "ck_", "it has format 9"),
    resumed("checkpoint of another mesh", edit("config.resolved.toml", "100 um", "50 um"),
            "ck_", "another mesh"),
    resumed("checkpoint of another model", edit("config.resolved.toml", '"nagumo"', '"none"'),
            "membrane.parameters.K_rest"),
    resumed("checkpoint of another time", edit("config.resolved.toml", '"0.4 s"', '"0.8 s"'),
            "ck_", "time.end or time.step"),
    resumed("tissue changed meanwhile", edit("config.resolved.toml", "alpha = 0.2", "alpha = 0.3"),
            "ck_", "another tissue, membrane, source or boundary"),
    resumed("tolerance changed meanwhile",
            edit("config.resolved.toml", "rtol = 0.0001", "rtol = 0.01"), "ck_", "another"),
    resumed("configuration of the run broken", edit("config.resolved.toml", "[time]", "[time"),
            "config.resolved.toml", "TOML"),
    resumed("configuration of the run gone", lambda out: (out / "config.resolved.toml").unlink(),
            "config.resolved.toml", "no such file"),
    resumed("run.json gone", lambda out: (out / "run.json").unlink(), "run.json", "missing"),
    resumed("series gone", lambda out: (out / "series.csv").unlink(), "series.csv"),
    resumed("series of another run", edit("series.csv", "K_o@p", "K_o@q"), "series.csv", "columns"),
    resumed("fields gone", lambda out: shutil.rmtree(out / "fields"), "mesh.h5"),
    resumed("index of fields gone", lambda out: (out / "fields.xdmf").unlink(), "fields.xdmf"),
    resumed("index of fields emptied", lambda out: (out / "fields.xdmf").write_text(""),
            "fields.xdmf", "holds 0 of the"),
    resumed("index of fields cut", lambda out: cut(out / "fields.xdmf", 0.5), "fields.xdmf",
            "go on with a gap"),
    resumed("series cut", lambda out: cut(out / "series.csv", 0.3), "series.csv",
            "go on with a gap"),
    resumed("line cut", lambda out: cut(out / "lines/axis.csv", 0.6), "axis.csv",
            "go on with a gap"),
]  # fmt: skip


def bad_cache(folder):
    (folder / "cache").write_text("")


def no_gcc(folder):
    (folder / "bin").mkdir()


PLACES = [
    Case("no configuration", ("wrong.toml", "no such file"),
         arguments=("run", "wrong.toml", "-o", "out")),
    Case("misspelt configuration", ("rum.toml", "did you mean 'run.toml'"),
         arguments=("run", "rum.toml", "-o", "out")),
    Case("a folder for a configuration", ("x", "directory"), lambda f: (f / "x").mkdir(),
         ("run", "x", "-o", "out")),
    configuration("not UTF-8", b'title = "\xe9"\n', "run.toml", "UTF-8"),
    configuration("an empty file", b"", "mesh", "required"),
    configuration("zeros", bytes(100), "run.toml", "TOML"),
    Case("a run is there already", ("out", "already holds a run", "resume", "--overwrite"),
         started(), finds=False),
    Case("other things are there", ("out", "thesis.tex", "other things"),
         lambda f: ((f / "out").mkdir(), (f / "out" / "thesis.tex").write_text("")), finds=False),
    Case("a file is there", ("out", "in the way"), lambda f: (f / "out").write_text(""),
         finds=False),
    Case("under a file", ("cannot write", "not a folder"), lambda f: (f / "x").write_text(""),
         ("run", "run.toml", "-o", "x/out")),
    Case("where nothing can be written", (NO_DISK, "cannot write"),
         arguments=("run", "run.toml", "-o", NO_DISK)),
    Case("cache that cannot be written", ("cache", "XDG_CACHE_HOME"), bad_cache,
         environment={"XDG_CACHE_HOME": "cache"}),
    Case("no C compiler", ("no C compiler found", "install"), no_gcc,
         environment={"PATH": "bin", "CC": ""}),
    given("--set without a value", "tissue.alpha", "--set tissue.alpha", "key=value"),
    given("--set of an unknown key", "tissue.alhpa=0.1", "tissue.alhpa", "did you mean 'alpha'"),
    given("--set of a wrong value", "tissue.alpha=2", "--set tissue.alpha=2: tissue.alpha",
          "at most 0.9999"),
    given("--set into a number", "tissue.alpha.x=2", "--set tissue.alpha.x=2", "not a table"),
    given("--set of an unknown entry", "probe.q.at=1", "--set probe.q.at=1", "no entry 'q'", "p"),
    given("--set of nothing", "=1", "key=value"),
    given("--set with dots", "tissue..alpha=0.1", "tissue"),
    given("--set of a whole section", "tissue=3", "tissue"),
]  # fmt: skip

SETTINGS = [
    swap("a duration of no pulse", 'kind = "pulse", start = "0.1 s", duration', 'duration',
         "run.toml:30: source[0].profile.duration: has no effect", "'constant'"),
    swap("a period of a pulse", 'kind = "pulse", ', 'kind = "pulse", period = "1 s", ',
         "source[0].profile.period: has no effect"),
    swap("outside of a bath", 'bath = "3 mM"', 'bath = "3 mM"\noutside = "5 mM"',
         "run.toml:25: boundary[0].outside: has no effect without an exchange"),
    swap("before a constant bath", 'bath = "3 mM"', 'bath = "3 mM"\nbefore = "5 mM"',
         "boundary[0].before: has no effect where the profile is constant"),
    swap("before a flux", 'bath = "3 mM"', 'flux = "1 nmol/m^2/s"\nbefore = "5 mM"',
         "boundary[0].before: has no effect beside a flux"),
    swap("a companion that moves not", 'amount = "1 fmol"', 'amount = "1 fmol"\ncompanion = "Cl"',
         "run.toml:30: source 'pipette': companion: Cl is not one of tissue.ions"),
    swap("a tolerance of fixed steps", "adaptive = false", 'adaptive = false\ntolerance = "1 mM"',
         "run.toml:46: time.tolerance: has no effect where steps are fixed"),
    swap("a precision that membranes do not have", 'model = "nagumo"',
         'model = "nagumo"\nprecision = "half"', "membrane.precision", "'mixed'"),
    swap("a tolerance of fixed sub-steps", 'model = "nagumo"',
         'model = "nagumo"\nsubsteps = 3\ntolerance = 0.01',
         "membrane.tolerance: has no effect where the number of sub-steps is fixed"),
    swap("K+ of a model that is not from a file", 'model = "nagumo"',
         'model = "nagumo"\npotassium = "K_e"', "membrane.potassium: has no effect"),
    swap("a unit of time of no file", 'model = "nagumo"', 'model = "nagumo"\ntime_unit = "s"',
         "membrane.time_unit: has no effect"),
    swap("packing of what has no cells", "alpha = 0.2\n", 'alpha = 0.2\npacking = "fixed"\n',
         "run.toml:10: tissue.packing: has no effect in the model 'nagumo'"),
    swap("temperature of what does not feel it", "alpha = 0.2\n",
         'alpha = 0.2\ntemperature = "300 K"\n', "tissue.temperature: has no effect", "nagumo"),
    swap("cells that swell not", "alpha = 0.2\n", "alpha = 0.2\ntortuosity_exponent = 0.2\n",
         "tissue.tortuosity_exponent: has no effect", "do not swell"),
    given("rtol of an explicit scheme", 'solver={scheme="rkl2", rtol=1e-6}',
          "solver.rtol: has no effect"),
    given("theta of an explicit scheme", 'solver={scheme="rkl2", theta=0.5}',
          "solver.theta: has no effect"),
    given("a cell of a mesh from a file", 'mesh={file="a.msh", unit="um", cell="1 um"}',
          "mesh.cell: has no effect where the mesh comes from a file"),
    given("a field of an array", 'tissue.alpha={file="a.npy", field="x"}',
          "tissue.alpha.field: has no effect where the file is a .npy"),
    given("no field of a mesh file", 'tissue.alpha={file="a.vtu"}', "name the field"),
    given("a place of values that there is not", 'tissue.alpha={field="a", at="facets"}',
          "tissue.alpha.at", "'nodes' or 'cells'"),
    given("a place of one direction for all",
          'tissue.tortuosity={parallel=1.2, across=2, direction=[1, 0], at="nodes"}',
          "tissue.tortuosity.at: has no effect without a field"),
    Case("initial of an ion that the model follows",
         ("tissue.ions[1].initial: has no effect", "membrane.initial.Na_o"),
         arguments=(*RUN, "--set", 'membrane={model="pump_leak"}', "--set",
                    'tissue.ions=["K", {name="Na", initial="5 mM"}]')),
    given("an ion that is a program",
          'tissue.ions=["K", {name="a[({int system(char*);system(\\"touch PWNED\\");1;})]", '
          'D="1e-9 m^2/s", valence=1}]', "tissue.ions[1].name", "cannot be an ion's name"),
    given("an ion with its charge", 'tissue.ions=["K", {name="Ca2+", D="1e-9 m^2/s", valence=2}]',
          "tissue.ions[1].name", "cannot be an ion's name"),
    given("another charge of a known ion", 'tissue.ions=["K", {name="Na", valence=2}]',
          "tissue.ions[1].valence: Na has the charge 1"),
    swap("an event that changes nothing", "[time]\n",
         '[[event]]\nname = "e"\nparameters = {}\n\n[time]\n', "event[0].parameters"),
]  # fmt: skip
FIELD = ("--set", 'membrane={model="kager_mori"}', "--set", 'tissue.ions=["K", "Na", "Cl"]',
         "--set", "tissue.transport=electrodiffusion")  # fmt: skip
NONSENSE = [
    given("a diffusivity of a metre", "tissue.D=1 m^2/s", "--set tissue.D=1 m^2/s: tissue.D",
          "at most 1e-07 m^2/s"),
    given("a diffusivity of nothing", "tissue.D=1e-300 m^2/s", "tissue.D", "at least 1e-15"),
    given("a fever", "tissue.temperature=60 degC", "tissue.temperature", "at most 323.15 K"),
    given("more K+ than dissolves", "membrane.initial.K_o=6 M", "membrane.initial.K_o",
          "at most 5000 mM"),
    given("a bath beyond solubility", "boundary.left.bath=6 M", "boundary[0].bath",
          "at most 5000 mM"),
    given("a parameter beyond everything", "membrane.parameters.A=1e300",
          "membrane.parameters.A", "at most 1e+06"),
    Case("a permeability beyond everything",
         ("membrane.parameters.P_K", "at most 1e+09 nm/s"),
         arguments=(*RUN, "--set", 'membrane={model="pump_leak", parameters={P_K=1e300}}')),
    given("an exchange beyond everything",
          'boundary.left={on="left", exchange="1e300 m/s", outside="3 mM"}',
          "boundary[0].exchange", "at most 1 m/s"),
    Case("cells that leave no space", ("alpha + phi = 1.1", "more than the whole tissue"),
         arguments=(*RUN, "--set", 'membrane={model="pump_leak"}', "--set", "tissue.packing=fixed",
                    "--set", "tissue.alpha=0.6")),
    Case("cells that cannot live", ("--set tissue.packing=swollen: packing", "at the start"),
         arguments=(*RUN, "--set", 'membrane={model="kager_mori"}', "--set", "tissue.alpha=0.05",
                    "--set", "tissue.packing=swollen")),
    given("a train without end", 'source.pipette.profile={kind="train", duration="1 us", '
          'period="2 us", count=100000000}', "source[0].profile.count", "at most 100000"),
    given("a line of all points", "line.axis.points=1000000000", "line[0].points",
          "at most 100000"),
    given("more times than can be written", "output.every=1 ns", "output.every", "at most 1e+06"),
    Case("steps for ever", ("time.step", "at most 1e+12"),
         arguments=(*RUN, "--set", "time.end=1e9 s", "--set", "time.step=1 us")),
    configuration("lists in lists", b"a = " + 20000 * b"[" + 20000 * b"]", "run.toml", "deep"),
    configuration("tables in tables", b"a" + 5000 * b".a" + b" = 1", "run.toml", "deep"),
    configuration("a number of many digits", b"a = " + 5000 * b"9", "run.toml", "TOML"),
    given("lists in lists on the command line", "title=" + 3000 * "[", "--set title=[[[", "deep"),
    given("a tower of powers for a unit", "time.end=5 s**(9**9**9)", "time.end", "unknown unit"),
    given("a foot of a tower", "time.end=5 s*9**9**9**9", "time.end", "unknown unit"),
    given("a digit that is no digit", "membrane.parameters.²=1", "membrane.parameters.²",
          "no such quantity"),
    given("an entry that is no digit", "probe.².at=1", "no entry '²'"),
    given("an entry beyond all", f"probe.{5000 * '9'}.at=1", "no entry '999"),
    given("a file of too long a name", f'membrane={{file="{300 * "a"}.py"}}', "membrane.file",
          "cannot be the name of a file"),
    given("a mesh of too long a name", f'mesh={{file="{300 * "a"}.msh", unit="um"}}', "mesh.file",
          "cannot be the name of a file"),
    given("a table of no name", 'source.pipette.profile={kind="table", file="b\\u0000"}',
          "source[0].profile.file", "cannot be the name of a file"),
    given("a name that no file can have", f'line.axis.name="{60 * "😀"}"', "line[0].name",
          "too long"),
    Case("an amount that begins before the run", ("source pipette", "at -1 s, before the run"),
         lambda f: (f / "t.csv").write_text("-1,0\n-1,1\n1,1\n1,0\n"),
         (*RUN, "--set", 'source.pipette.profile={kind="table", file="t.csv"}')),
    Case("a bath below nothing", ("boundary left", "from -3 to 0 mM"),
         lambda f: (f / "t.csv").write_text("0,0\n1,-1\n"),
         (*RUN, "--set", 'boundary.left.profile={kind="table", file="t.csv"}', "--set",
          "boundary.left.before=0 mM")),
    Case("a bath without the K+ that membranes need",
         ("--set boundary.left.bath=0 mM: boundary left: bath: K_o comes to 0 mM there, where the "
          "membrane 'kager_mori' has no finite rates",),
         arguments=(*RUN, "--set", 'membrane={model="kager_mori"}', "--set",
                    "boundary.left.bath=0 mM")),
    Case("a pump that no membrane bears", ("membrane.parameters.J_max: with 1e+06 nmol/m^2/s",),
         arguments=(*RUN, "--set",
                    'membrane={model="pump_leak", parameters={J_max="1e-3 mol/m^2/s"}}')),
    Case("a bath that comes to nothing",
         ("boundary left: bath: K_o comes to 0 mM", "'barreto_cressman' has no finite rates"),
         arguments=(*RUN, "--set", 'membrane={model="barreto_cressman"}', "--set",
                    'boundary.left.profile={kind="step", start="0.1 s"}', "--set",
                    "boundary.left.before=0 mM")),
    Case("a start without the K+ that membranes need",
         ("membrane.initial: huebel_dahlem has no finite rates with K_o = 0 mM",),
         arguments=(*RUN, "--set", 'membrane={model="huebel_dahlem", initial={K_o="0 mM"}}')),
    Case("a region without the K+ that membranes need",
         ("--set tissue.regions.core.initial={K_o=\"0 mM\"}: region 'core': initial: huebel_dahlem "
          "has no finite rates with K_o = 0 mM",),
         arguments=(*RUN, "--set", 'membrane={model="huebel_dahlem"}', "--set",
                    'tissue.regions.core.initial={K_o="0 mM"}')),
    given("a potential of 1000 volts", "boundary.left.potential=1e6 mV", "boundary[0].potential",
          "must be at most 10000 mV"),
    Case("a potential that a profile takes to 20 volts",
         ("boundary left: potential: where the profile is 2000, 20000 mV would be there",),
         lambda f: (f / "t.csv").write_text("0,0\n1,2000\n"),
         (*RUN, *FIELD, "--set", "boundary.left.potential=10 mV", "--set",
          "boundary.left.before=3 mM", "--set",
          'boundary.left.profile={kind="table", file="t.csv"}')),
    Case("a current that a profile takes beyond everything",
         ("boundary left: current: where the profile is 2000, 20000 A/m^2 would enter",),
         lambda f: (f / "t.csv").write_text("0,0\n1,2000\n"),
         (*RUN, *FIELD, "--set", 'boundary.left={on="left", current="10 A/m^2", '
          'profile={kind="table", file="t.csv"}}')),
    Case("a companion below nothing", ("boundary 'left': Na, which goes with it", "-5"),
         arguments=(*RUN, "--set", 'membrane={model="kager_mori"}', "--set",
                    'tissue.ions=["K", "Na", "Cl"]', "--set", "boundary.left.companion=Na",
                    "--set", "boundary.left.bath=200 mM", "--set", "boundary.left.before=3.5 mM",
                    "--set", 'boundary.left.profile={kind="step", start="0.1 s"}')),
    Case("an event beyond a parameter's range",
         ("event 'e': parameters.J_max, where the profile is 2", "at least 0"),
         lambda f: (f / "t.csv").write_text("0,0\n0.1,-1\n0.2,2\n"),
         (*RUN, "--set", 'membrane={model="pump_leak"}', "--set",
          'event=[{name="e", parameters={J_max=0}, profile={kind="table", file="t.csv"}}]')),
]  # fmt: skip

CASES = [*TEXT, *SETTINGS, *NONSENSE, *IONS, *MESHES, *FIELDS, *TABLES, *OWN, *RESUMES, *PLACES]


def prepare(case, parent, number):
    """The folder of a case, with all its files."""
    folder = Path(parent, f"{number:03d}")
    folder.mkdir(parents=True)
    (folder / "run.toml").write_text(BASE)
    case.make(folder)
    return folder
