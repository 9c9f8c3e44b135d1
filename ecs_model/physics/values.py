"""Names for types that many signatures share."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

type Array = NDArray[np.float64]
type Nodes = NDArray[np.integer[Any]]  # numbers of nodes
type Integers = NDArray[np.integer[Any]]
type Truths = NDArray[np.bool_]
