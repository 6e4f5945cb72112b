"""HotMesh: durable workflows on Postgres."""
