"""ecs-model: how potassium moves through brain tissue, and when that becomes a seizure or an SD.

From Python, everything the command line does is one function of `ecs_model.api`.
"""

from pathlib import Path

__version__ = "0.2.0"

_checkout = Path(__file__).resolve().parents[1]
if (_checkout / "pyproject.toml").is_file():  # meshes/, runs/, postprocess/ lie beside us
    __path__.append(str(_checkout))
