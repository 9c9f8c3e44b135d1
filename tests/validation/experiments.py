"""What experiments measured, with the spread that they report, and how ours is held against it.

A spread is that of the paper (standard deviations, ranges of animals) or, where it gives a number
alone, a choice that is said. What this program finds may lie outside: that stays on the page, with
the reason. The tests hold the verdict, so that a change of it is seen.
"""

import json
import os
from dataclasses import dataclass

INFINITY = float("inf")


@dataclass(frozen=True)
class Experiment:
    """A measured quantity.

    Attributes:
        what: the quantity.
        tissue: animal, tissue, condition.
        measured: what the paper gives, in words.
        low, high: its spread, in `unit`.
        unit: of both; "1" for a pure number.
        paper: authors, year, journal, place.
    """

    what: str
    tissue: str
    measured: str
    low: float
    high: float
    unit: str
    paper: str


YAO = "Yao et al. 2015, Glia 63, 1860"
MAZEL = "Mazel et al. 2002, Physiol Res 51, S85"
LEO = "Leo et al. 2011, PLoS Genet 7, e1002129"
HOSSMANN = "Hossmann, Sakaki & Zimmerman 1977, Stroke 8, 77"
ANOXIA = "Time course of [K⁺]e in anoxia and electroshock, rat (abstract)"
FISHER = "Fisher, Pedley & Prince 1976, Brain Res 101, 223"
KETAMINE = "Ionotropic receptor blockade and SD in slices, NeuroReport 1999 (abstract)"
MARRANNES = "Marrannes et al. 1988, Brain Res 457, 226"
AVOLI = "Avoli et al. 1991, Ann Neurol 30, 589 (abstract)"
STRONG = "Strong et al. 1983, JCBFM 3, 86"
KELLEY = "Kelley et al. 2022, eNeuro 9 (abstract, code SDinSlice)"
BREITHAUSEN = "Breithausen et al. 2020, Glia 68, 918 (abstract)"
EXPERIMENTS = {
    "SD: alpha in rat": Experiment(
        "smallest volume fraction in SD",
        "rat cortex, 0.21-0.23 before",
        "0.05-0.09",
        0.05,
        0.09,
        "1",
        MAZEL,
    ),
    "SD: lambda": Experiment(
        "highest tortuosity in SD",
        "rat cortex, 1.55-1.65 before",
        "1.95-2.07",
        1.95,
        2.07,
        "1",
        MAZEL,
    ),
    "SD: alpha in mouse": Experiment(
        "smallest volume fraction in SD",
        "mouse cortex, 0.18 before",
        "0.053 (0.04-0.07 a choice)",
        0.04,
        0.07,
        "1",
        YAO,
    ),
    "SD: highest K+": Experiment(
        "highest [K⁺]o in SD", "mouse cortex", "35 mM (25-60 a choice)", 25, 60, "mM", YAO
    ),
    "SD: rise of K+": Experiment(
        "rate at which [K⁺]o rises in SD, from 10 to 90 %",
        "mouse cortex",
        "3.5 mM/s; 1.5 without AQP4 (1.5-8 a choice)",
        1.5,
        8,
        "mM/s",
        YAO,
    ),
    "SD: recovery": Experiment(
        "time in which half of [K⁺]o recovers after SD",
        "mouse cortex",
        "33 s; 61 s without AQP4 (20-61 a choice)",
        20,
        61,
        "s",
        YAO,
    ),
    "SD: speed in patients": Experiment(
        "speed of SD",
        "patients with head injuries or hemorrhage, ECoG",
        "0.6-5.0 mm/min",
        0.6,
        5.0,
        "mm/min",
        "Strong et al. 2002, Stroke 33, 2738",
    ),
    "SD: speed in rats": Experiment(
        "speed of SD",
        "rat cortex",
        "2-5 mm/min",
        2,
        5,
        "mm/min",
        "Suppression of spreading depression of Leão by an NMDA antagonist (abstract)",
    ),
    "SD: AQP4": Experiment(
        "change of the speed of SD without AQP4, in the model that the authors fitted",
        "mouse cortex: release, removal and D of both genotypes",
        "-22 % (± 10 a choice)",
        -32,
        -12,
        "%",
        YAO,
    ),
    "SD: FHM2": Experiment(
        "speed of SD, half the pump of glia over all of it",
        "mouse, Atp1a2 of familial hemiplegic migraine",
        "5.41 ± 0.41 over 3.85 ± 0.35 mm/min",
        1.2,
        1.6,
        "1",
        LEO,
    ),
    "ischemia: K+": Experiment(
        "[K⁺]o after complete ischemia",
        "cat cortex, 1 h",
        "56 ± 5.4 mM (two standard errors)",
        45,
        67,
        "mM",
        HOSSMANN,
    ),
    "ischemia: Na+": Experiment(
        "[Na⁺] of fluid on the surface after complete ischemia",
        "cat cortex, subarachnoid, 133 mM before, 1 h",
        "53 ± 5.8 mM (two standard errors)",
        41.4,
        64.6,
        "mM",
        HOSSMANN,
    ),
    "ischemia: alpha": Experiment(
        "volume fraction after complete ischemia",
        "cat cortex, 0.189 before, 1 h",
        "0.085 (0.05-0.10 a choice)",
        0.05,
        0.10,
        "1",
        HOSSMANN,
    ),
    "anoxia: ceiling": Experiment(
        "[K⁺]o at which it begins to rise abruptly in terminal anoxia",
        "rat cortex",
        "6-10 mM, up to 12 in ischemic rims",
        6,
        12,
        "mM",
        f"{ANOXIA}; Nedergaard & Hansen 1993, JCBFM 13, 568",
    ),
    "anoxia: doubling": Experiment(
        "time in which [K⁺]o doubles as it rises abruptly in terminal anoxia",
        "rat cortex",
        "5-14 s",
        5,
        14,
        "s",
        ANOXIA,
    ),
    "superfusion: D": Experiment(
        "apparent diffusivity of K⁺ under 8 h of superfusion with 12 mM",
        "cat cortex, to a depth of 3 mm",
        "2.86e-10 m²/s (2-4 a choice)",
        2e-10,
        4e-10,
        "m²/s",
        FISHER,
    ),
    "seizures: bath": Experiment(
        "bath K⁺ from which neurons have seizures",
        "rat hippocampal slices",
        "6-12 mM, Ca²⁺ 0.8-1.0 mM",
        6,
        12,
        "mM",
        "J Neurophysiol, PMC12794857 (abstract)",
    ),
    "seizures: K+": Experiment(
        "highest [K⁺]o in seizures",
        "cat sensorimotor cortex after trauma",
        "14.6-25.1 mM",
        14.6,
        25.1,
        "mM",
        "The role of extracellular potassium in early epilepsy (abstract)",
    ),
    "metabolism: use": Experiment(
        "oxygen that tissue at rest uses",
        "cat cortex",
        "3 ± 1.5 ml/100 g/min",
        1.5,
        4.5,
        "ml/100 g/min",
        "Direct determination of local oxygen consumption of the brain cortex (abstract)",
    ),
    "metabolism: affinity": Experiment(
        "lowest PO₂ that suffices in cells",
        "brain",
        "0.5-2 mmHg",
        0.5,
        2,
        "mmHg",
        "Grote et al. 1973",
    ),
    "metabolism: blood": Experiment(
        "PO₂ in blood that enters capillaries",
        "rabbit cortex",
        "43 ± 3 mmHg",
        40,
        46,
        "mmHg",
        "Direct measurements of oxygen tension at vessels, Pflügers Arch 393, 118 (abstract)",
    ),
    "slice: oxygen": Experiment(
        "PO₂ in the middle of a slice of 300 µm",
        "rat medulla, 95 % O₂",
        "291 ± 20 mmHg",
        271.0,
        311.0,
        "mmHg",
        "Mulkey et al. 2001, J Appl Physiol 90, 1887",
    ),
    "slice: speed": Experiment(
        "speed of SD in a perfused slice, a computation",
        "slice of 400 um, 36,000 neurons with ions of their own",
        "2-4 mm/min",
        2.0,
        4.0,
        "mm/min",
        KELLEY,
    ),
    "slice: hypoxic": Experiment(
        "speed in a hypoxic slice over that in a perfused one, a computation",
        "alpha 0.13, lambda 1.8, a tenth of the oxygen",
        "1.0-1.5",
        1.0,
        1.5,
        "1",
        KELLEY,
    ),
    "slice: propionate": Experiment(
        "speed in propionate over that in a perfused slice, a computation",
        "alpha 0.12",
        "1.0-1.5",
        1.0,
        1.5,
        "1",
        KELLEY,
    ),
    "slice: thin": Experiment(
        "K+ away from the bolus in a slice of 100 um, a computation",
        "the wave does not start",
        "no wave: below 15 mM",
        0.0,
        15.0,
        "mM",
        KELLEY,
    ),
    "SD: speed in cats": Experiment(
        "speed of SD",
        "cat cortex",
        "3.9 mm/min (2-6 a choice)",
        2,
        6,
        "mm/min",
        "Acta Neurobiol Exp 1975",
    ),
    "SD: half time": Experiment(
        "time in which half of [K⁺]o recovers after electroshock",
        "rat cortex, 40 mM before",
        "50 s (40-60 a choice)",
        40,
        60,
        "s",
        ANOXIA,
    ),
    "SD: FHM2 duration": Experiment(
        "duration of SD, half the pump of glia over all of it",
        "mouse, Atp1a2 of familial hemiplegic migraine",
        "40.1 over 41.1 s (0.9-1.1 a choice)",
        0.9,
        1.1,
        "1",
        LEO,
    ),
    "NMDA: width": Experiment(
        "width of SD at half its amplitude",
        "rat neocortical slices",
        "34.9 ± 12.4 s",
        22.5,
        47.3,
        "s",
        KETAMINE,
    ),
    "NMDA: width without": Experiment(
        "the same under an NMDA antagonist",
        "rat neocortical slices, 100 µM ketamine",
        "22.2 ± 12 s",
        10.2,
        34.2,
        "s",
        KETAMINE,
    ),
    "NMDA: change of width": Experiment(
        "change of that width by the antagonist",
        "rat neocortical slices, 100 µM ketamine",
        "-36 % (-55 to -15 a choice)",
        -55,
        -15,
        "%",
        KETAMINE,
    ),
    "NMDA: speed": Experiment(
        "speed of SD without NMDA receptors over that with them",
        "rat cortex, NMDA antagonists",
        "slower (by 2 % at least, a choice)",
        0.3,
        0.98,
        "1",
        MARRANNES,
    ),
    "NMDA: threshold": Experiment(
        "KCl that ignites without NMDA receptors over that with them",
        "rat cortex, NMDA antagonists",
        "higher (the sign alone)",
        1.0,
        3.0,
        "1",
        MARRANNES,
    ),
    "NMDA: anoxia": Experiment(
        "time until cells depolarize in anoxia, without NMDA receptors over that with them",
        "rat, ketamine 50 and 100 mg/kg",
        "unchanged (± 10 % a choice)",
        0.9,
        1.1,
        "1",
        "Systemic ketamine and anoxic depolarization, Brain Res 1987, 437, 360 (abstract)",
    ),
    "Mg-free: K+": Experiment(
        "highest [K⁺]o in SD without Mg²⁺",
        "human neocortical slices",
        "about 100 mM (70-110 a choice)",
        70,
        110,
        "mM",
        AVOLI,
    ),
    "Mg-free: by itself": Experiment(
        "highest [K⁺]o without Mg²⁺ and without a stimulus, 5 min",
        "human neocortical slices",
        "SD begins by itself, about 100 mM (70-110 a choice)",
        70,
        110,
        "mM",
        AVOLI,
    ),
    "glutamate: ambient": Experiment(
        "extracellular glutamate at rest",
        "rat neocortex, microdialysis",
        "0.19 µM (± 0.03)",
        0.16,
        0.22,
        "µM",
        "J Korean Neurosurg Soc 1996, 25, 242 (abstract)",
    ),
    "flow: K+": Experiment(
        "blood flow below which K⁺ is released",
        "baboon cortex, middle cerebral artery closed",
        "6 (2-18) ml/100 g/min",
        2,
        18,
        "ml/100 g/min",
        "Astrup et al. 1977, Stroke 8, 51",
    ),
    "flow: core": Experiment(
        "[K⁺]o where flow is an eighth of that before",
        "rat cortex, core with less than a quarter",
        "above 50 mM (to 100 a choice)",
        50,
        100,
        "mM",
        "K⁺ and flow after permanent MCAO, rat (abstract)",
    ),
    "flow: 24": Experiment(
        "share of places with [K⁺]o above 11.5 mM, flow 23.8 ± 9.3 ml/100 g/min",
        "surface of cat cortex, middle cerebral artery closed",
        "2 of 24 (95 %: 1-27 %)",
        1,
        27,
        "%",
        STRONG,
    ),
    "flow: 13": Experiment(
        "share of places with [K⁺]o above 11.5 mM, flow 13.0 ± 4.7 ml/100 g/min",
        "surface of cat cortex, middle cerebral artery closed",
        "5 of 7 (95 %: 29-96 %)",
        29,
        96,
        "%",
        STRONG,
    ),
    "flow: glutamate": Experiment(
        "blood flow below which extracellular glutamate rises",
        "cat cortex, global ischemia",
        "20 ml/100 g/min (15-25 a choice)",
        15,
        25,
        "ml/100 g/min",
        "Ischemic flow threshold for extracellular glutamate increase (abstract)",
    ),
    "hypoxia: K+": Experiment(
        "highest [K⁺]o in SD in partial ischemia over that before",
        "rat cortex",
        "unchanged (± 15 % a choice)",
        0.85,
        1.15,
        "1",
        "Sonn & Mayevsky 2012, Open Neurol J 6, 6",
    ),
    "hypoxia: duration": Experiment(
        "duration of SD in partial ischemia over that before",
        "rat cortex",
        "longer (the sign alone)",
        1.0,
        5.0,
        "1",
        "Sonn & Mayevsky 2012, Open Neurol J 6, 6",
    ),
    "metabolism: PO2": Experiment(
        "PO₂ in blood less that in tissue",
        "mouse cortex, from vessels and use",
        "about 10 mmHg (5-15 a choice)",
        5,
        15,
        "mmHg",
        "Oxygen mass transfer coefficient, JCBFM 2019, 10.1177/0271678X19870068 (abstract)",
    ),
    "slice: half": Experiment(
        "depth at which PO₂ falls to half",
        "guinea pig hippocampal slice of 300 µm, air",
        "about 25 µm (15-40 a choice)",
        15,
        40,
        "µm",
        "Bingmann & Kolde 1982, Exp Brain Res 48, 89",
    ),
    "buffering: share": Experiment(
        "share of K⁺ in a current through the surface",
        "rat neocortex",
        "0.06; 0.012 outside cells alone (0.03-0.12 a choice)",
        0.03,
        0.12,
        "1",
        "Gardner-Medwin 1983, J Physiol 335, 353 (abstract)",
    ),
    "buffering: surface potential": Experiment(
        "potential of the surface, [K⁺]o there from 3 to 12 mM",
        "rat neocortex",
        "-2 mV, half of it in 20 s (-4 to -1 a choice)",
        -4,
        -1,
        "mV",
        "Gardner-Medwin 1983, J Physiol 335, 353 (abstract)",
    ),
    "coupling: small rise": Experiment(
        "share by which the glial syncytium lowers a local rise of [K⁺]o to 5 mM",
        "rat hippocampal slices, gap junctions blocked",
        "largely unaffected (within 5 % a choice)",
        -5,
        5,
        "%",
        BREITHAUSEN,
    ),
    "coupling: large rise": Experiment(
        "the same of a rise to 20 mM",
        "rat hippocampal slices, gap junctions blocked",
        "larger without junctions from about 10 mM on (by more than 5 % a choice)",
        5,
        100,
        "%",
        BREITHAUSEN,
    ),
}


