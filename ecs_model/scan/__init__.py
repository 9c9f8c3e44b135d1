"""Many runs: maps over alpha and tortuosity, ignition thresholds, sensitivity."""
