"""The packages of the wheel: those of hotmesh/, and the folders beside it that are installed below the name `hotmesh`."""

from setuptools import find_packages, setup

BESIDE = {"hotmesh.tui": "tui", "hotmesh.schemas": "schemas", "hotmesh.graphs": "graphs"}

packages = find_packages(include=["hotmesh", "hotmesh.*"]) + list(BESIDE)
packages += [f"{name}.{inner}" for name, folder in BESIDE.items() for inner in find_packages(folder)]

setup(packages=packages, package_dir=BESIDE)
