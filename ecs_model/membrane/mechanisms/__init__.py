"""Mechanisms that several models share: each file has functions, their parameters and sources."""
