"""The configuration of a strip with the tissue and the membrane of a run, to see a front on."""

from ecs_model.config import resolve
from ecs_model.config.run import Config
from ecs_model.run.mesh_convergence import IGNITION, LENGTH, LIT, LONGEST

LEFT_OUT = {"boundary", "vessels", "source", "event", "probe", "line", "checkpoint"}
SAMPLES = 60  # of the longest run that is waited for


def strip(config, base, cell):
    """The Config of a strip of which one end is ignited.

    Args:
        config: the Config of the run.
        base: folder to which paths in it are relative.
        cell: size of the strip's cells [m].
    """
    tree = config.model_dump(exclude_none=True, exclude=LEFT_OUT)
    tree["mesh"] = {"generator": "interval", "length": f"{LENGTH} m", "cell": f"{cell} m"}
    tree["time"]["end"] = f"{LONGEST} s"
    tree["output"] = {"every": f"{LONGEST} s", "series": f"{LONGEST / SAMPLES} s"}
    tree["tissue"].pop("thickness", None)  # a strip fills its one dimension
    tortuosity = tree["tissue"]["tortuosity"]
    if isinstance(tortuosity, dict):  # along the fibres, where fronts are fastest
        tree["tissue"]["tortuosity"] = tortuosity.get("parallel", tortuosity)
    lit = {"low": [f"{-LENGTH} m"], "high": [f"{LIT * LENGTH} m"]}
    tree["tissue"]["regions"] = [{"name": "lit", "box": lit, "initial": _lit(config, base)}]
    return Config.model_validate(tree)


def _lit(config, base):
    """Concentrations where the front starts: K+, and Cl- with it if it moves."""
    before, after = resolve.model_of(config, base).State(), {"K_o": f"{IGNITION} mM"}
    if any(ion.name == "Cl" for ion in config.tissue.ions):
        after["Cl_o"] = f"{before.Cl_o + IGNITION - before.K_o} mM"
    return after
