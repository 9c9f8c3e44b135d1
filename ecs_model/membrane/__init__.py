"""Membrane models by the name a configuration uses. A new model is one file and one line here."""

from ecs_model.membrane.models import (
    barreto_cressman,
    huebel_dahlem,
    kager_mori,
    nagumo,
    none,
    pump_leak,
    threshold_release,
    wei_ullah_schiff,
)

MODELS = {
    m.name: m
    for m in (
        pump_leak.model,
        kager_mori.model,
        huebel_dahlem.model,
        barreto_cressman.model,
        wei_ullah_schiff.model,
        nagumo.model,
        threshold_release.model,
        none.model,
    )
}
