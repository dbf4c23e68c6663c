"""Benchmarks: each case measures Holdfast and its limit side by side in one run."""
