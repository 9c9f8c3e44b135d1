"""Files of runs and scans: written whole, read with suspicion."""
