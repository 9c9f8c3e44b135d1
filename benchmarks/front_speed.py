"""Error of the speed of exact fronts by theta, cell size and mesh, for docs/numerics.md.

Usage: python benchmarks/front_speed.py [FOLDER]      (some minutes; FOLDER holds the runs)
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measure import sized

from tests.verification.fronts import MESHES, error

THETAS, SIZES = sized(((0.0, 0.5, 1.0), (5, 10, 20)), ((0.5,), (20,)))
RELEASE = {"model": "threshold_release", "length": 800, "step": 5}


def main(folder):
    """Print both tables in Markdown."""
    nagumo(folder)
    print()
    release(folder)


def nagumo(folder):
    """Print the table of the smooth front, on every kind of mesh."""
    print("| mesh | theta | " + " | ".join(f"h = {h} um" for h in SIZES) + " |")
    print("|---|---|" + "---|" * len(SIZES))
    for mesh in sized(list(MESHES), ["interval"]):
        for theta in THETAS:
            row = [_entry(folder, mesh, theta, h) for h in SIZES]
            print(f"| {mesh} | {theta:g} | " + " | ".join(row) + " |", flush=True)


def release(folder):
    """Print the table of the front whose release begins abruptly, on an interval."""
    sizes = sized((2.5, *SIZES), SIZES)
    print("| theta | " + " | ".join(f"h = {h} um" for h in sizes) + " |")
    print("|---|" + "---|" * len(sizes))
    for theta in sized((0.0, 0.5, 0.75, 1.0), THETAS):
        found = [100 * error(Path(folder) / "run", h=h, theta=theta, **RELEASE) for h in sizes]
        print(f"| {theta:g} | " + " | ".join(f"{e:+.2f} %" for e in found) + " |", flush=True)


def _entry(folder, mesh, theta, h):
    if h < 10 and "tetrahedra" in mesh:
        return ""
    return f"{100 * error(Path(folder) / 'run', mesh=mesh, theta=theta, h=h):+.2f} %"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        main(sys.argv[1] if len(sys.argv) > 1 else scratch)
