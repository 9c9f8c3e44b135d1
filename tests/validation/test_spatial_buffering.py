"""K+ that currents carry through the surface of cortex and through glia; their potentials."""

import numpy as np
import pytest

from docs.papers import breithausen_2020
from ecs_model.units import FARADAY
from tests.helpers import run_here, series
from tests.validation.experiments import measured

COLUMN = """\
[mesh]
generator = "interval"
length = "3 mm"
cell = "25 um"
[tissue]
ions = ["K", "Na", "Cl"]
transport = "electrodiffusion"
{glia}
[membrane]
model = "kager_mori"
{membrane}
[time]
end = "{end} s"
step = "10 ms"
tolerance = "0.01 mM"
[output]
every = "{end} s"
series = "5 s"
fields = ["K_o", "Phi_e"]
[[probe]]
name = "deep"
at = ["2.9 mm"]
[[boundary]]
on = "left"
bath = "{bath} mM"
{further}
"""
JOINED = "syncytium = { tortuosity = 3.2 }"
DENSITY = 0.5  # A/m^2
CURRENT = f"""\
[[boundary]]
on = "right"
current = "{DENSITY} A/m^2"
"""
RAISED = 'before = "4 mM"\nprofile = { kind = "step", start = "5 s" }'
SILENT = "parameters = { P_NaP = 0.0 }"


def column(folder, **how):
    """Columns of series.csv of a run."""
    usual = {"glia": JOINED, "membrane": "", "end": 200, "bath": 4.0, "further": ""}
    return series(run_here(COLUMN.format(**usual | how), folder))


def carried(table):
    """Share of the current that K+ carries through the surface, between rows."""
    amount, t = table["boundary left"], table["t"]
    return -np.diff(amount) / np.diff(t) * FARADAY / DENSITY


@pytest.mark.slow
def test_share_of_potassium_in_a_current(tmp_path):
    """Without a network of glia it is the transport number of what is outside."""
    alone = carried(column(tmp_path / "alone", glia="", further=CURRENT, end=60))[-1]
    joined = carried(column(tmp_path / "joined", further=CURRENT))
    why = (
        f"glia joined with a tortuosity of 3.2, after 100 to 200 s; {alone:.4f} where they are "
        "not joined, the transport number of K⁺ outside at 4 mM"
    )
    assert alone == pytest.approx(0.0185, rel=0.01)
    measured("buffering: share", joined[20:].mean(), True, why)


@pytest.mark.slow
def test_potential_of_a_surface_with_much_potassium(tmp_path):
    raised = {"bath": 12, "further": RAISED, "end": 60}
    silent = column(tmp_path / "silent", membrane=SILENT, **raised)
    alone = column(tmp_path / "alone", membrane=SILENT, glia="", **raised)
    found, without = (-table["Phi_e@deep"][-1] for table in (silent, alone))
    why = (
        "K⁺ of a bath from 4 to 12 mM, 55 s later, with a glial syncytium; without persistent Na⁺ "
        "current, as 12 mM would ignite a depolarization here; "
        f"{without:.2f} mV without the network"
    )
    measured("buffering: surface potential", found, True, why)


@pytest.mark.slow
def test_a_local_rise_is_lowered_by_joined_glia(tmp_path):
    """The smaller and the briefer it is, the less; there is no threshold in its height."""
    cases = breithausen_2020.CASES
    usual = breithausen_2020.curve(cases["50"], tmp_path)
    low, high = (breithausen_2020.at(usual, level)[0] for level in (5.0, 20.0))
    narrow, brief = (
        breithausen_2020.at(breithausen_2020.curve(cases[name], tmp_path, (5.0, 7.0)), 5.0)[0]
        for name in ("25", "short")
    )
    assert brief < narrow < low < high
    why = (
        "a ball of 50 µm that is loaded for 10 s, as without gap junctions it would reach 5 mM; "
        f"{100 * narrow:.0f} % in a ball of 25 µm, {100 * brief:.0f} % within 1 s, see "
        "[Published figures](papers.md)"
    )
    measured("coupling: small rise", 100 * low, False, why)
    why = "the same at 20 mM; the share grows smoothly, without a threshold"
    measured("coupling: large rise", 100 * high, True, why)
