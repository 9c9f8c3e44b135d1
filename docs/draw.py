"""Draws the pictures of docs/pictures, and notes what drew each of them.

    python docs/draw.py                     # all that are older than what draws them
    python docs/draw.py scan_adaptive fit   # these, in any case
    python docs/draw.py --list              # which are older

What is computed for them stays in build/pictures and is not computed again. For every picture
`docs/pictures/drawn.json` has a digest of the configuration and of the code that draws, without its
comments; a test compares. Pictures that a script of their own draws (`SCRIPTS`) are noted by
`python docs/draw.py --note NAME` once it was run.
"""

import ast
import hashlib
import json
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import tomli_w
from PIL import Image

ROOT = Path(__file__).parents[1]
PICTURES, RESULTS = ROOT / "docs/pictures", ROOT / "build/pictures"
NOTES = PICTURES / "drawn.json"
CODE = ROOT / "postprocess"


@dataclass(frozen=True)
class Picture:
    """What a picture shows.

    Attributes:
        kind: of what was computed: run, scan or cell.
        figure: its name among the figures of that, or a field and a time [s].
        module: of postprocess, which draws it.
        config: name of a ready run; of a text in PAGES or VARIANTS.
    """

    kind: str
    figure: str
    module: str
    config: str


def _run(figure, module, config):
    return Picture("run", figure, module, config)


def _scan(figure, module, config):
    return Picture("scan", figure, module, config)


def _cells():
    figures = {
        "pump_failure": "course",
        "bistability": "branch",
        "ecs_fraction": "thresholds",
        "seizure_bath": "map",
        "rest_seizure_sd": "map",
        "hypoxia": "map",
    }
    for name, figure in figures.items():
        yield f"cell_{name}", Picture("cell", figure, "cell", f"cell/{name}")


def _papers():
    """Figures of docs/papers.md: a published one each, with its citation above."""
    figures = {
        "barreto_2011": ("cell", "course", "cell"),
        "chizhov_2020": ("cell", "course", "cell"),
        "fisher_1976": ("run", "line_depth", "line"),
        "gardner_medwin_1983": ("run", "probes", "series"),
        "hubel_2014a": ("cell", "branch", "cell"),
        "hubel_2014b": ("cell", "course", "cell"),
        "kelley_2022": ("run", "line_across", "line"),
        "mori_2015": ("run", "profiles", "maps"),
        "wei_2014": ("cell", "map", "cell"),
    }
    for name, made in figures.items():
        yield f"paper_{name}", Picture(*made, f"papers/{name}")


