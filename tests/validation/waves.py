"""The wave that the rows of spreading depolarization are read from, and how they are read."""

import numpy as np

from tests.helpers import run_here, series, summary

WAVE = """\
[mesh]
generator = "interval"
length = "3 mm"
cell = "15 um"
[tissue]
alpha = 0.2
tortuosity = 1.6
tortuosity_exponent = 0.2
ions = ["K", "Na", "Cl"]
transport = "electrodiffusion"
[[tissue.regions]]
name = "bolus"
box = { low = ["-1 um"], high = ["0.2 mm"] }
initial = { K_o = "60 mM", Cl_o = "169 mM" }
[membrane]
model = "kager_mori"
options = { swelling = true }
[time]
end = "80 s"
step = "5 ms"
[output]
every = "80 s"
series = "0.25 s"
fields = ["K_o", "V", "alpha"]
[[probe]]
name = "tip"
at = ["2 mm"]
[[line]]
name = "along"
start = ["0 mm"]
end = ["3 mm"]
points = 201
[detect]
front = "20 mM"
"""


WITH_GLUTAMATE = (
    "membrane.options.glutamate=true",
    'tissue.ions=["K", "Na", "Cl", "glutamate"]',
    "time.end=110 s",
    "output.every=110 s",
)
STRONG = (*WITH_GLUTAMATE, "membrane.parameter_set=StrongNMDA")
CALIBRATED = (*WITH_GLUTAMATE, "membrane.parameter_set=MeasuredSD")


class Wave:
    """A wave as a pipette 2 mm from its start sees it.

    Attributes:
        speed: of the front [mm/min].
        highest: K+ [mM].
        rise: mean rate from 10 to 90 % of the rise [mM/s].
        recovery: time from the highest K+ to half of its excess [s].
        alpha: smallest volume fraction.
        width: time for which V is above half of its rise [s].
    """

    def __init__(self, folder, *changes):
        run = run_here(WAVE, folder, *changes)
        columns = series(run)
        t, K = columns["t"], columns["K_o@tip"]
        self.speed = summary(run)["fronts"]["along"]["speed_mm_per_min"]
        self.alpha = columns["alpha@tip"].min()
        self.highest, top = K.max(), int(K.argmax())
        V = columns["V@tip"]
        self.width = (t[1] - t[0]) * np.sum(V > (V[0] + V.max()) / 2)
        level = lambda share: K[0] + share * (K[top] - K[0])  # noqa: E731
        first, last = (int(np.argmax(level(share) < K)) for share in (0.1, 0.9))
        begin, end = (
            np.interp(level(s), K[k - 1 : k + 1], t[k - 1 : k + 1])
            for s, k in ((0.1, first), (0.9, last))
        )
        self.rise = (level(0.9) - level(0.1)) / (end - begin)
        self.recovery = t[top + int(np.argmax(K[top:] < level(0.5)))] - t[top]
