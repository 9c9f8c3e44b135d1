"""What runs one after another in the same process share, so that it is made once."""


class Kept:
    """Things by kind and key; of each kind the ones used last stay.

    Args:
        each: how many of a kind.
    """

    def __init__(self, each=4):
        self._each, self._kinds = each, {}

    def __call__(self, kind, key, make):
        """The thing of a kind that belongs to `key`; `make()` if it is not there."""
        things = self._kinds.setdefault(kind, {})
        thing = things.pop(key) if key in things else make()
        things[key] = thing
        if len(things) > self._each:
            things.pop(next(iter(things)))
        return thing
