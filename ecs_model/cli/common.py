"""What the commands share: how one is added, and options that several have."""

import argparse

from ecs_model.quantities import is_number, parse
from ecs_model.units import from_si


def add(commands, name, command, summary, parallel=False):
    """The parser of a new command; `parallel` ones are called on all processes."""
    parser = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    parser.set_defaults(command=command, parallel=parallel)
    return parser


def add_set(parser):
    """Add --set to the parser of a command that reads a configuration."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="overrides",
        help="change a setting, such as tissue.alpha=0.1; may be given several times",
    )


def add_points(parser):
    """Add --points to the parser of a command that reports on scans."""
    parser.add_argument(
        "--points",
        metavar="ID,ID",
        help="of a scan: points that get a picture, or none; the "
        "default are a few that span the scan, each run once more unless it was kept",
    )


def add_figures(parser):
    """Add --format, --width and --theme to the parser of a command that draws."""
    parser.add_argument(
        "--format",
        metavar="NAME,NAME",
        help="of figures: png, pdf or svg (default png; of a scan png,pdf)",
    )
    parser.add_argument(
        "--width",
        type=_millimetres,
        metavar="MM",
        help="of figures, in mm: 85 for one column of a journal, 183 for two (the default)",
    )
    parser.add_argument(
        "--theme",
        default="light",
        metavar="NAME",
        help="of figures: light, for paper (the default), or dark, for a dark page",
    )


def _millimetres(text):
    """A length as people write it, in mm; one without a unit is in mm."""
    try:
        return float(text) if is_number(text) else from_si(parse(text, "mm"), "mm")
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def figures(arguments):
    """What --format, --width and --theme say, as arguments of functions of the API."""
    formats = arguments.format.split(",") if arguments.format else None
    return {"formats": formats, "width": arguments.width, "theme": arguments.theme}


def add_profile(parser):
    """Add --profile to the parser of a command that computes a run."""
    parser.add_argument(
        "--profile",
        action="store_true",
        help="tell in detail where the time goes, and write it to profile.json",
    )


def add_trust(parser):
    """Add --trust to the parser of a command that may run the code of a directory."""
    parser.add_argument(
        "--trust",
        action="store_true",
        help="although the directory was not made on this account: the code that it names is run",
    )


def points(arguments):
    """The points that --points names; None if it was not given."""
    if arguments.points is None:
        return None
    return [name for name in arguments.points.split(",") if name not in ("", "none")]
