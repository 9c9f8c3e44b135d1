"""A spreading depolarization as it was measured in cortex, all but the volume fraction.

Nine numbers were sought together, so that on a line of swelling tissue with electrodiffusion a wave
of KCl has what pipettes saw: 35 mM of K+ (25-60), a rise of 3.5 mM/s (1.5-8), half recovery in 33 s
(20-61), a speed of 2-5 mm/min, V above half of its rise for 34.9 +- 12.4 s; and rest that bears a
step of 2.5 mM of KCl. Most of it is a fifth of the membrane of neurons and half that of glia. The
volume fraction falls to 0.17 only, where 0.05-0.09 were measured: 35 mM in so little space mean
that of 19 Na+ that enter cells 18 bring Cl- along and one drives out K+; here 9 of 13 drive out K+.
Contents and gates are those at rest.

References:
    Yao et al. (2015), Glia 63, 1860: mouse cortex.
    NeuroReport (1999), slices of rat neocortex in ketamine: width at half amplitude.
"""

from ecs_model.membrane.parameter_set import ParameterSet, Value

FIT, REST = "calibrated here to SD in cortex", "at rest with it"
SET = ParameterSet(
    name="MeasuredSD",
    model="kager_mori",
    reference="Ellingsrud et al. 2022, calibrated here to SD in mouse and rat cortex",
    options={"glutamate": True, "pump": "hill"},
    parameters={
        "S": Value(116000.0, "1/m", FIT),
        "S_g": Value(320000.0, "1/m", FIT),
        "P_NMDA": Value(2.3e-07, "m/s", FIT),
        "g_Cl": Value(0.09, "mS/cm^2", FIT),
        "g_Cl_g": Value(0.4, "S/m^2", FIT),
        "I_pump": Value(0.295, "A/m^2", FIT),
        "I_pump_g": Value(0.0424, "A/m^2", FIT),
        "P_NaP": Value(2.16e-07, "m/s", FIT),
        "g_K": Value(0.084, "mS/cm^2", FIT),
        "A_i": Value(142.63983636154381, "mM", REST),
        "A_g": Value(135.1848262394152, "mM", REST),
    },
    initial={
        "K_i": Value(132.57006070332085, "mM", REST),
        "Na_i": Value(5.910021115907249, "mM", REST),
        "Cl_i": Value(7.880081819228076, "mM", REST),
        "m_NaP": Value(0.010900981276167548, "1", REST),
        "h_NaP": Value(0.9789707888226591, "1", REST),
        "m_KDR": Value(0.0009660809925147926, "1", REST),
        "m_KA": Value(0.10932976039978207, "1", REST),
        "h_KA": Value(0.1529528496161609, "1", REST),
        "K_g": Value(131.84038105435556, "mM", REST),
        "Na_g": Value(12.817205825936844, "mM", REST),
        "Cl_g": Value(9.1575868802924, "mM", REST),
        "V": Value(-71.17441703591484, "mV", REST),
    },
)
