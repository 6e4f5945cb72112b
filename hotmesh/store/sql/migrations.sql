-- name: lock
-- Only one process migrates at a time.
SELECT pg_advisory_xact_lock(7310585823)

-- name: has_table
-- Whether the list of migrations is there yet.
SELECT to_regclass('hotmesh.migrations') IS NOT NULL

-- name: applied
-- The migrations that a schema has, with their checksums.
SELECT number, name, checksum FROM hotmesh.migrations WHERE schema_name = $1 ORDER BY number

-- name: record
-- Note a migration as done.
INSERT INTO hotmesh.migrations (schema_name, number, name, checksum) VALUES ($1, $2, $3, $4)

-- name: schema_owner
-- Which app a schema belongs to.
SELECT id FROM hotmesh.apps WHERE schema_name = $1

-- name: register_app
-- Give a schema to an app.
INSERT INTO hotmesh.apps (id, schema_name) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: create_schema
-- The home of an app's tables.
CREATE SCHEMA IF NOT EXISTS {schema}

-- name: script_record
-- `record`, as a line of the script for a DBA.
INSERT INTO hotmesh.migrations (schema_name, number, name, checksum) VALUES ({target}, {number}, {name}, {checksum}) ON CONFLICT DO NOTHING;

-- name: script_app
-- `register_app`, as a line of the script for a DBA.
INSERT INTO hotmesh.apps (id, schema_name) VALUES ({app}, {schema_text}) ON CONFLICT DO NOTHING;
