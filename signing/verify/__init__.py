"""Judging signatures: signed thing in, ValidationReport out; never an exception for a bad signature."""
