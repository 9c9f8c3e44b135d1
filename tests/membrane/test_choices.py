"""Options that bring what a model lacks: found for every quantity, from few variants."""

from functools import cache
from itertools import product

import pytest

from ecs_model.membrane import MODELS, choices


def every_variant(model, variant):
    """What a model becomes with any set of its options."""
    for values in product(*model.options.values()):
        if made := variant(tuple(zip(model.options, values, strict=True))):
            yield made


@pytest.mark.parametrize("name", [name for name, model in MODELS.items() if model.options])
def test_every_quantity_that_options_bring_is_found(name, monkeypatch):
    """Among them those of options that need another one, as the flow of blood needs energy."""
    model, build = MODELS[name], choices._variant
    variant = cache(lambda pairs: build(model, dict(pairs)))
    tried = []
    monkeypatch.setattr(
        choices, "_variant", lambda _, c: tried.append(c) or variant(tuple(sorted(c.items())))
    )
    for kind in ("Parameters", "State"):
        every = [getattr(made, kind).quantities for made in every_variant(model, variant)]
        brought = set().union(*every) - set(getattr(model, kind).quantities)
        assert all(choices.with_quantity(model, kind, quantity) for quantity in brought)
    tried.clear()
    assert choices.with_quantity(model, "Parameters", "nothing of the kind") == ""
    built = [c for c in tried if variant(tuple(sorted(c.items())))]
    assert len(built) <= max(2, len(every) / 2)
