"""Benchmarks with targets, one module each: `bin/bench NAME`. CPU time, never the clock on the wall."""
