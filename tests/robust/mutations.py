"""Configurations that are nearly right: sound runs with a few settings changed into odd ones.

Everything is drawn by Hypothesis, so that a failure is found again and made small.
"""

import copy

import tomli_w
from hypothesis import strategies as st

MESHES = [
    {"generator": "interval", "length": "0.2 mm", "cell": "20 um"},
    {"generator": "rectangle", "size": ["0.2 mm", "0.1 mm"], "cell": "50 um"},
    {"generator": "box", "size": ["0.1 mm", "0.1 mm", "0.1 mm"], "cell": "50 um"},
]
MEMBRANES = [
    {"model": "none"},
    {"model": "nagumo", "parameters": {"K_rest": 3.0}, "initial": {"K_o": "3 mM"}},
    {"model": "pump_leak", "options": {"potential": "charge"}},
    {"model": "kager_mori", "options": {"glia": False}},
    {"model": "huebel_dahlem", "substeps": 2},
]
PROFILES = [
    {"kind": "constant"},
    {"kind": "step", "start": "20 ms"},
    {"kind": "pulse", "start": "10 ms", "duration": "20 ms"},
    {"kind": "train", "duration": "10 ms", "period": "20 ms", "count": 3},
]
HOW_MUCH = [{"rate": "1 fmol/s"}, {"amount": "1 fmol"}]
SURFACES = [
    {"bath": "5 mM", "before": "3 mM"},
    {"flux": "1 nmol/m^2/s"},
    {"exchange": "1 um/s", "outside": "5 mM", "before": "4 mM"},
]
ODD = [
    True, None, -1, 0, 1, 3.5, 10**400, 2**63, -0.0, 1e-300, 1e300, float("nan"), float("inf"),
    "", " ", "x", "K_o", "1", "-1 mM", "0 s", "1e300 mM", "1e-300 um", "1e999 s", "nan s", "3 mV",
    "1 m^2/s", "37 degC", "310 degC", "30 µm", "1 **", "1 m**9999999", "é", "\x00", "../x", "a\nb",
    [], [[]], ["1 mm"] * 4, [1, 2, 3], {}, {"field": "a"}, {"file": "x.npy"}, {"a": {"b": 1}},
    {"parallel": 1.0, "across": 2.0, "direction": [1.0]}, "left", "9 mM", "20 ms", "0.1 mm", 0.95,
]  # fmt: skip
SMALLER = [1e-6, 1e-3]  # not for cells of a mesh: large meshes are possible, but take their time
NAMES = [
    "tolerance", "duration", "outside", "before", "companion", "region", "point", "file", "unit",
    "fields", "packing", "alpha", "temperature", "count", "x", "", "a.b", "é",
]  # fmt: skip


def sound(draw):
    """The tree of a sound configuration of a run that takes no time."""
    mesh = draw(st.sampled_from(MESHES))
    d = len(mesh.get("size", "1"))
    middle = ["50 um"] * d
    profile = draw(st.sampled_from(PROFILES))
    lasts = profile["kind"] in ("constant", "step")
    how = HOW_MUCH[0] if lasts else draw(st.sampled_from(HOW_MUCH))
    surface = dict(draw(st.sampled_from(SURFACES)))
    over = draw(st.sampled_from(PROFILES))
    if over["kind"] == "constant" or "flux" in surface:
        surface.pop("before", None)
    return copy.deepcopy({
        "title": "fuzzed",
        "mesh": mesh,
        "tissue": {
            "alpha": 0.2, "tortuosity": 1.6, "D": "1.96e-9 m^2/s",
            "regions": [{"name": "core", "ball": {"centre": middle, "radius": "60 um"},
                         "alpha": 0.15}],
        },
        "membrane": draw(st.sampled_from(MEMBRANES)),
        "source": [{"name": "s", "point": middle, **how, "profile": profile}],
        "boundary": [{"on": "left", **surface, "profile": over}],
        "probe": [{"name": "p", "at": middle}],
        "line": [{"name": "l", "start": ["0 um"] * d, "end": middle, "points": 3}],
        "time": {"end": "80 ms", "step": "10 ms", "adaptive": False},
        "output": {"every": "40 ms", "series": "20 ms"},
        "solver": {"rtol": 1e-6},
        "detect": {"front": "12 mM"},
        "checkpoint": {"wall": "10 min"},
    })  # fmt: skip


def places(tree):
    """Pairs of a container and a key in it, at any depth."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, part in list(pairs):
        yield tree, key
        if isinstance(part, dict | list):
            yield from places(part)


def mutate(draw, tree):
    """Change one thing in a tree; what was done, in words."""
    holder, key = draw(st.sampled_from([*places(tree)]))
    way = draw(st.sampled_from(["odd"] * 4 + ["gone", "new", "text", "double", "scaled"]))
    if way == "gone":
        del holder[key]
    elif way == "new" and isinstance(holder, dict):
        key = draw(st.sampled_from(NAMES))
        holder[key] = _odd(draw)
    elif way == "text":
        holder[key] = str(holder[key])
    elif way == "double":
        holder[key] = [holder[key], copy.deepcopy(holder[key])]
    elif way == "scaled" and isinstance(holder[key], str | float):
        holder[key] = _scaled(draw, holder[key], SMALLER if key != "cell" else [])
    else:
        holder[key] = _odd(draw)
    return f"{way} {key}"


def _odd(draw):
    value = draw(st.sampled_from([x for x in ODD if x is not None]))
    return copy.deepcopy(value)


def _scaled(draw, value, smaller):
    """The same quantity, larger or smaller by a power of ten, or negative."""
    factor = draw(st.sampled_from([-1.0, 1e-12, *smaller, 10.0, 1e3, 1e6, 1e12]))
    if isinstance(value, float):
        return value * factor
    number, _, unit = value.partition(" ")
    try:
        return f"{float(number) * factor:g} {unit}"
    except ValueError:
        return value * 3


@st.composite
def configurations(draw):
    """What was changed in a sound configuration, and the text that came of it."""
    tree = sound(draw)
    told = [mutate(draw, tree) for _ in range(draw(st.integers(0, 3)))]
    text = tomli_w.dumps(tree)
    if draw(st.integers(0, 15)) == 0:
        at = draw(st.integers(0, len(text)))
        inserted = draw(st.sampled_from(["[" * 3000, "]", "=", '"""', "\x00", "\ufeff", "\r", "1"]))
        told.append(f"{inserted[:5]!r} at {at}")
        text = text[:at] + inserted + text[at:]
    return told, text


@st.composite
def settings_of_the_command_line(draw):
    """Texts for --set: keys of a sound configuration, and odd values."""
    keys = [
        "tissue.alpha", "source.s.rate", "probe.p.at", "time.end", "time..end", "x", "", "mesh",
        "source", "line.l.points", "tissue.regions.core.alpha", "probe.9.at",
    ]  # fmt: skip
    values = ["", "1", "-1", "nan", "1e400", "9" * 5000, "[" * 3000, '"x"', "0.3\nx = 1", "é",
              '["1 mm"]', "{}", "5 mM", "true", "1979-05-27"]  # fmt: skip
    equals = draw(st.sampled_from(["=", "=", "=", "", "=="]))
    return draw(st.sampled_from(keys)) + equals + draw(st.sampled_from(values))
