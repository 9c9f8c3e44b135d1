"""Writes papers.md: published figures remade, with what agrees and what does not.

python docs/published.py            # two minutes; what build/pictures holds is not computed again

Numbers are read from what the configurations in docs/papers compute. Pictures are those of
docs/draw.py, or of the scripts in docs/papers.
"""

import csv
import json
import sys
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecs_model.run.tables import read_line, read_series

sys.path.insert(0, str(Path(__file__).parents[1]))

from docs import draw
from docs.papers import breithausen_2020, kume_kick_2002, tao_nicholson_2004

HERE = Path(__file__).parent
Rows = list[tuple[str, str, str]]

HEAD = """\
# Published figures, remade

Figures of papers, each from a short configuration that is printed below its picture: save it, run
it, change it. The tables put what the paper says beside what comes out. A figure is named by its
number where its legend could be read; several papers were read as abstracts, legends or programs
alone, and then nothing is said about what their figures look like. `python docs/published.py` wrote
this page; none of its numbers is written by hand. [Against experiments](validation.md) holds more
measurements, [Verification](verification.md) the references of every model.
"""


@dataclass(frozen=True)
class Paper:
    """A published figure and how it is remade.

    Attributes:
        heading: of its section.
        showed: what the paper showed, as far as it was read.
        numbers: the directory of what was computed -> rows of the table: what, the paper, here.
        verdict: what agrees and what does not.
    """

    heading: str
    showed: str
    numbers: Callable[[Path], Rows]
    verdict: str


def table(path):
    """Columns of a CSV file of a single-cell job, by name without the unit."""
    heads = Path(path).read_text().partition("\n")[0].split(",")
    values = np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)
    return {head.partition(" [")[0]: column for head, column in zip(heads, values.T, strict=True)}


def starts(times, on, gap):
    """Times at which something begins that was not for `gap` before."""
    active = times[on]
    return active[np.diff(active, prepend=-np.inf) > gap]


def barreto(folder):
    """Bursts, after the first."""
    columns = table(folder / "course.csv")
    t, K_o = columns["time"], columns["K_o"]
    begin = starts(t, columns["V"] > 0, 3)
    late = t > begin[1] - 5
    fires = t[late & (columns["V"] > 0)]
    first = fires[fires < begin[1] + 15]
    return [
        ("neuron with 8 mM in the bath", "bursts periodically", f"{len(begin)} bursts in 100 s"),
        ("period", "not read", f"{begin[2] - begin[1]:.1f} s"),
        ("duration of a burst", "not read", f"{np.ptp(first):.1f} s"),
        ("[K⁺]o", "not read", f"{K_o[late].min():.1f} to {K_o[late].max():.1f} mM"),
    ]


def wei(folder):
    """Regimes over K+ in the bath."""
    with open(folder / "map.csv", newline="") as file:
        rows = list(csv.reader(file))
    regime, heads = rows[0].index("regime"), ("rest", "seizure", "tonic", "SD")
    baths = {name: [float(r[0]) for r in rows[1:] if r[regime] == name] for name in heads}
    highest = rows[0].index("highest K_o [mM]")
    sd = max(float(row[highest]) for row in rows[1:] if row[regime] == "SD")
    found = [
        (f"{name}: K⁺ in the bath", "in this order", f"{min(b):g} to {max(b):g} mM")
        for name, b in baths.items()
    ]
    return [*found, ("highest [K⁺]o in SD", "not read", f"{sd:.1f} mM")]


def special(folder, kind):
    """Special points of one kind on the branch."""
    (member,) = json.loads((folder / "summary.json").read_text())["members"]
    return [
        point for one in member["branches"] for point in one["special"] if point["kind"] == kind
    ]


