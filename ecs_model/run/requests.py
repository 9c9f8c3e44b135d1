"""What a process may want of the time loop after a step."""

import enum
import signal


class Request(enum.IntEnum):
    """A wish for the loop; of those of all processes the highest counts.

    Signals that end a run in order are requests under their own numbers.
    """

    GO_ON = -1
    SAVE = 0  # a checkpoint, by elapsed time
    HANGUP = signal.SIGHUP
    INTERRUPT = signal.SIGINT
    USER = signal.SIGUSR1
    TERMINATE = signal.SIGTERM
    ENOUGH = 1000  # steps were taken
    DECIDED = 1001  # nothing that follows can change the verdict

    @property
    def ends(self):
        """Whether the loop ends with it."""
        return self > Request.SAVE
