"""The bad and good examples of the rules: test cases, and what `hotmesh rule` shows."""