def bifurcations(folder):
    """Folds and Hopf points over the pump, and where both states are stable."""
    folds, hopf = special(folder, "fold"), special(folder, "Hopf")
    low = min(point["value"] for point in folds)
    with open(folder / "branch.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    high = max(
        float(row["value"])
        for row in rows
        if row["unstable directions"] == "0" and float(row["V [mV]"]) > -40
    )
    return [
        ("saddle-node bifurcations (folds)", "2", f"{len(folds)}"),
        ("Hopf bifurcations", "3", f"{len(hopf)}"),
        (
            "pumps at which rest and depolarization are both stable",
            "a range, from the lower fold to a Hopf point",
            f"{low:.3g} to {high:.3g} µA/cm²",
        ),
    ]


def pump_failure(folder):
    """The course of a depolarization while the pump fails and after."""
    columns = table(folder / "course.csv")
    t, V = columns["time"], columns["V"]
    silent = t[(V > -45) & (t > 29.5)]
    return [
        ("V at rest", "-67.193 mV (their program)", f"{V[0]:.3f} mV"),
        ("[K⁺]i at rest", "129.258 mM (their program)", f"{columns['K_i'][0]:.3f} mM"),
        ("highest [K⁺]o", "not read", f"{columns['K_o'].max():.1f} mM"),
        ("cells repolarize after", "not read", f"{silent[-1] - 20:.0f} s"),
    ]


def discharges(folder):
    """Discharges of the focus, after the first."""
    columns = table(folder / "course.csv")
    t, K_o = columns["time"], columns["K_o"]
    begin = starts(t, K_o > 8, 20)
    one = (t > begin[1] - 10) & (t < begin[1] + 100)
    long = np.ptp(t[one & (K_o > 8)])
    return [
        ("discharges", "recur", f"{len(begin)} in {t[-1]:.0f} s"),
        ("interval", "not read", f"{begin[2] - begin[1]:.0f} s"),
        ("[K⁺]o above 8 mM for", "not read", f"{long:.0f} s"),
        ("highest [K⁺]o", "not read", f"{K_o[one].max():.1f} mM"),
        ("highest [Na⁺]i", "not read", f"{columns['Na_i'][one].max():.1f} mM"),
    ]


def buffering(folder):
    """Potential of the surface, which is that of the bath, against what is deep."""
    columns, _ = read_series(folder / "series.csv")
    t, shift = columns["t"] - 5.0, -columns["Phi_e@deep"]
    half = t[shift <= shift[-1] / 2][0]
    at = {s: float(np.interp(s, t, shift)) for s in (20, 60)}
    return [
        ("surface after 20 s", "half of -2 mV", f"{at[20]:.2f} mV"),
        ("surface after 60 s", "about -2 mV", f"{at[60]:.2f} mV"),
        ("half of its last value after", "20 s", f"{half:.0f} s"),
    ]


def csd(folder):
    """The front and what it leaves."""
    front = json.loads((folder / "summary.json").read_text())["fronts"]["along"]
    _, _, fields, _ = read_line(folder, "along")
    alpha = fields["alpha"].min()
    return [
        ("speed", "5.1 mm/min (code of 2021)", f"{front['speed_mm_per_min']:.2f} mm/min"),
        ("highest [K⁺]o", "not read", f"{fields['K_o'].max():.0f} mM"),
        ("smallest volume fraction between cells", "not read", f"{alpha:.3f}, 0.2 before"),
    ]


def slice_wave(folder):
    """Speed of the front from the middle of the slice."""
    front = json.loads((folder / "summary.json").read_text())["fronts"]["across"]
    _, _, fields, _ = read_line(folder, "across")
    short = np.mean(fields["O2"][-1] < 1.0)
    return [
        ("speed in the perfused slice", "2-4 mm/min", f"{front['speed_mm_per_min']:.1f} mm/min"),
        (
            "core of the slice",
            "hypoxic",
            f"less than 1 µM of oxygen in {100 * short:.0f} % of the way",
        ),
    ]


