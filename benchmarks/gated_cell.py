"""The gated cell that all programs compute as a spreading depolarization passes.

The reduced ion-based neuron of Huebel, Schoell & Dahlem (2014), PLoS Comput Biol 10, e1003551, with
K+ that diffuses: fast and leaking Na+, delayed-rectifier and leaking K+, a Cl- leak, a pump, all
ions with their contents. It fires as the wave comes. One text for all programs: `log` and `exp` are
theirs.
"""

import math

STATES = ("K_o", "K_i", "Cl_i", "v", "n")  # mM, mM, mM, mV, 1
TOTALS = (4.0, 125.30555, 123.2716, 129.25764, 25.231485, 9.900239)  # K, Na, Cl: out, in [mM]
REST = (4.0, 129.25764, 9.900239, -67.0, 0.069)  # of the states, near enough to settle at once
ALPHA, PHI, AREA = 0.25, 0.75, 0.75 * 4.26849e5  # 1, 1, 1/m
RT_F, FARADAY = 26.64, 96485.332  # mV, C/mol
DIFFUSIVITY, TORTUOSITY = 1.96e-9, 1.6  # m^2/s, 1
LENGTH, BOLUS, HIGH = 1200.0, 200.0, 60.0  # um, um, mM: the tissue, and K+ at its beginning
FROM, TO, LEVEL = 500.0, 1000.0, 20.0  # um, um, mM: where the speed is measured, and at which K+
END = 45.0  # s

BRING = 0.01 * AREA / FARADAY  # mM/s per tissue volume, of a current of 1 uA/cm^2
G_CL = 0.02  # mS/cm^2


def currents(k_o, k_i, cl_i, v, n, log, exp):
    """Conductances [mS/cm^2] and reversal potentials [mV] of Na+, K+, Cl-; the pump [uA/cm^2]."""
    Na_o, Cl_o, K_i, Na_i, Cl_i = TOTALS[1:]
    na_i = Na_i + K_i - k_i - Cl_i + cl_i
    na_o = Na_o + (PHI / ALPHA) * (Na_i - na_i)
    cl_o = Cl_o + (PHI / ALPHA) * (Cl_i - cl_i)
    a = 0.1 * (v + 30.0) / (1.0 - exp(-0.1 * (v + 30.0)))
    m = a / (a + 4.0 * exp(-(v + 55.0) / 18.0))
    h = 1.0 - 1.0 / (1.0 + exp(-6.5 * (n - 0.35)))
    of_na = 0.0175 + 100.0 * m * m * m * h
    of_k = 0.05 + 40.0 * n * n * n * n
    pump = 6.8 / ((1.0 + exp((25.0 - na_i) / 3.0)) * (1.0 + exp(5.5 - k_o)))
    e_na, e_k, e_cl = RT_F * log(na_o / na_i), RT_F * log(k_o / k_i), -RT_F * log(cl_o / cl_i)
    return of_na, e_na, of_k, e_k, G_CL, e_cl, pump


def gate(v, exp):
    """Rates [per ms] at which the delayed rectifier opens and closes."""
    opens = 0.01 * (v + 34.0) / (1.0 - exp(-0.1 * (v + 34.0)))
    return opens, 0.125 * exp(-(v + 44.0) / 80.0)


def rates(k_o, k_i, cl_i, v, n, log, exp):
    """Rates of the five states [per s]."""
    g_na, e_na, g_k, e_k, g_cl, e_cl, pump = currents(k_o, k_i, cl_i, v, n, log, exp)
    of_na, of_k, of_cl = g_na * (v - e_na), g_k * (v - e_k), g_cl * (v - e_cl)
    opens, closes = gate(v, exp)
    out = of_k - 2.0 * pump
    return (
        (BRING / ALPHA) * out,
        (-BRING / PHI) * out,
        (BRING / PHI) * of_cl,
        -1e3 * (of_na + of_k + of_cl + pump),
        3e3 * (opens * (1.0 - n) - closes * n),
    )


def potassium(x):
    """K+ [mM] at the start, at the distance `x` [um] from the end with the bolus."""
    return HIGH if x < BOLUS else REST[0]


class Front:
    """Sees K+ pass a level along nodes, of which it knows the places [um]."""

    def __init__(self, places, k_o):
        self.places, self.time, self.last = places, 0.0, [*k_o]
        self.arrivals = [0.0 if k >= LEVEL else math.nan for k in k_o]

    def see(self, time, k_o):
        """Note which nodes K+ [mM] has reached at a time [s], by linear interpolation."""
        for i, (k, last) in enumerate(zip(k_o, self.last, strict=True)):
            if k >= LEVEL and math.isnan(self.arrivals[i]):
                share = (LEVEL - last) / (k - last)
                self.arrivals[i] = self.time + share * (time - self.time)
        self.time, self.last = time, [*k_o]

    @property
    def under_way(self):
        """Whether there is more to see."""
        late = zip(self.places, self.arrivals, strict=True)
        finite = all(map(math.isfinite, self.last))
        return finite and self.time < END and any(math.isnan(t) for x, t in late if x <= TO)

    def speed(self):
        """Its speed [mm/min] where it is steady; nan where it did not come so far."""
        seen = zip(self.places, self.arrivals, strict=True)
        return speed([(x, t) for x, t in seen if FROM <= x <= TO])


def speed(seen):
    """Slope [mm/min] of places [um] over times [s]; nan where a time is missing."""
    x_mean, t_mean = (sum(column) / len(seen) for column in zip(*seen, strict=True))
    spread = sum((t - t_mean) ** 2 for _, t in seen)
    return 0.06 * sum((t - t_mean) * (x - x_mean) for x, t in seen) / spread


def result(front, nodes, volume, taken):
    """What a benchmark prints: of a front, in a volume [mm^3], steps that took CPU seconds."""
    seconds = sum(taken)
    return {
        "speed": front.speed(),
        "pace": len(taken) / front.time,
        "ns": 1e9 * seconds / len(taken) / nodes,
        "work": seconds / volume / front.time,
    }
