"""What a run will take, from some of its steps: time, memory, disk, here and on other numbers.

On N processes a step takes the work of a node times the nodes of a process, and waiting:

    messages * neighbours * latency + bytes of the halo / bandwidth + reductions * log2(N) * hop

and its memory is what it takes before there is a mesh, FIXED, and the bytes of a node times its own
and HALO times those of its halo (`benchmarks/footprint.py`).

Messages, bytes and reductions of each mode of transport were counted, those of the network are
round numbers (`docs/benchmarks.md`, "What is sent"). It knows nothing of processes that wait for a
front elsewhere, nor of processors that share their memory.
"""

import math
from typing import NamedTuple

from ecs_model.run.footprint import Footprint
from ecs_model.run.words import duration, size

LATENCY, BANDWIDTH, REDUCTION = 2e-6, 5e9, 3e-6  # s, bytes/s a process, s a doubling
NEIGHBOURS = {1: 2, 2: 6, 3: 14}  # of a part, by the dimension of the mesh
SURFACE = {1: 2.0, 2: 4.0, 3: 6.0}  # of a part of n nodes: SURFACE n^(1 - 1/dimension) in its halo
FEW_NODES = 10_000  # per process: with fewer, processes wait for each other
KEPT = 2  # checkpoints that stay
FIXED, HALO = 20 * 2**20, 1.0  # bytes of a process; share of the bytes of a node in a halo


class Traffic(NamedTuple):
    """What a process sends in a step: exchanges of its halo, bytes per node of it, reductions."""

    exchanges: float
    bytes: float
    reductions: float


TRAFFIC = {  # mode of transport, whether the tissue swells
    ("K+ alone", False): Traffic(4.8, 106, 11.6),
    ("three ions", False): Traffic(15.0, 331, 34.0),
    ("electrodiffusion", False): Traffic(120, 1793, 87),
    ("K+ alone", True): Traffic(8.8, 193, 11.6),
    ("three ions", True): Traffic(18.8, 412, 33.5),
    ("electrodiffusion", True): Traffic(126, 1977, 94),
}


def waiting(traffic, nodes, processes, dimension=3):
    """Seconds of a step in which a process sends and waits, on a network like that above."""
    if processes == 1:
        return 0.0
    halo = halo_nodes(nodes, processes, dimension)
    sent = traffic.exchanges * NEIGHBOURS[dimension] * LATENCY + traffic.bytes * halo / BANDWIDTH
    return sent + traffic.reductions * REDUCTION * math.log2(processes)


def halo_nodes(nodes, processes, dimension=3):
    """Nodes that a process keeps beside its own."""
    if processes == 1:
        return 0.0
    return SURFACE[dimension] * (nodes / processes) ** (1 - 1 / dimension)


class Writing(NamedTuple):
    """Something that is written several times: how often, and what each time takes."""

    name: str
    times: float
    seconds: float
    bytes: float
    most: float  # bytes of each if nothing can be compressed
    kept: float  # of these times


class Steps(NamedTuple):
    """How many steps a run takes: probably; with the longest and the shortest seen so far."""

    likely: float
    least: float
    most: float