def superfusion(folder):
    """The diffusivity that fits the profiles of hours 1 to 8."""
    found = 1e6 * 3600 * diffusivity(folder)
    _, depth, fields, _ = read_line(folder, "depth")
    K_o, free = fields["K_o"][-1], 1.96e-9 / 1.6**2
    return [
        ("apparent diffusivity", "1.03 ± 0.16 mm²/h", f"{found:.2f} mm²/h"),
        ("D/λ² between cells that take up nothing", "not read", f"{3600e6 * free:.2f} mm²/h"),
        ("[K⁺]o at 1 and 3 mm after 8 h", "not read", _places(depth, K_o, (1.0, 3.0))),
    ]


def _places(depth, values, places):
    return " and ".join(f"{np.interp(x, depth, values):.1f}" for x in places) + " mM"


def diffusivity(folder, barrier=800.0):
    """D [m^2/s] of semi-infinite tissue behind a barrier [1/m] (Crank 1975, eq. 3.35)."""
    from scipy.optimize import minimize_scalar
    from scipy.special import erfc, erfcx

    t, depth, fields, _ = read_line(folder, "depth")
    excess, x = fields["K_o"] - fields["K_o"][0], depth * 1e-3
    hours = [k for k, s in enumerate(t) if s > 0 and s % 3600 == 0]

    def profile(D, time):
        near, behind = x / (2 * np.sqrt(D * time)), barrier * np.sqrt(D * time)
        return 8.5 * (erfc(near) - np.exp(-(near**2)) * erfcx(near + behind))

    def misfit(log_D):
        return np.square([profile(10**log_D, t[k]) - excess[k] for k in hours]).sum()

    return 10 ** minimize_scalar(misfit, bounds=(-11, -9), method="bounded").x


def osmolality(folder):
    """What the method reads off the curves, of three runs."""
    found = kume_kick_2002.fits(kume_kick_2002.curves(folder))
    return [
        (
            f"alpha, lambda at {k} mosmol/kg",
            f"{measured[0]:.2f}, {measured[1]:.2f}",
            f"{found[k][0]:.3f}, {found[k][1]:.3f}",
        )
        for k, measured in kume_kick_2002.MEASURED.items()
    ]


def coupling(folder):
    """By how much the glial syncytium lowers a local rise, where K+ would reach 5, 10 and 20 mM."""
    found = breithausen_2020.curves(folder)
    rows = []
    for name, case in breithausen_2020.CASES.items():
        parts = [breithausen_2020.at(found[name], level) for level in (5, 10, 20)]
        ours = ", ".join(f"{100 * part:.0f} % ({mM:.2g} mM)" for part, mM in parts)
        rows.append((f"lower by, at 5, 10, 20 mM: {case.words}", "only above about 10 mM", ours))
    return rows


def lattices(folder):
    """Lambda of every lattice beside the law."""
    rows, most = [], 0.0
    for shape, (name, _) in tao_nicholson_2004.CELLS.items():
        for alpha, value in tao_nicholson_2004.points(shape).T:
            law = tao_nicholson_2004.law(alpha)
            most = max(most, abs(value / law - 1))
            rows.append((f"{name}, alpha {alpha:.3g}", f"{law:.4f}", f"{value:.4f}"))
    return [*rows, ("largest difference from the law", "0", f"{100 * most:.1f} %")]


