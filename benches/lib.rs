//! Benchmarks of `paranom`: see `benches/`.
