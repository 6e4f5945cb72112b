-- name: list
-- Every app of this database whose schema is there.
SELECT a.id FROM hotmesh.apps a JOIN pg_namespace n ON n.nspname = a.schema_name ORDER BY a.id
