"""Seizures of tens of seconds: the published neurons with ions that change four times more slowly.

The published numbers give bursts of five to seven seconds. Concentrations are slow beside spikes,
so that membrane per volume, uptake by glia and exchange with the bath (and with it that of oxygen),
all divided by one number, stretch bursts and pauses by that number and keep rest, thresholds and
ceilings of K+. The divisor 4 is chosen here, for seizures of some 25 s; it is not published. A
quarter of the membrane is that of cells four times as large; the exchange is that of K+ that
diffuses over 0.05 mm (Barreto & Cressman; 0.02 mm as published) and 0.11 mm (Wei; 0.06 mm).

References:
    Barreto & Cressman (2011), J Biol Phys 37, 361: the numbers that are divided.
    Wei, Ullah & Schiff (2014), J Neurosci 34, 11733: likewise.
"""

from ecs_model.membrane.parameter_set import ParameterSet, Value

SOURCE = "a quarter of the published number"

BARRETO = ParameterSet(
    name="SlowIons",
    model="barreto_cressman",
    reference="Barreto & Cressman 2011, slowed four times here",
    parameters={
        "S": Value(93910.92073994069, "1/m", SOURCE),
        "G_glia": Value(50 / 3, "mM/s", SOURCE),
        "eps": Value(1 / 3, "1/s", SOURCE),
    },
)
WEI = ParameterSet(
    name="SlowIons",
    model="wei_ullah_schiff",
    reference="Wei, Ullah & Schiff 2014, slowed four times here",
    parameters={
        "S": Value(93750.0, "1/m", SOURCE),
        "G_glia": Value(1.25, "mM/s", SOURCE),
        "eps": Value(0.0625, "1/s", SOURCE),
        "k_O": Value(0.0425, "1/s", SOURCE),
    },
)
