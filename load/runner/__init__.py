"""Builds servers, runs the generator against each, judges and prints what it counted."""
