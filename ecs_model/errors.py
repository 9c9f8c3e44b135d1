"""Errors that a user can mend; everything else is a bug and keeps its traceback."""


class EcsModelError(Exception):
    """An error whose text says where, what was found and what would be right."""

    exit_code = 1


class ConfigError(EcsModelError):
    """Something that the user gave cannot be used: configuration, mesh, checkpoint, launcher."""

    exit_code = 2


class SolutionError(EcsModelError):
    """The computation cannot go on: not finite, not positive, solver not converged."""