PAPERS = {
    "barreto_2011": Paper(
        "A neuron that bursts as its ions move",
        "A neuron whose ions move bursts periodically: spikes are turned on and off by slow "
        "oscillations of K⁺ and Na⁺ (abstract; Cressman et al. 2009 for the model).",
        barreto,
        "The mechanism agrees: bursts begin as K⁺ creeps up and end as the pump, driven by the Na⁺ "
        "that entered, takes K⁺ away. Times of the paper's figures could not be read; the Hopf "
        "point at which rest is lost is held against SciPy in the verification.",
    ),
    "wei_2014": Paper(
        "Rest, seizures and spreading depolarization of one neuron",
        "One neuron, with ions, oxygen and volume, is at rest, has seizures or spreading "
        "depolarizations as K⁺ and oxygen in its bath change (abstract).",
        wei,
        "The same order along K⁺. The figure shows the range of K⁺ after the first 200 s.",
    ),
    "hubel_2014a": Paper(
        "Two stable states without any bath",
        "Figure 2: fixed points of a closed neuron over its pump rate make a z; two saddle-nodes, "
        "three subcritical Hopf points, bistable between the lower saddle-node and a Hopf point "
        "(legend).",
        bifurcations,
        "The z, its two folds and the bistable range agree. Here Hopf points are listed wherever a "
        "pair of eigenvalues crosses, also on parts that stay unstable; the legend lists one "
        "fewer. Its numbers could not be read.",
    ),
    "hubel_2014b": Paper(
        "The pump stops, and glia bring the neuron back",
        "Figure 5: a neuron depolarizes when its pump is interrupted, and recovers as glia buffer "
        "K⁺ (their program, ModelDB 167714, which computes it with 9.5 s).",
        pump_failure,
        "Rest is that of their program; course and recovery follow from the same equations, which "
        "are solved by other code in the verification.",
    ),
    "chizhov_2020": Paper(
        "Seizures of a population recur",
        "Figure 3A: discharges recur in the middle of a focus, with K⁺ diffusing from it (legend).",
        discharges,
        "Discharges recur, and end as Na⁺ drives the pump. This is the focus alone, as one node: "
        "in the paper it loses K⁺ to the tissue around it, and the interval will differ.",
    ),
    "gardner_medwin_1983": Paper(
        "K⁺ on the surface makes a potential",
        "The surface of rat cortex became negative by 2 mV on average when K⁺ there rose from 3 to "
        "12 mM, half of it within 20 s (abstract): currents through glia carry K⁺.",
        buffering,
        "Sign and size agree. It begins faster here, as the bath touches the tissue at once, and "
        "keeps growing for minutes. Without the persistent Na⁺ current, as neurons of this model "
        "would ignite in 12 mM.",
    ),
    "breithausen_2020": Paper(
        "Does the glial syncytium take K⁺ away?",
        "In slices of rat hippocampus, blocking gap junctions left K⁺ transients of synaptic and "
        "axonal activity largely as they were, and raised those of local iontophoresis once they "
        "were larger than about 10 mM (abstract).",
        coupling,
        "The sign agrees, and that large rises profit more: by a larger share of themselves "
        "and by mM where small ones differ by tenths. A rise that is brief or narrow is "
        "hardly lowered, as what glia carry away builds up over seconds, and a narrow rise "
        "spreads between cells. But no threshold at 10 mM comes out: the share grows "
        "smoothly, also with a network that conducts a tenth as well (lambda 10 instead of "
        "3.2). **Verdict: partly.** Transients of synapses, which are brief, are hardly "
        "affected, as in the slices; a focus of 0.1 mm that lasts for 10 s is lowered below "
        "10 mM, too, where the experiment saw nothing. Size and duration of its foci could "
        "not be read.",
    ),
    "mori_2015": Paper(
        "Spreading depression with electrodiffusion and water",
        "A continuum of neurons, ions and water carries a wave of spreading depression along a "
        "line; the parameters are those of Ellingsrud et al. (2021, Math Med Biol 38, 516), who "
        "found that its speed needs very fine meshes and steps (abstract).",
        csd,
        "The speed agrees with what their code gives, and its continuum limit with another scheme, "
        "see [Verification](verification.md). V is quasi-steady here.",
    ),
    "kelley_2022": Paper(
        "Spreading depolarization in a slice",
        "In a perfused slice with 36,000 neurons a wave travels at 2-4 mm/min, and neurons in the "
        "core, where oxygen is short, carry it (abstract).",
        slice_wave,
        "The wave, its speed and its hypoxic core agree where neurons fill 0.24 of the slice, as "
        "theirs do; it stops in a slice of 0.1 mm, as theirs does. Neurons that fill 0.5, the "
        "usual of kager_mori, are too fast and do not stop, see [Against "
        "experiments](validation.md).",
    ),
    "fisher_1976": Paper(
        "12 mM of K⁺ on cortex for eight hours",
        "K⁺ to a depth of 3 mm over 8 h followed diffusion with 1.03 mm²/h behind a barrier of "
        "0.8/mm, with little uptake (abstract).",
        superfusion,
        "Inside of the spread. What makes K⁺ slower than D/λ² is what cells take up, not a fitted "
        "diffusivity.",
    ),
    "kume_kick_2002": Paper(
        "Cells that shrink and swell, seen by TMA⁺",
        "Alpha and lambda of rat cortex at three osmolalities, by the method of Nicholson & "
        "Phillips (1981) (abstract).",
        osmolality,
        "A tissue with the measured alpha and lambda gives curves from which the method reads "
        "them back, as far as the mesh is fine enough.",
    ),
    "tao_nicholson_2004": Paper(
        "Lambda between convex cells",
        "Lambda = sqrt((3 - alpha)/2) for cells that fill space, by random walks. (The law as "
        "later papers cite it; this one could not be read.)",
        lattices,
        "Near the law, and mostly above it: between cubes it is not exact, see "
        "[Homogenised or resolved](homogenised.md).",
    ),
}
SCRIPTS = {
    "breithausen_2020",
    "kume_kick_2002",
    "tao_nicholson_2004",
}  # that one configuration cannot tell