CANNOT = (  # what, where, the experiment, why these models cannot tell
    (
        "change of the volume fraction, bath K⁺ 3.5 to 8.5 mM",
        "rat hippocampal slice, CA1",
        "-30 % (McBain et al. 1990, Science 249, 674)",
        "`kager_mori`, which swells, ignites at 8.5 mM; the models that bear it do not swell",
    ),
)


def is_inside(name: str, value: float) -> bool:
    """Whether a number, in the unit of the experiment, lies inside its spread."""
    return EXPERIMENTS[name].low <= value <= EXPERIMENTS[name].high


def measured(name: str, ours: float, inside: bool, why: str) -> None:
    """Assert on which side of the measured spread ours lies; with ECS_MEASURED=file, note it there.

    Args:
        name: of EXPERIMENTS.
        ours: what this program finds, in the unit of the experiment.
        inside: the verdict, as it is known.
        why: one sentence: how it was computed; what keeps it outside.
    """
    experiment, found = EXPERIMENTS[name], is_inside(name, ours)
    if os.environ.get("ECS_MEASURED"):
        note = {"name": name, "ours": float(ours), "inside": bool(found), "why": why}
        with open(os.environ["ECS_MEASURED"], "a") as file:
            file.write(json.dumps(note) + "\n")
    assert found == inside, (name, ours, experiment.low, experiment.high)
