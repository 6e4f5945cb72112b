"""The benchmarks: one command each, the same workloads in every form and on every peer (benchmarks/README.md)."""
