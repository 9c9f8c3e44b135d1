"""The pictures of the pages: what each shows, and which configuration or script it comes from."""

from dataclasses import dataclass


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
PAGES = {"threshold": "docs/scans.md", "island": "docs/from_paper.md"}  # that have the text
SCRIPTS = {  # pictures that others draw: their sources
    "cortex_sheet": ("docs/cortex.py", "runs/cortex_sheet.toml"),
    "template_map": ("docs/template_map.py",),
    "homogenised": ("docs/homogenised.py", "docs/lattice_tissue.py"),
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
