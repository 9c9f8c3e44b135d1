"""The fronts that passed a line: their speed, width and fate, for summary.json."""

import functools
import itertools
import math

import numpy as np

from ecs_model.physics import fronts
from ecs_model.run.front_passage import Passage
from ecs_model.run.front_tracker import Tracker
from ecs_model.tissue.mesh import Mesh
from ecs_model.tissue.sampling import Sampler
from ecs_model.units import from_si

DIRECTED = 0.9  # of the slownesses around a node that point one way; less where fronts meet
MOST = 0.9  # share of the points that fronts passed, of the one whose speed is that of the line


def slowness(mesh: Mesh, arrival: np.ndarray) -> np.ndarray:
    """Gradient of arrival times [s/m] at owned nodes, shape (nodes, 3); nan where there is none.

    It is the mean of the gradients in the cells around a node, where all of a cell's corners have
    been reached since the start, and these gradients have a direction in common.

    Args:
        mesh: the mesh.
        arrival: time at each owned node [s]; nan where no front came.
    """
    d, nodes = mesh.axes, mesh.cell_nodes[: mesh.owned_cells]
    times = mesh.with_ghosts(arrival)
    reached = np.isfinite(times) & (times > 0)
    passed = np.flatnonzero(functools.reduce(np.logical_and, (reached[c] for c in nodes.T)))
    nodes = nodes[passed]
    slopes = fronts.gradients(mesh.coordinates[nodes][:, :, :d], times[nodes])
    spread = functools.partial(mesh.spread_some, passed)
    volume = spread(np.ones(len(passed)))
    columns = [spread(slope) for slope in slopes.T]
    whole = spread(np.linalg.norm(slopes, axis=1))
    found = np.pad(np.column_stack(columns), ((0, 0), (0, 3 - d)))
    clear = (volume > 0) & (np.linalg.norm(found, axis=1) > DIRECTED * whole)
    return np.where(clear[:, None], found / np.where(clear, volume, 1.0)[:, None], np.nan)


class LineFronts(Passage):
    """How fronts passed the points of a line.

    Args:
        name: of the line.
        sampler: of its points.
        positions: distances of the points along the line [m].
        directions: unit vectors along it at the points, shape (points, 3).
        size: of the tissue [m].
        tracker: that knows the complete K+, and looks first.
    """

    def __init__(
        self,
        name: str,
        sampler: Sampler,
        positions: np.ndarray,
        directions: np.ndarray,
        size: float,
        tracker: Tracker,
    ):
        super().__init__(sampler, tracker)
        self.name, self._positions, self._size = name, positions, size
        self._directions = directions

    def report(self, nodal: np.ndarray, end: float) -> dict:
        """Speed and width of the front, each with its spread and null without one; what it did.

        Args:
            nodal: from `slowness`, of the tracker's arrival times.
            end: time of the run [s].
        """
        at = self._sampler.nodes
        self._arrival = self._sampler(self._tracker.arrival[at])
        self._slowness = np.column_stack([self._sampler(nodal[at, k]) for k in range(3)])
        self._rise, self._latest = map(self._sampler.from_corners, (self.rise, self.latest))
        self._end = end
        found = fronts.ways(self._arrival, self._slowness, self._directions)
        seen = self._arrival, self._slowness, self._rise
        found = [way for way in found if not fronts.is_sudden(way, *seen, self._size)]
        parts = [self._part(way) for way in found]
        chief = _chief(found, parts)
        notes = [*self._between(found), *(part["note"] for part in parts if part["note"])]
        if not found:
            notes = [self._why_none()]
        elif chief["note"] == "" and math.isnan(chief["speed_mm_per_min"]) and len(parts) > 1:
            notes.append("each front has its own speed, see `parts`")
        arrived = float(np.isfinite(self._arrival).mean())
        parts = parts if len(parts) > 1 else []
        return chief | {"arrived": arrived, "parts": parts, "note": "; ".join(notes)}

    def _part(self, way):
        """What one front did on its way."""
        measured = fronts.measure(way, self._slowness, self._directions, self._rise)
        ends = self._positions[way.points[[0, -1]]]
        return _shown(measured, ends) | {"note": "; ".join(self._fate(way, measured))}

    def _fate(self, way, measured):
        """What is to be known of a front, in words."""
        if way.sign == 0:
            yield "the front meets the line at once: it has no speed along it"
        elif measured.angle > fronts.OBLIQUE:
            yield (
                f"the front crosses the line at {measured.angle:.0f} degrees; its speed is that "
                "normal to the front"
            )
        if measured.speed_spread > fronts.UNSTEADY:
            yield f"its speed is not steady (+-{100 * measured.speed_spread:.0f} %)"
        place = fronts.stop(way, self._positions, self._arrival, self._rise, self._end)
        if math.isfinite(place):
            yield f"the front stops at {from_si(place, 'mm'):.4g} mm"
        again = fronts.returning(way, self._latest)
        if again:
            yield "a second front follows it" if again > 0 else "a front comes back (reflected)"

    def _between(self, found):
        """What lies between neighbouring fronts, in words."""
        for one, other in itertools.pairwise(found):
            middle = (self._positions[one.points].max() + self._positions[other.points].min()) / 2
            place = f"at {from_si(float(middle), 'mm'):.4g} mm"
            if one.sign > 0 > other.sign:
                yield f"two fronts meet {place}"
            if one.sign < 0 < other.sign:
                yield f"fronts start both ways {place}"

    def _why_none(self):
        """Why a line has no front, in words."""
        came = np.isfinite(self._arrival)
        if not came.any():
            return "no front came"
        if len(came) < fronts.LEAST_POINTS:
            return f"a line of {len(came)} points shows no front; {fronts.LEAST_POINTS} are needed"
        if not came.all():
            share = 100 * came.mean()
            return f"no front travels along the line; {share:.0f} % of it was above the level"
        return "K+ rises everywhere at once: no front travels along the line"


def _chief(found, parts):
    """The numbers of the front that passed nearly all that fronts passed; else none."""
    passed = [len(way.points) for way in found]
    if found and max(passed) >= MOST * sum(passed):
        return parts[int(np.argmax(passed))]
    return _shown(fronts.NOTHING, [math.nan] * 2) | {"note": ""}


def _shown(measured, ends):
    """Numbers for summary.json, in its units."""
    return {
        "from_mm": from_si(float(ends[0]), "mm"),
        "to_mm": from_si(float(ends[1]), "mm"),
        "speed_mm_per_min": from_si(measured.speed, "mm/min"),
        "speed_spread": measured.speed_spread,
        "width_um": from_si(measured.width, "um"),
        "width_spread": measured.width_spread,
        "angle_degrees": measured.angle,
    }
