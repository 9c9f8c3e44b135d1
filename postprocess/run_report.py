"""One HTML file about a run: verdicts, curves, maps that a slider moves through time, balances."""

from operator import itemgetter

from ecs_model.postprocess import html_page, run_figures
from ecs_model.run.rundir import RunDir

TITLES = {
    "probes": "Probes",
    "balance": "Integrals",
    "profiles": "Profiles",
    "space_time": "Along the longest axis",
}
ORIGIN = ("commit", "petsc", "mpi", "python", "processes", "started", "updated")


def write(run, path=None):
    """Write the report of a Run, as report.html into its directory by default; its path.

    Raises:
        ConfigError: if a file of the run is broken, or the report cannot be written.
    """
    return html_page.write(path or run.path / "report.html", "run_report.html", content(run))


def content(run):
    """What the report of a Run says, by the names that its page uses."""
    films, pictures = _seen(run)
    return {
        "title": run.name,
        "state": run.state,
        "finished": run.is_finished,
        "warnings": run.warnings(),
        "regime": run.regime,
        "verdicts": run.verdicts(),
        "numbers": [*run.numbers()],
        "about": [*run.about()][1:],
        "films": films,
        "pictures": pictures,
        "balances": _balances(run),
        "seconds": _seconds(run),
        "texts": [*_texts(run)],
        "origin": [*_origin(run)],
        "holds": [*run.holds()],
    }


def _seen(run):
    """Films of the fields, or None, and pairs of a title and a picture of all that is no film."""
    opened = RunDir(run.path)
    fields, films = run_figures.fields_of(opened), None
    drawn = run_figures.figures(opened, fields)
    drawn = dict(sorted(drawn.items(), key=lambda item: item[0] == "balance"))  # it is long
    if fields and fields.dimension > 1:
        from ecs_model.postprocess import html_film  # loads PyVista, which lines do not need

        films = html_film.films(fields)
        drawn = {name: draw for name, draw in drawn.items() if name not in ("maps", *fields.main)}
    return films, [
        (_title(name), html_page.embedded(draw, html_page.COARSE)) for name, draw in drawn.items()
    ]


def _title(name):
    kind, _, rest = name.partition("_")
    known = {"line": f"Line '{rest}'", "arrival": "Arrival of the front"}
    known |= {"raster": f"Spikes on line '{rest}'"}
    known |= {"onset": "Onset of seizures"}
    return TITLES.get(name) or known[kind]


def _balances(run):
    """Per ion: its name, pairs of an amount in words and its number, and the unit."""
    if not (balance := run.summary.get("balance")):
        return []
    ions = {"K": balance, **balance.get("ions", {})}
    return [(ion, [*_amounts(b)], balance["unit"]) for ion, b in ions.items()]


def _amounts(balance):
    for place, words in (("ecs", "extracellular"), ("cells", "in cells")):
        if f"{place}_start" in balance:
            start, end = balance[f"{place}_start"], balance[f"{place}_end"]
            yield words, f"{start:.6e} → {end:.6e}"
    for name, amount in balance["given"].items():
        yield f"from {name}", f"{amount:+.6e}"
    yield "residual of the balance", f"{balance['relative_error']:.1e} of the whole"


def _seconds(run):
    """Rows (part of the run, its depth, seconds, share of all), longest first."""
    parts = run.profile.get("parts") or _flat(run.summary.get("seconds", {}))
    means = [(part["part"], part["seconds"]["mean"]) for part in parts]
    total = sum(s for path, s in means if "/" not in path) or 1.0
    return [
        (path.rpartition("/")[2], path.count("/"), f"{s:.2f}", f"{100 * s / total:.1f} %")
        for path, s in means
    ]


def _flat(seconds):
    rows = sorted(seconds.items(), key=itemgetter(1), reverse=True)
    return [{"part": name, "seconds": {"mean": s}} for name, s in rows]


def _texts(run):
    """Pairs of titles and configurations."""
    given = RunDir(run.path).config
    if given.exists():
        yield "As it was given", given.read_text(encoding="utf-8")
    if run.config:
        yield "With every default and --set", html_page.toml(run.config)


def _origin(run):
    """Pairs about versions, of the run and of this report."""
    facts = run.facts
    yield "Computed by", f"ecs-model {facts.get('ecs_model', 'unknown')}"
    yield from ((name.capitalize(), str(facts[name])) for name in ORIGIN if facts.get(name))
    versions = ", ".join(f"{name} {v}" for name, v in facts.get("versions", {}).items())
    yield "Libraries", versions or "unknown"
    yield "Mesh", facts.get("mesh", {}).get("fingerprint", "unknown")
    yield from html_page.made()
