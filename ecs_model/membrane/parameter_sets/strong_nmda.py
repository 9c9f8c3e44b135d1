"""Neurons whose NMDA receptors carry as much of a depolarization as slices lose with ketamine.

In tissue that swells, the published permeability makes a spreading depolarization 25 s wide at half
its amplitude, 20 s without receptors; 2.4 times as much makes it 42 s wide. 34.9 +- 12.4 s and 22.2
+- 12 s were measured. Contents and gates are those at which neurons then rest.

References:
    NeuroReport (1999), slices of rat neocortex: width at half amplitude, with and without 100 uM
    ketamine.
    Ellingsrud et al. (2022): all other numbers, from their code.
"""

from ecs_model.membrane.parameter_set import ParameterSet, Value

REST = "at rest with it"
SET = ParameterSet(
    name="StrongNMDA",
    model="kager_mori",
    reference="Ellingsrud et al. 2022, P_NMDA by slices in ketamine",
    options={"glutamate": True},
    parameters={
        "P_NMDA": Value(2.4e-7, "m/s", "width of SD with and without ketamine"),
        "A_i": Value(140.6191540871551, "mM", REST),
    },
    initial={
        "K_i": Value(130.12498975598146, "mM", REST),
        "Na_i": Value(9.365433200441009, "mM", REST),
        "Cl_i": Value(8.89042295642243, "mM", REST),
        "V": Value(-67.95021075147096, "mV", REST),
        "m_NaP": Value(0.017176622283624966, "1", REST),
        "h_NaP": Value(0.9533345793673922, "1", REST),
        "m_KDR": Value(0.0018178269590587099, "1", REST),
        "m_KA": Value(0.13845511692137125, "1", REST),
        "h_KA": Value(0.07910684971499087, "1", REST),
    },
)
