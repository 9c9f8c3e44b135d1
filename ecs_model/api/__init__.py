"""What the command line does, as functions: each command is one call.

`run`, `resume`, `check`, `estimate`, `simulation`, `tortuosity` and `fit` take an MPI communicator
(all processes by default) and are called on all of its processes; the others need neither MPI nor
DOLFINx.
"""

from ecs_model.api.outcomes import RunResult, ScanResult
from ecs_model.api.results import (
    export,
    export_gifti,
    export_nifti,
    open_run,
    open_scan,
    plot,
    report,
    scan_plot,
    scan_report,
)
from ecs_model.api.runs import check, estimate, resume, run, simulation, tortuosity
from ecs_model.api.studies import cell, fit, fit_diffusion, scan, scan_collect, scan_status
from ecs_model.api.tools import copy, law, list_meshes, mesh, models, ready_runs, schema, template

__all__ = [
    "RunResult",
    "ScanResult",
    "cell",
    "check",
    "copy",
    "estimate",
    "export",
    "export_gifti",
    "export_nifti",
    "fit",
    "fit_diffusion",
    "law",
    "list_meshes",
    "mesh",
    "models",
    "open_run",
    "open_scan",
    "plot",
    "ready_runs",
    "report",
    "resume",
    "run",
    "scan",
    "scan_collect",
    "scan_plot",
    "scan_report",
    "scan_status",
    "schema",
    "simulation",
    "template",
    "tortuosity",
]
