"""Benchmark suites: series with published hashes."""