MADE = {
    "front_nagumo": _run("arrival_K_o", "maps", "front_nagumo"),
    "slice_bath": _run("K_o", "stills", "slice_bath"),
    "point_source": _run("probes", "series", "point_source"),
    "csd_benchmark": _run("profiles", "maps", "csd_benchmark"),
    "sulcus_sd": _run("K_o@120", "maps", "sulcus_sd"),
    "cortex_k_load": _run("K_o", "stills", "cortex_k_load"),
    "cortex_sd": _run("maps", "maps", "cortex_sd"),
    "cortex_sd_arrival": _run("arrival_K_o", "maps", "cortex_sd"),
    "lesion_map": _run("onset", "stills", "lesion_map"),
    "slice_sd": _run("line_deep", "line", "slice_sd"),
    "ischemia": _run("line_along", "line", "ischemia"),
    "graded_flow": _run("line_along", "line", "graded_flow"),
    "sd_wave": _run("line_along", "line", "sd_wave"),
    "syncytium": _run("line_along", "line", "syncytium"),
    "seizure_focus": _run("maps", "maps", "seizure_focus"),
    "seizure_focus_frame": _run("K_o@40", "maps", "seizure_focus"),
    "tutorial_island": _run("line_along", "line", "island"),
    "scan_alpha_lambda_sd": _scan("map", "scan_map", "scan_alpha_lambda_sd"),
    "scan_alpha_lambda_seizure": _scan("map", "scan_map", "scan_alpha_lambda_seizure"),
    "scan_ischemia": _scan("bars", "scan_curves", "scan_ischemia"),
    "scan_models_consensus": _scan("consensus", "scan_consensus", "scan_models_consensus"),
    "scan_threshold": _scan("map", "scan_map", "threshold"),
    "scan_adaptive": _scan("map", "scan_map", "adaptive"),
    "scan_sensitivity": _scan("sensitivity", "scan_curves", "sensitivity"),
    **dict(_cells()),
    **dict(_papers()),
}
LONG = {  # drawn anew before a release: runs of many minutes, scripts with data of others
    "cortex_sd",
    "cortex_sd_arrival",
    "cortex_sheet",
    "template_map",
    "homogenised",
}
PAGES = {"threshold": "docs/scans.md", "island": "docs/tutorial.md"}  # that have the text
SCRIPTS = {  # pictures that others draw: their sources
    "cortex_sheet": ("docs/cortex.py", "runs/cortex_sheet.toml"),
    "template_map": ("docs/template_map.py",),
    "homogenised": ("docs/homogenised.py",),
    "packing": ("docs/packing.py",),
    "post_albers": ("postprocess/laws.py",),
    "pnp_ghk": ("postprocess/laws.py",),
    "fit": ("postprocess/fit.py",),
    "paper_breithausen_2020": (
        "docs/papers/breithausen_2020.py",
        "docs/papers/breithausen_2020.toml",
    ),
    "paper_kume_kick_2002": ("docs/papers/kume_kick_2002.py", "docs/papers/kume_kick_2002.toml"),
    "paper_tao_nicholson_2004": ("docs/papers/tao_nicholson_2004.py",),
}


def _adaptive(tree):
    """The risk map from 48 runs that follow the border."""
    for axis in tree["axis"]:
        del axis["count"]
    return tree | {"adaptive": {"margin": "ignited", "runs": 48}}


def _sensitivity(tree):
    """What the speed of the wave depends on, where every tissue has one."""
    amount = {"key": "source.KCl.amount", "low": "30 umol", "high": "60 umol"}
    alpha, tortuosity = ({k: v for k, v in a.items() if k != "count"} for a in tree["axis"])
    return tree | {
        "axis": [alpha | {"high": 0.2}, tortuosity, amount],
        "design": {"kind": "saltelli", "samples": 64},
        "outcomes": ["fronts.along.speed_mm_per_min"],
    }


def _syncytium(tree):
    """The wave with glia that are joined, and what their currents do outside."""
    fields = ["K_o", "Phi_e", "V_g", "V_g_shift"]
    joined = {"syncytium": {"tortuosity": 3.2}, "transport": "electrodiffusion"}
    return tree | {
        "mesh": tree["mesh"] | {"cell": "10 um"},
        "tissue": tree["tissue"] | joined | {"ions": ["K", "Na", "Cl"]},
        "output": tree["output"] | {"fields": fields},
    }


VARIANTS = {  # of ready runs
    "adaptive": ("scan_alpha_lambda_sd", _adaptive),
    "sensitivity": ("scan_alpha_lambda_sd", _sensitivity),
    "syncytium": ("sd_wave", _syncytium),
}


