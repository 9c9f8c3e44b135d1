"""Every kind of transport, stepped, loaded, and stepped again.

As a program, on the processes that run it: stepped.py KIND... prints, for each, how far [mM] steps
from loaded states are from those that were never disturbed, of the same transport and of a new one.
"""

import sys

from ecs_model.native import MPI

import numpy as np

from ecs_model.config import reader, resolve
from ecs_model.run import build
from tests.transport.principle import MODES, Trial

SYNCYTIUM = """\
[mesh]
generator = "interval"
length = "1 mm"
cell = "20 um"
[tissue]
ions = ["K", "Na", "Cl"]
transport = "{transport}"
syncytium = {{ tortuosity = 2.0, cable = {cable} }}
[[tissue.regions]]
name = "core"
box = {{ low = ["-1 um"], high = ["0.4 mm"] }}
initial = {{ K_o = "8 mM", Cl_o = "117 mM", K_g = "125 mM", Cl_g = "4 mM" }}
[membrane]
model = "kager_mori"
options = {{ swelling = {swelling} }}
[time]
end = "1 s"
step = "0.1 s"
adaptive = false
"""
OF_GLIA = {
    "glial syncytium": ("diffusion", "false", "false"),
    "glial bidomain": ("electrodiffusion", "true", "false"),
    "glial bidomain, outside grounded": ("diffusion", "true", "false"),
    "glial bidomain, swelling": ("electrodiffusion", "true", "true"),
}
KINDS = (*MODES, *OF_GLIA)


def made(kind, comm):
    """A transport, the arrays that it advances, and its step [s]; the same whenever it is made."""
    if kind in MODES:
        trial = Trial(len(MODES) + MODES.index(kind), comm)
        return *trial.transport(3.0), trial.dt
    names = dict(zip(("transport", "cable", "swelling"), OF_GLIA[kind], strict=True))
    text = SYNCYTIUM.format(**names)
    parts = built(text, comm)
    return parts.simulation.diffusion, list(parts.simulation.reaction.variables), 0.1


def built(text, comm):
    """The parts of a run that a TOML text describes."""
    return build.build(resolve.with_intervals(reader.parse_config(text, "test")), comm)


def step(transport, dt, first, last):
    """Advance by the steps `first` to `last`, the odd ones half as long, some of them damped."""
    for k in range(first, last):
        transport.advance(k * dt, dt * (1.0 - 0.5 * (k % 2)), damped=k < 2)


def copied(state):
    """A state whose arrays the next step does not change."""
    return {n: v.copy() if isinstance(v, np.ndarray) else v for n, v in state.items()}


def distances(kind, comm):
    """How far off [mM] steps after `load` end, of the same transport and of a new one."""
    transport, ions, dt = made(kind, comm)
    transport.hold(0.0)
    step(transport, dt, 0, 4)
    state, before = copied(transport.state()), [c.copy() for c in ions]
    step(transport, dt, 4, 6)
    undisturbed, given = [c.copy() for c in ions], dict(transport.ledger.given)
    found = []
    for owner, own in ((transport, ions), made(kind, comm)[:2]):
        for c, values in zip(own, before, strict=True):
            c[:] = values
        owner.load(state)
        step(owner, dt, 4, 6)
        found.append(_farthest(own, undisturbed) if owner.ledger.given == given else np.inf)
    return [comm.allreduce(each, MPI.MAX) for each in found]


def _farthest(one, other):
    return max(float(np.abs(a - b).max(initial=0.0)) for a, b in zip(one, other, strict=True))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        found = distances(name, MPI.COMM_WORLD)
        if MPI.COMM_WORLD.rank == 0:
            print(*found)
