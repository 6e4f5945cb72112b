-- name: list
-- Every app of this database.
SELECT id FROM hotmesh.apps ORDER BY id
