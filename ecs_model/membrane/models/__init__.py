"""Published membrane models, one a file."""
