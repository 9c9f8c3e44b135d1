"""Mesh, regions, coefficients, sources, time courses."""
