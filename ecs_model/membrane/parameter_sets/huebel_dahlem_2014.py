"""The neuron whose Na+ inactivation is a state of its own.

References:
    Huebel & Dahlem (2014), PLoS Comput Biol 10, e1003941; numbers as in ModelDB 187213.
"""

from ecs_model.membrane.parameter_set import ParameterSet, Value

CODE = "ModelDB 187213"
SET = ParameterSet(
    name="HuebelDahlem2014",
    model="huebel_dahlem",
    reference="Huebel & Dahlem 2014",
    options={"gates": "h"},
    parameters={"g_Cl": Value(0.05, "mS/cm^2", CODE)},
)
