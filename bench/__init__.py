"""Measured speed, always beside a reference in the same run."""
