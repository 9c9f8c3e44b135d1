"""What is read from the directories that configurations of papers compute: rows of their tables.

Every function takes such a directory and returns tuples: what, the paper, here.
"""

import csv
import json
from pathlib import Path

import numpy as np

from docs.papers import breithausen_2020, kume_kick_2002, tao_nicholson_2004
from ecs_model.run.tables import read_line, read_series


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
        ("period", "not read", f"{begin[2] - begin[1]:.0f} s"),  # tenths are rounding's
        ("duration of a burst", "not read", f"{np.ptp(first):.0f} s"),
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
