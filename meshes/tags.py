"""Names and numbers of regions and boundaries that the generators use."""

TISSUE = {"tissue": 1}
CORTEX = {"grey": 1, "white": 2}

BOUNDARY = {
    "left": 1,
    "right": 2,
    "front": 3,
    "back": 4,
    "bottom": 5,
    "top": 6,
    "sides": 7,
    "outer": 8,
    "membrane": 9,
    "pial": 10,
    "grey_white": 11,
    "white": 12,
    "cut": 13,
}

# name of the lower and of the upper boundary along every axis, by the number of dimensions
SIDES = {
    1: (("left", "right"),),
    2: (("left", "right"), ("bottom", "top")),
    3: (("left", "right"), ("front", "back"), ("bottom", "top")),
}


def boundaries(*names):
    """The tag of every name."""
    return {name: BOUNDARY[name] for name in names}