def files(page):
    """Name -> text of the files that a page tells its readers to write."""
    block = re.compile(r"<!-- file: (\S+) -->\n```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
    return dict(block.findall((ROOT / page).read_text()))


def text(config):
    """The configuration of a name, as TOML."""
    if config in PAGES:
        return files(PAGES[config])[f"{config}.toml"]
    if config in VARIANTS:
        base, change = VARIANTS[config]
        return tomli_w.dumps(change(tomllib.loads((ROOT / f"runs/{base}.toml").read_text())))
    folder = "docs" if config.startswith("papers/") else "runs"
    return (ROOT / folder / f"{config}.toml").read_text()


def digest(name):
    """A digest of the settings and of the code that a picture shows."""
    if name in SCRIPTS:
        paths = [ROOT / path for path in SCRIPTS[name]]
        parts = [_essence(path) for path in [*paths, CODE / "style.py", CODE / "theme.py"]]
    else:
        made = MADE[name]
        parts = [repr(tomllib.loads(text(made.config))), made.figure]
        parts += [_essence(path) for path in _drawing(made.module)]
        if made.config.startswith("papers/"):
            parts.append(_essence(CODE / "titles.py"))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _essence(path):
    """A file without what leaves no trace in a picture: comments, layout, docstrings."""
    if path.suffix != ".py":
        return repr(tomllib.loads(path.read_text()))
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            if isinstance(body[0].value, ast.Constant):
                del body[0]
    return ast.dump(tree)


def _drawing(module):
    """Paths of a module of postprocess and of those that it imports, in order."""
    found, left = set(), {module}
    while left:
        name = left.pop()
        found.add(name)
        left |= {n for n in _imported(name) if (CODE / f"{n}.py").is_file()} - found
    return [CODE / f"{name}.py" for name in sorted(found)]


def _imported(module):
    """Names that a module of postprocess takes from there."""
    for node in ast.walk(ast.parse((CODE / f"{module}.py").read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
            "ecs_model.postprocess"
        ):
            within = node.module.removeprefix("ecs_model.postprocess").strip(".")
            yield from [within] if within else [alias.name for alias in node.names]


def notes():
    """Picture -> digest of what drew it."""
    return json.loads(NOTES.read_text()) if NOTES.exists() else {}


def outdated():
    """Names of pictures that something else drew than would draw them now."""
    known = notes()
    return [name for name in (*MADE, *SCRIPTS) if known.get(name) != digest(name)]


def note(name):
    """Write down what drew a picture."""
    NOTES.write_text(json.dumps(notes() | {name: digest(name)}, indent=1, sort_keys=True) + "\n")


def compute(made):
    """The directory of what a picture shows; computed if it is not there."""
    name = made.config.replace("/", "_")
    folder = RESULTS / name
    if not folder.is_dir():
        RESULTS.mkdir(parents=True, exist_ok=True)
        beside = files(PAGES[name]) if name in PAGES else {}
        for file, content in (beside | {f"{name}.toml": text(made.config)}).items():
            (RESULTS / file).write_text(content)
        command = [sys.executable, "-m", "ecs_model", made.kind, f"{name}.toml", "-o", name]
        subprocess.run(command, cwd=RESULTS, check=True)
    return folder


def figure_of(made, folder):
    """The figure of a picture."""
    if made.kind == "run":
        from ecs_model.postprocess import maps, run_figures
        from ecs_model.run.rundir import RunDir

        name, _, t = made.figure.partition("@")
        if t:
            return maps.snapshot(folder, name, float(t))
        return run_figures.figures(RunDir.open(folder))[name]()
    if made.kind == "scan":
        from ecs_model.postprocess import scan_figures
        from ecs_model.postprocess.scan_data import Scan

        return scan_figures.drawings(Scan.open(folder))[made.figure]()
    from ecs_model.postprocess import cell

    makers = {"map": cell.regime_map, "branch": cell.branch}
    makers |= {"course": cell.course, "thresholds": cell.thresholds}
    return makers[made.figure](folder)


def _cited(made, figure):
    """A figure with the title of its configuration, which cites a paper, as those of cells have."""
    if not made.config.startswith("papers/") or made.kind == "cell":
        return figure
    from ecs_model.postprocess import titles

    return titles.put(figure, tomllib.loads(text(made.config))["title"])


def draw(name):
    """Draw a picture, and note it."""
    from ecs_model.postprocess import style

    made = MADE[name]
    path = style.save(_cited(made, figure_of(made, compute(made))), PICTURES / f"{name}.png")
    Image.open(path).convert("RGB").quantize(256, kmeans=2).save(
        path, optimize=True
    )  # half its size
    note(name)


def main(arguments):
    """Do what was asked."""
    if arguments[:1] == ["--list"]:
        print(*outdated(), sep="\n")
        return
    if arguments[:1] == ["--note"]:
        for name in arguments[1:]:
            note(name)
        return
    for name in arguments or [name for name in outdated() if name in MADE]:
        print(name, flush=True)
        draw(name)


if __name__ == "__main__":
    main(sys.argv[1:])
