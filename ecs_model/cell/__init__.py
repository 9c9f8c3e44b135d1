"""One cell, or many side by side, without a mesh: courses, thresholds, steady states, regimes."""
