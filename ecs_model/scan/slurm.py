"""Jobs of a batch system."""


class Slurm:
    """Not yet."""
