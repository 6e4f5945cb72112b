"""The Python API: `HotMesh` and what it gives back."""
