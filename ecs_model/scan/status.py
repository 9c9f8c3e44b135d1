"""What is known of a scan while it goes on: lines for whoever asks."""

from ecs_model.run.progress import clock_face
from ecs_model.scan.store import Store

STATES = ("finished", "running", "waiting", "failed", "interrupted")


def status(directory):
    """Lines about a scan: how many points are done, what runs, what failed."""
    store = Store.open(directory)
    found = [(point, store.slot(point)) for point in store.points()]
    states = [_state(store, slot) for _, slot in found]
    runs = store.scan().adaptive
    total = f" of at most {runs.runs}" if runs else ""
    yield f"{store.setup()['title'] or directory}: {len(found)} points{total}"
    yield ", ".join(f"{states.count(s)} {s}" for s in STATES if s in STATES[:4] or s in states)
    if "running" in states:
        yield f"about {_left(store, [point for point, _ in found])} left at the pace so far"
    for (point, slot), state in zip(found, states, strict=True):
        facts = slot.status()
        if state == "failed":
            yield f"failed: {point.said()}: {facts.get('reason', '')}"
        elif state == "running":
            yield f"running: {point.said()} (process {facts.get('pid')} on {facts.get('host')})"
        elif state == "interrupted":
            yield f"interrupted: {point.said()}; the same scan computes it again"


def _left(store, found):
    """Time until the points so far are done, if they go on as they did."""
    done = sorted(t for point in found if (t := store.slot(point).finished_at) is not None)
    if len(done) < 2:
        return clock_face(float("nan"))
    return clock_face((len(found) - len(done)) * (done[-1] - done[0]) / (len(done) - 1))


def _state(store, slot):
    """The state of a run; what seems to run, but has nobody at work, was interrupted."""
    if slot.state == "running" and not store.is_at_work(slot):
        return "interrupted"
    return slot.state
