"""Neurons whose NMDA receptors carry as much of a depolarization as slices lose with ketamine.

The permeability published with the model of glutamate lengthens a spreading depolarization by a
sixth; three times as much makes it 30 s long and, without receptors, 18 s: 34.9 +- 12.4 s and 22.2
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
        "P_NMDA": Value(3e-7, "m/s", "width of SD with and without ketamine"),
        "A_i": Value(140.60486105622323, "mM", REST),
    },
    initial={
        "K_i": Value(130.1267671016112, "mM", REST),
        "Na_i": Value(9.370802370277199, "mM", REST),
        "Cl_i": Value(8.897569471888385, "mM", REST),
        "V": Value(-67.92873531024275, "mV", REST),
        "m_NaP": Value(0.017228542376498384, "1", REST),
        "h_NaP": Value(0.9530901040408062, "1", REST),
        "m_KDR": Value(0.0018254416653732711, "1", REST),
        "m_KA": Value(0.13866794571837546, "1", REST),
        "h_KA": Value(0.07875926307183055, "1", REST),
    },
)
