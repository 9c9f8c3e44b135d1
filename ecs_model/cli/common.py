"""What the commands share: how one is added, and options that several have."""


def add(commands, name, command, summary, parallel=False):
    """The parser of a new command; `parallel` ones are called on all processes."""
    parser = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
    parser.set_defaults(command=command, parallel=parallel)
    return parser


def add_set(parser):
    """Add --set to the parser of a command that reads a configuration."""
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="overrides",
        help="change a setting, such as tissue.alpha=0.1; may be given several times",
    )  # fmt: skip
