"""A run: build, time loop, observers, output, checkpoints, summary."""
