"""What measurements tell of unknowns: least squares, intervals, and what is not decided."""
