"""When neurons along a line fired: spike by spike, none twice, none lost, whoever computes them."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from ecs_model import api
from ecs_model.errors import ConfigError
from ecs_model.physics.regimes import Firing
from ecs_model.run import spike_tables
from ecs_model.run.checkpoint import manifest_of
from ecs_model.run.observers import Pause
from ecs_model.run.raster import LONGEST, Raster
from ecs_model.run.requests import Request
from tests.helpers import launch
from tests.verification.recruitment import text, watched

WAY = """
[[line]]
name = "way"
start = ["0.1 mm"]
end = ["0.3 mm"]
points = {points}
[checkpoint]
{checkpoint}
"""
BURST = {"kind": "none", "current": 30.0, "kick": 0.2, "end": 0.09, "series": 0.03}


def settings(points=9, checkpoint='every = "0.045 s"', **changes):
    """A line of 1 mm whose first neurons, up to 0.2 mm, are made to fire; nodes are 50 um apart."""
    return text(**BURST | changes) + WAY.format(points=points, checkpoint=checkpoint)


def run(folder, settings, *overrides, name="out"):
    (folder / "run.toml").write_text(settings)
    assert api.run(folder / "run.toml", folder / name, overrides=overrides, quiet=True).code == 0
    return folder / name


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The directory of a run with a raster."""
    return run(tmp_path_factory.mktemp("raster"), settings())


class Followed:
    """Every spike at every node, as triples of time, position [mm] and node."""

    every = 0

    def __init__(self, simulation):
        self._trace, self.rows = simulation.reaction.follow(Firing()), []
        self._x = 1e3 * simulation.diffusion.operators.mesh.coordinates[:, 0]

    def observe(self, t, simulation):
        self.rows += [(at, self._x[int(node)]) for node, at, _ in self._trace.events()]
        self._trace.clear()


def test_all_spikes_along_a_line_are_written(whole, tmp_path):
    """Those of every node that is nearest to a point, and of no other."""
    (tmp_path / "run.toml").write_text(settings())
    simulation = api.simulation(tmp_path / "run.toml")
    followed = Followed(simulation)
    often = (round(t / simulation.clock.at(1)) for t in (0.03, 0.045))  # rows, checkpoints
    simulation.observers += [*map(Pause, often), followed]
    simulation.run()
    rows = sorted((t, x) for t, x in followed.rows if 0.099 < x < 0.301)
    times, places = spike_tables.read_spikes(whole, "way")
    np.testing.assert_array_equal(times, [t for t, _ in rows])
    np.testing.assert_allclose(places, [x - 0.1 for _, x in rows], atol=1e-12)
    assert len(times) > 20 and len(followed.rows) > len(rows)
    assert {*places.round(6)} >= {0.0, 0.05, 0.1}


def test_a_point_between_nodes_is_that_of_the_nearer_one(tmp_path):
    out = run(tmp_path, settings(points=3).replace('"0.1 mm"', '"0.07 mm"'))
    places = spike_tables.read_spikes(out, "way")[1]  # points at 0.07, 0.185, 0.3 mm
    assert {*places.round(6)} <= {-0.02, 0.13, 0.23} and {-0.02, 0.13} <= {*places.round(6)}


def bytes_of(out):
    return (out / "lines" / "spikes" / "way.csv").read_bytes()


def resumed(out, folder, drop=1):
    """A copy of a run that goes on from an earlier checkpoint, as if it had been killed later."""
    copy = shutil.copytree(out, folder / "copy")
    for path in sorted((copy / "checkpoints").glob("ck_*.h5"))[-drop:]:
        path.unlink()
    (copy / "summary.json").unlink()
    assert api.resume(copy, quiet=True).code == 0
    return copy


def test_a_run_that_is_resumed_has_the_same_spikes(whole, tmp_path):
    copy = resumed(whole, tmp_path)
    assert '"from": 0.045' in (copy / "run.json").read_text()
    assert bytes_of(copy) == bytes_of(whole)


def test_so_has_one_that_goes_on_from_the_middle_of_a_step(whole, tmp_path):
    """There membranes are half a step behind, and spikes of that time are noted after it."""
    out = run(tmp_path, settings(checkpoint='every = "0.045 s"\nwall = "20 ms"'))
    before = sorted((out / "checkpoints").glob("ck_*.h5"))[0]
    assert manifest_of(before)["pending"] > 0 and bytes_of(out) == bytes_of(whole)
    copy = resumed(out, tmp_path)
    assert bytes_of(copy) == bytes_of(whole)


