"""What another volume fraction outside means for cells: other tissue, or the same cells swollen."""

import numpy as np

from ecs_model.errors import ConfigError
from ecs_model.membrane.model import compartments


def scaled_parameters(model, parameters, alpha):
    """Parameters of "different tissue": what cells fill and their membranes, in proportion.

    With the volume fraction `alpha` outside, cells fill 1 - alpha instead of 1 - model.alpha: the
    volume fractions and areas in `model.scaled` change by that factor, their ratios do not.

    Args:
        model: the membrane model.
        parameters: record that belongs to `model.alpha`.
        alpha: extracellular volume fraction, number or array.
    """
    share = (1 - alpha) / (1 - model.alpha)
    return parameters._replace(**{name: share * getattr(parameters, name) for name in model.scaled})


def swollen(model, parameters, state, alpha):
    """Parameters and state of the same cells after water moved until `alpha` was left outside.

    Contents and membrane area are what they were, concentrations are not: those outside change by
    model.alpha / alpha, those in cells with the cells' volume. All cells take up the same share.

    Raises:
        ConfigError: for models that do not follow every ion, whose contents cannot be kept.
    """
    if not (model.electroneutral and "Na_o" in state._fields):
        raise ConfigError(
            f"packing: {model.name} does not follow every ion, so that its cells cannot swell "
            "at constant content; choose scaled or fixed"
        )
    names = [n for n in ("phi", "phi_g") if n in parameters._fields]
    cells = 1 + (model.alpha - alpha) / sum(getattr(parameters, n) for n in names)
    factors = {"_o": model.alpha / alpha, "_i": 1 / cells, "_g": 1 / cells}
    at = compartments(state)
    changed = {n: v * factors[at[n]] for n, v in state._asdict().items() if at.get(n) in factors}
    volumes = {n: cells * getattr(parameters, n) for n in names}
    contents = {
        n: getattr(parameters, n) * factors.get(n[-2:], 1 / cells) for n in model.impermeant
    }
    return parameters._replace(**volumes, **contents), state._replace(**changed)


def arranged(model, packing, parameters, state, alpha):
    """Parameters and state where the volume fraction outside is `alpha`, by the name of a rule.

    Args:
        model: the membrane model.
        packing: "scaled" (different tissue), "swollen" (the same cells) or "fixed".
        parameters: record that belongs to `model.alpha`.
        state: likewise.
        alpha: extracellular volume fraction, number or array.

    Raises:
        ConfigError: if cells and the space outside together fill more than there is.
    """
    if packing == "swollen":
        parameters, state = swollen(model, parameters, state, alpha)
    if packing == "scaled":
        parameters = scaled_parameters(model, parameters, alpha)
    _refuse_overfull(model, parameters, alpha)
    return parameters, _with_volumes(model, parameters, state, alpha)


def _refuse_overfull(model, parameters, alpha):
    """Raise ConfigError where volume fractions add up to more than 1."""
    parts = {"alpha": alpha}
    parts |= {n: getattr(parameters, n) for n in ("phi", "phi_g") if n in model.scaled}
    values = np.array(np.broadcast_arrays(*map(np.atleast_1d, parts.values())), float)
    whole = values.sum(axis=0)
    if whole.size and whole.max() > 1 + 1e-6:
        fullest = values[:, whole.argmax()]
        terms = ", ".join(f"{n} {v:.4g}" for n, v in zip(parts, fullest, strict=True))
        raise ConfigError(
            f"packing: {' + '.join(parts)} = {whole.max():.4g} ({terms}), more than the whole "
            "tissue; lower one of them, or choose scaled"
        )


def repacked(model, packing, parameters, name, alpha, value):
    """A value of one parameter as a rule of packing makes it where the fraction outside is `alpha`.

    Args:
        model: the membrane model.
        packing: as in `arranged`.
        parameters: record that belongs to `model.alpha`.
        name: of the parameter.
        alpha: extracellular volume fraction, number or array.
        value: of the parameter at `model.alpha`.
    """
    given = parameters._replace(**{name: value})
    made, _ = arranged(model, packing, given, model.State(), alpha)
    return getattr(made, name)


def _with_volumes(model, parameters, state, alpha):
    """The state with the volume fractions of tissue that has not swollen yet."""
    if model.volumes is None:
        return state
    fractions = {"alpha": alpha, "phi_glia": getattr(parameters, "phi_g", None)}
    here = {name: 0 * state[0] + v for name, v in fractions.items() if name in state._fields}
    return state._replace(**here)
