"""The sections of a configuration, each turned into the parts of a run that it describes."""
