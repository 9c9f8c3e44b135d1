"""The pictures that suit a scan, whatever its axes are."""

from ecs_model.postprocess import style, titles
from ecs_model.postprocess.scan_data import Scan


def pictures(directory, formats=("png", "pdf"), title=""):
    """Make the pictures that suit a scan, each in all `formats`; their paths.

    consensus: of several models over two axes of numbers; map: of one model over two; curves: over
    one; bars: over names; samples: of more axes.
    sensitivity: where the design gives Sobol indices. `title` stands above each.

    Raises:
        ConfigError: if the directory holds no scan, or nothing of it is finished.
    """
    scan = Scan.open(directory)
    return style.save_all(titles.over(drawings(scan), title), scan.path / "pictures", formats)


def drawings(scan):
    """Name -> function that gives the figure, for all pictures of a Scan."""
    from ecs_model.postprocess import scan_curves

    name, draw = _main(scan)
    found = {name: lambda: draw(scan)}
    if scan.sobol:
        found["sensitivity"] = lambda: scan_curves.sensitivity(scan)
    return found


def _main(scan):
    """Name and drawing function of the picture over the axes."""
    from ecs_model.postprocess import scan_curves, scan_map

    axes = scan.varying
    if scan.is_consensus and len(axes) == 2 and all(axis.is_number for axis in axes):
        from ecs_model.postprocess.scan_consensus import consensus_map

        return "consensus", consensus_map
    if scan.mapped:
        return "map", scan_map.threshold_map if scan.searched else scan_map.risk_map
    if not any(axis.is_number for axis in axes):
        return "bars", scan_curves.bars
    return ("curves", scan_curves.curves) if len(axes) <= 2 else ("samples", scan_curves.samples)