@pytest.mark.parametrize("n", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_spikes_do_not_depend_on_the_number_of_processes(whole, tmp_path, n):
    (tmp_path / "run.toml").write_text(settings())
    done = launch(n, "run", tmp_path / "run.toml", "-o", tmp_path / "out", "--quiet")
    assert done.returncode == 0, done.stderr
    one, other = (spike_tables.read_spikes(out, "way") for out in (whole, tmp_path / "out"))
    np.testing.assert_allclose(other[0], one[0], rtol=0, atol=1e-6)
    np.testing.assert_array_equal(other[1], one[1])


def test_steps_that_are_rejected_leave_no_spikes(tmp_path):
    joined = text(g_AMPA=0.1, K_bath=7.0, current=30.0, kick=0.05, end=0.09, series=0.03, step=0.25)
    out = run(tmp_path, joined + WAY.format(points=9, checkpoint=""))
    simulation, spikes = watched(tmp_path, joined)
    assert simulation.rejected > 0
    times, places = spike_tables.read_spikes(out, "way")
    for k, place in enumerate(0.05 * np.arange(5)):
        own = times[np.isclose(places, place, atol=1e-6)]
        assert len(own) == spikes.count[2 + k] and (np.diff(own) > 1e-3).all()


@pytest.mark.parametrize("model", ["epileptor2", "pump_leak"])
def test_models_without_spikes_have_no_raster(tmp_path, model):
    plain = '[mesh]\ngenerator = "interval"\nlength = "0.4 mm"\ncell = "50 um"\n'
    plain += f'[membrane]\nmodel = "{model}"\n[time]\nend = "0.1 s"\n'
    plain += '[output]\nevery = "0.1 s"\n' + WAY.format(points=3, checkpoint="")
    out = run(tmp_path, plain)
    assert spike_tables.names(out) == [] and (out / "lines" / "way.csv").exists()


def test_a_table_is_cut_back_to_what_was_written_then(tmp_path):
    """Not to a time: spikes before that of a checkpoint may have been noted after it."""
    table = spike_tables.create(tmp_path, "way")
    table.extend([(1.0, 0.5), (2.0, 0.0), (2.9, 0.5)])
    table.close()
    spike_tables.resume(tmp_path, "way", until=3.0, count=2).close()
    assert spike_tables.read_spikes(tmp_path, "way")[0].tolist() == [1.0, 2.0]
    spike_tables.resume(tmp_path, "way", until=3.0, count=0).close()
    assert spike_tables.read_spikes(tmp_path, "way")[0].tolist() == []
    with pytest.raises(ConfigError, match="holds 0 of the 1 times"):
        spike_tables.resume(tmp_path, "way", until=3.0, count=1)


class Table:
    """A table that counts how often it grows."""

    def __init__(self):
        self.written = []

    def extend(self, rows):
        self.written.append(len(rows))


def at(t, request=Request.GO_ON):
    """A simulation at a time, whose ticks are milliseconds, in a run of 100 s."""
    clock = SimpleNamespace(ticks=100_000)
    return SimpleNamespace(tick=round(1e3 * t), clock=clock, request=request)


def raster_of(folder):
    """A Raster of the line whose node 2, at its start, fires at every look; its table."""
    (folder / "run.toml").write_text(settings())
    simulation = api.simulation(folder / "run.toml")
    mesh = simulation.diffusion.operators.mesh
    points = np.array([[1e-4, 0, 0], [3e-4, 0, 0]])
    sampler = SimpleNamespace(nodes=np.arange(mesh.owned))
    ways = np.tile([1.0, 0.0, 0.0], (len(points), 1))
    places = points[:, 0] - points[0, 0]
    line = SimpleNamespace(name="way", sampler=sampler, points=points, ways=ways, positions=places)
    (node,) = np.flatnonzero(np.isclose(mesh.coordinates[:, 0], 1e-4))
    neurons = SimpleNamespace(fired=np.array([[node, 0.0, 1.0]]))
    plan, table = SimpleNamespace(often=50_000, checkpoint=30_000), Table()
    return Raster(mesh, neurons, line, plan, table), table


def test_spikes_are_not_kept_for_longer_than_a_second(tmp_path):
    raster, table = raster_of(tmp_path)
    for k in range(1, 41):
        raster.observe(0.1 * k, at(0.1 * k))
    assert LONGEST == 1.0 and table.written == [10, 10, 10, 10]


def test_spikes_are_written_before_a_checkpoint(tmp_path):
    raster, table = raster_of(tmp_path)
    for t, request in ((0.25, Request.GO_ON), (0.3, Request.SAVE), (30.0, Request.GO_ON)):
        raster.observe(t, at(t, request))
    assert table.written == [2, 1]


def test_tables_that_are_none_are_told(whole, tmp_path):
    copy = shutil.copytree(whole, tmp_path / "copy")
    path = copy / "lines" / "spikes" / "way.csv"
    path.write_text("t [s],place [mm]\n1.0,2.0\n")
    with pytest.raises(ConfigError, match=r"way\.csv: found the columns t, place; 't \[s\],pos"):
        spike_tables.read_spikes(copy, "way")
    path.write_bytes(bytes_of(whole)[:60])
    sorted((copy / "checkpoints").glob("ck_*.h5"))[-1].unlink()
    (copy / "summary.json").unlink()
    with pytest.raises(ConfigError, match=r"way\.csv: holds 1 of the \d+ times written"):
        api.resume(copy, quiet=True)
