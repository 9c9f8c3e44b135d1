"""Neurons alone, as in the benchmark of cortical spreading depression.

References:
    Mori (2015), Physica D 308, 94.
    Ellingsrud, Boulle, Farrell & Rognes (2021): numbers from their code.
"""

from ecs_model.membrane.parameter_set import ParameterSet, Value

CODE = "Ellingsrud et al. 2021, code"
SET = ParameterSet(
    name="Mori2015",
    model="kager_mori",
    reference="Mori 2015; Ellingsrud et al. 2021",
    options={"glia": False},
    parameters={
        "S": Value(6.3849e5, "1/m", CODE),
        "phi": Value(0.8, "1", CODE),
        "P_f": Value(77.361, "mm/s", "5.4e-10 R T / V_w, as the code has it"),
        "A_o": Value(27.0, "mM", "electroneutral outside"),
        "A_i": Value(133.3, "mM", "electroneutral inside"),
    },
    initial={
        "K_o": Value(4.0, "mM", CODE),
        "Na_o": Value(137.0, "mM", CODE),
        "Cl_o": Value(114.0, "mM", CODE),
        "K_i": Value(132.0, "mM", CODE),
        "Na_i": Value(9.3, "mM", CODE),
        "Cl_i": Value(8.0, "mM", CODE),
    },
)
