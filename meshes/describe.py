"""Tables for the terminal: mesh generators."""

import inspect

from ecs_model.meshes import GENERATORS


def generators():
    """Lines about every mesh generator: its settings and what it makes."""
    lines = []
    for name, make in GENERATORS.items():
        settings = [
            key if p.default is p.empty else f"[{key}]"
            for key, p in inspect.signature(make).parameters.items()
        ]
        lines += [
            f"{name}: {' '.join(settings)}",
            f"    {(inspect.getdoc(make) or '').partition('\n')[0]}",
        ]
    return [*lines, "", 'for example: ecs-model mesh box size=["1 mm","1 mm","1 mm"] cell="50 um"']
