"""What the page of published figures says of every paper: what it showed, and what agrees."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from docs.papers import readings

Rows = list[tuple[str, str, str]]


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


PAPERS = {
    "barreto_2011": Paper(
        "A neuron that bursts as its ions move",
        "A neuron whose ions move bursts periodically: spikes are turned on and off by slow "
        "oscillations of K⁺ and Na⁺ (abstract; Cressman et al. 2009 for the model).",
        readings.barreto,
        "The mechanism agrees: bursts begin as K⁺ creeps up and end as the pump, driven by the Na⁺ "
        "that entered, takes K⁺ away. Times of the paper's figures could not be read; the Hopf "
        "point at which rest is lost is held against SciPy in the verification.",
    ),
    "wei_2014": Paper(
        "Rest, seizures and spreading depolarization of one neuron",
        "One neuron, with ions, oxygen and volume, is at rest, has seizures or spreading "
        "depolarizations as K⁺ and oxygen in its bath change (abstract).",
        readings.wei,
        "The same order along K⁺. The figure shows the range of K⁺ after the first 200 s.",
    ),
    "hubel_2014a": Paper(
        "Two stable states without any bath",
        "Figure 2: fixed points of a closed neuron over its pump rate make a z; two saddle-nodes, "
        "three subcritical Hopf points, bistable between the lower saddle-node and a Hopf point "
        "(legend).",
        readings.bifurcations,
        "The z, its two folds and the bistable range agree. Here Hopf points are listed wherever a "
        "pair of eigenvalues crosses, also on parts that stay unstable; the legend lists one "
        "fewer. Its numbers could not be read.",
    ),
    "hubel_2014b": Paper(
        "The pump stops, and glia bring the neuron back",
        "Figure 5: a neuron depolarizes when its pump is interrupted, and recovers as glia buffer "
        "K⁺ (their program, ModelDB 167714, which computes it with 9.5 s).",
        readings.pump_failure,
        "Rest is that of their program; course and recovery follow from the same equations, which "
        "are solved by other code in the verification.",
    ),
    "chizhov_2020": Paper(
        "Seizures of a population recur",
        "Figure 3A: discharges recur in the middle of a focus, with K⁺ diffusing from it (legend).",
        readings.discharges,
        "Discharges recur, and end as Na⁺ drives the pump. This is the focus alone, as one node: "
        "in the paper it loses K⁺ to the tissue around it, and the interval will differ.",
    ),
    "gardner_medwin_1983": Paper(
        "K⁺ on the surface makes a potential",
        "The surface of rat cortex became negative by 2 mV on average when K⁺ there rose from 3 to "
        "12 mM, half of it within 20 s (abstract): currents through glia carry K⁺.",
        readings.buffering,
        "Sign and size agree. It begins faster here, as the bath touches the tissue at once, and "
        "keeps growing for minutes. Without the persistent Na⁺ current, as neurons of this model "
        "would ignite in 12 mM.",
    ),
    "breithausen_2020": Paper(
        "Does the glial syncytium take K⁺ away?",
        "In slices of rat hippocampus, blocking gap junctions left K⁺ transients of synaptic and "
        "axonal activity largely as they were, and raised those of local iontophoresis once they "
        "were larger than about 10 mM (abstract).",
        readings.coupling,
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
        readings.csd,
        "The speed agrees with what their code gives, and its continuum limit with another scheme, "
        "see [Verification](verification.md). V is quasi-steady here.",
    ),
    "kelley_2022": Paper(
        "Spreading depolarization in a slice",
        "In a perfused slice with 36,000 neurons a wave travels at 2-4 mm/min, and neurons in the "
        "core, where oxygen is short, carry it (abstract).",
        readings.slice_wave,
        "The wave, its speed and its hypoxic core agree where neurons fill 0.24 of the slice, as "
        "theirs do; it stops in a slice of 0.1 mm, as theirs does. Neurons that fill 0.5, the "
        "usual of kager_mori, are too fast and do not stop, see [Against "
        "experiments](validation.md).",
    ),
    "fisher_1976": Paper(
        "12 mM of K⁺ on cortex for eight hours",
        "K⁺ to a depth of 3 mm over 8 h followed diffusion with 1.03 mm²/h behind a barrier of "
        "0.8/mm, with little uptake (abstract).",
        readings.superfusion,
        "Inside of the spread. What makes K⁺ slower than D/λ² is what cells take up, not a fitted "
        "diffusivity.",
    ),
    "kume_kick_2002": Paper(
        "Cells that shrink and swell, seen by TMA⁺",
        "Alpha and lambda of rat cortex at three osmolalities, by the method of Nicholson & "
        "Phillips (1981) (abstract).",
        readings.osmolality,
        "A tissue with the measured alpha and lambda gives curves from which the method reads "
        "them back, as far as the mesh is fine enough.",
    ),
    "tao_nicholson_2004": Paper(
        "Lambda between convex cells",
        "Lambda = sqrt((3 - alpha)/2) for cells that fill space, by random walks. (The law as "
        "later papers cite it; this one could not be read.)",
        readings.lattices,
        "Near the law, and mostly above it: between cubes it is not exact, see "
        "[Homogenised or resolved](homogenised.md).",
    ),
}
SCRIPTS = {
    "breithausen_2020",
    "kume_kick_2002",
    "tao_nicholson_2004",
}  # that one configuration cannot tell
