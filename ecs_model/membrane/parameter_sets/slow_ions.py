"""Seizures of tens of seconds: the published neurons with ions that change four times more slowly.

The published numbers give bursts of five to seven seconds. Concentrations are slow beside spikes, so
that membrane per volume, uptake by glia and exchange with the bath (and with it oxygen) divided by
one number stretch bursts and pauses by it and keep thresholds and ceilings of K+. The numbers are
found here, not published: 4 makes of them the 10 to 90 s of seizures. A quarter of the membrane is
that of cells four times larger; an exchange of 1/3 per second is that of a bath at some 25 um.

References:
    Barreto & Cressman (2011), J Biol Phys 37, 361; Wei, Ullah & Schiff (2014), J Neurosci 34, 11733:
    the numbers that are divided.
"""

from ecs_model.membrane.parameter_set import ParameterSet, Value

SOURCE = "a quarter of the published number"
