"""Stand-in ERPs for the demo, tests and benchmarks."""
