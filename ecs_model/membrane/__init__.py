"""Membrane models by the name a configuration uses. A new model is one file and one line here."""

from ecs_model.membrane import nagumo, none, pump_leak, threshold_release

MODELS = {
    m.name: m
    for m in (
        pump_leak.model,
        pump_leak.charge_model,
        nagumo.model,
        threshold_release.model,
        none.model,
    )
}