class Forecast(NamedTuple):
    """What a run will take, from what its first steps took on `processes`.

    Attributes:
        end: of the run [s]; `reached`: of the steps that were taken.
        taken: their lengths [s].
        setup, step: seconds of the set-up, and of a step.
        idle: bytes of a process before the set-up.
        memory: the Footprint at the end.
        reading: bytes of rank 0 when it held all of a mesh; 0 if it never did.
        still: bytes of files that are written once.
        files: how many there are but of fields at a time and checkpoints.
        mode: key of TRAFFIC.
        wall: seconds between checkpoints, None for none.
    """

    nodes: int
    cells: int
    dimension: int
    mode: tuple
    processes: int
    end: float
    reached: float
    adaptive: bool
    taken: list
    setup: float
    step: float
    idle: float
    memory: Footprint
    reading: float
    still: float
    files: int
    writings: list
    checkpoint: Writing
    wall: float | None

    @property
    def steps(self):
        """Steps of the whole run, as Steps."""
        count, left = len(self.taken), self.end - self.reached
        if not self.adaptive:
            whole = count + left / self.taken[0]
            return Steps(whole, whole, whole)
        recent = self.taken[count // 2 :]
        ordered = sorted(self.taken)
        short, long = ordered[count // 10], ordered[-1 - count // 10]
        mean = sum(recent) / len(recent)
        lengths = mean, max(long, mean), min(short, mean)
        return Steps(*(count + left / length for length in lengths))

    def step_on(self, processes):
        """Seconds of a step on a number of processes."""
        traffic, own = TRAFFIC[self.mode], self.processes
        here = waiting(traffic, self.nodes, own, self.dimension)
        work = max(self.step - here, 0.5 * self.step) * own
        there = waiting(traffic, self.nodes, processes, self.dimension)
        return work / processes + there

    def efficiency(self, processes):
        """Share of the processors' time that computes, against one process."""
        return self.step_on(1) / processes / self.step_on(processes)

    def seconds(self, processes=None):
        """Seconds of the whole run, as Steps, on a number of processes; on those it is on now."""
        step = self.step_on(processes or self.processes)
        return Steps(*(self._with_files(self.setup + count * step) for count in self.steps))

    def _with_files(self, seconds):
        seconds += sum(w.times * w.seconds for w in self.writings)
        often = self.checkpoint.times + (seconds / self.wall if self.wall else 0.0)
        return seconds + often * self.checkpoint.seconds

    def bytes(self):
        """Bytes on disk at the end: fields as well compressible as now, and not at all."""
        fixed = self.still + self._checkpoints * self.checkpoint.bytes
        return tuple(
            fixed + sum(w.kept * getattr(w, size) for w in self.writings)
            for size in ("bytes", "most")
        )

    @property
    def _checkpoints(self):
        """Checkpoints that are there at the end."""
        often = self.seconds().likely // self.wall if self.wall else 0
        return min(self.checkpoint.times + often, KEPT)

    @property
    def all_files(self):
        """Files that are there at the end, on any number of processes."""
        return round(self.files + self.writings[0].kept + self._checkpoints)

    def memory_on(self, processes):
        """Bytes that a process needs; rank 0 may need `root_on`."""
        if processes == self.processes:
            return self.memory.others
        here = self.memory.others - self.idle - FIXED
        nodes = self._kept(processes) / self._kept(self.processes)
        return self.idle + FIXED + max(here, 0.0) * nodes

    def root_on(self, processes):
        """Bytes that rank 0 needs, which may have to hold all of the mesh for a while."""
        if processes == self.processes:
            return self.memory.root
        return max(self.memory_on(processes), self.reading)

    def machine_on(self, processes):
        """Bytes that a machine with as many cores as this one needs for one process on each."""
        beside = min(processes, self.memory.cores) - 1
        return self.root_on(processes) + beside * self.memory_on(processes)

    def _kept(self, processes):
        """Nodes that a process has in its memory, those of its halo by their share."""
        halo = halo_nodes(self.nodes, processes, self.dimension)
        return self.nodes / processes + HALO * halo

    def lines(self, processes=()):
        """The forecast in words.

        Args:
            processes: numbers of processes to project to; a few useful ones by default.
        """
        yield from self._about()
        yield from self._disk()
        yield ""
        yield (
            "processes  nodes each   s a step   to the end   MiB rank 0   MiB others   "
            "GiB a machine   efficiency"
        )
        for number in processes or self._useful():
            yield (
                f"{number:>9}{self.nodes // number:>12,}{self.step_on(number):>11.3g}"
                f"{duration(self.seconds(number).likely):>13}"
                f"{self.root_on(number) / 2**20:>13.0f}"
                f"{self.memory_on(number) / 2**20:>13.0f}"
                f"{self.machine_on(number) / 2**30:>16.3g}"
                f"{100 * self.efficiency(number):>11.0f} %"
            )
        yield (
            "projected from the steps measured here (docs/cluster.md); more than "
            f"{max(1, self.nodes // FEW_NODES)} would have under {FEW_NODES:,} nodes each and "
            f"wait; a machine has {self.memory.cores} cores, as here, and one process on each"
        )

    def _about(self):
        count, here = len(self.taken), f"{self.processes} process{'es' * (self.processes > 1)}"
        yield f"mesh: {self.nodes:,} nodes, {self.cells:,} cells"
        yield (
            f"measured: {count} steps to t = {self.reached:.4g} of {self.end:g} s on {here}, "
            f"{self.step:.3g} s each; set-up {duration(self.setup)}"
        )
        steps, seconds = self.steps, self.seconds()
        if steps.least == steps.most:
            yield f"steps: {steps.likely:.0f}"
            yield f"time: {duration(seconds.likely)} on {here}"
        else:
            yield (
                f"steps: about {steps.likely:.0f}, if they stay as they are; {steps.least:.0f} at "
                f"the longest so far, {steps.most:.0f} at the shortest"
            )
            low, high = duration(seconds.least), duration(seconds.most)
            yield f"time: about {duration(seconds.likely)} on {here} ({low} to {high})"
        yield f"memory: {self.memory}"

    def _disk(self):
        low, high = self.bytes()
        yield (
            f"disk: {self.all_files} files, {size(low)} if fields compress as now, {size(high)} if "
            "not at all; of that"
        )
        for w in self.writings:
            yield f"  {w.name}: {w.kept:.0f} times {size(w.bytes)}" + (
                f" to {size(w.most)}" if w.most > w.bytes else ""
            )
        yield f"  a checkpoint: {size(self.checkpoint.bytes)}, {KEPT} are kept"

    def _useful(self):
        """The processes that it is on, and powers of two up to where there are few nodes each."""
        most = max(2 * self.processes, self.nodes // FEW_NODES)
        powers = {2**k for k in range(20) if 2**k <= most}
        return sorted({self.processes, *sorted(powers)[-6:]})

    def __repr__(self):
        return "\n".join(self.lines())
