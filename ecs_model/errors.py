"""Errors that a user can mend; everything else is a bug and keeps its traceback."""

import difflib
import errno
import os
import re


class EcsModelError(Exception):
    """An error whose text says where, what was found and what would be right."""

    exit_code = 1


class ConfigError(EcsModelError):
    """Something that the user gave cannot be used: configuration, mesh, checkpoint, launcher."""

    exit_code = 2


class SolutionError(EcsModelError):
    """The computation cannot go on: not finite, not positive, solver not converged."""


def error_number(error):
    """The errno of an OSError, which HDF5 writes into its text; None if there is none.

    NumPy forgets it, and tells how much it could not write: what is full, most likely.
    """
    if re.fullmatch(r"\d+ requested and \d+ written", str(error)):
        return errno.ENOSPC
    inside = re.search(r"\berrno = (\d+)", str(error))
    return int(inside[1]) if inside else getattr(error, "errno", None)


def plainly(error):
    """What an error says, in one line; of HDF5, which tells addresses, what the system said."""
    if number := error_number(error):
        return os.strerror(number)
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def did_you_mean(name, known):
    """A clause that names the known name closest to one; empty if none is close.

    Args:
        name: that is not known.
        known: names.
    """
    close = difflib.get_close_matches(name, known, 1)
    return f"; did you mean '{close[0]}'?" if close else ""
