"""A measured point-source curve, what was fitted to it, and what is left."""

from functools import partial

import numpy as np

from ecs_model.point_source import concentration
from ecs_model.postprocess import style, theme


def pictures(times, values, experiment, found, path, formats=("png",)):
    """Draw a curve, its fit and the residuals beside a file, in all `formats`; their paths.

    Args:
        times: [s].
        values: measured [mM].
        experiment: the Experiment.
        found: the Fit of a tissue.
        path: of the file that tells the fit; pictures have its name up to the last dot.
        formats: such as png, pdf or svg.
    """
    draw = partial(_figure, times, values, experiment, found)
    return style.save_all({path.stem: draw}, path.parent, formats)


@style.styled
def _figure(times, values, experiment, found):
    figure = style.figure(3.4)
    curve, left = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    fine = np.linspace(times[0], times[-1], 600)
    baseline = float(np.mean(values - concentration(times, experiment, **found.values)))
    baseline *= bool((times <= experiment.start).any())
    curve.plot(times, values, ".", ms=3, color=theme.now().dim, label="measured")
    curve.plot(
        fine, baseline + concentration(fine, experiment, **found.values), label=_words(found)
    )
    curve.set(ylabel="Concentration [mM]")
    curve.legend()
    left.axhline(0, lw=0.8, color=theme.now().grey)
    left.plot(times, found.residuals, ".", ms=3, color=theme.now().dim)
    left.set(xlabel="Time [s]", ylabel="Residual [mM]")
    return figure


def _words(found):
    marks = {"alpha": "$\\alpha$", "tortuosity": "$\\lambda$", "uptake": "$k'$"}
    return ", ".join(f"{marks[n]} = {v:.3g}" for n, v in found.values.items())