def kind(name):
    """What computes a paper: run, cell or script."""
    return "script" if name in SCRIPTS else draw.MADE[f"paper_{name}"].kind


def how(name):
    """Markdown of what to save and to type."""
    if kind(name) == "script":
        mark = "<!-- not run: it writes a picture of the pages -->"
        return f"{mark}\n```sh\npython docs/papers/{name}.py\n```"
    text = draw.text(f"papers/{name}").rstrip()
    draws = f"\necs-model plot results/{name} --titled" if kind(name) == "run" else ""
    command = f"ecs-model {kind(name)} {name}.toml -o results/{name}{draws}"
    return (
        f"<!-- file: {name}.toml -->\n```toml\n{text}\n```\n\n"
        f"<!-- run: slow -->\n```sh\n{command}\n```"
    )


def rows(name, folder):
    """Rows of the table of a paper, as Markdown, from the directory of what was computed."""
    return [f"| {' | '.join(row)} |" for row in PAPERS[name].numbers(Path(folder))]


def citation(name):
    """What stands above the picture."""
    if name == "tao_nicholson_2004":
        return tao_nicholson_2004.TITLE
    return tomllib.loads(draw.text(f"papers/{name}"))["title"]


def section(name, folder):
    """The part of the page about a paper."""
    paper = PAPERS[name]
    parts = [
        f"## {paper.heading}",
        f"*{citation(name)}*",
        f"![{paper.heading}](pictures/paper_{name}.png)",
        f"{paper.showed}",
        "\n".join(["| | the paper | here |", "|---|---|---|", *rows(name, folder)]),
        paper.verdict,
        how(name),
    ]
    return "\n\n".join(parts)


def computed(name, spare):
    """The directory of what a paper needs; a spare one for a script."""
    return Path(spare) if kind(name) == "script" else draw.compute(draw.MADE[f"paper_{name}"])


def main():
    """Write the page."""
    with tempfile.TemporaryDirectory() as spare:
        parts = [section(name, computed(name, spare)) for name in PAPERS]
    (HERE / "papers.md").write_text("\n\n".join([HEAD.rstrip(), *parts]) + "\n")


if __name__ == "__main__":
    main()
