"""`python -m hotmesh`."""

from hotmesh.cli import main

main()
