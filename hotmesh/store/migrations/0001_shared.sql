-- What all apps of a database share: who they are, and the clock that everything stored is told by.

CREATE SCHEMA IF NOT EXISTS hotmesh;

-- The database's clock; a test moves it by setting hotmesh.clock_offset.
CREATE OR REPLACE FUNCTION hotmesh.now() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
  SELECT clock_timestamp() + coalesce(nullif(current_setting('hotmesh.clock_offset', true), ''), '0')::interval
$$;

CREATE TABLE IF NOT EXISTS hotmesh.apps (
  id          text PRIMARY KEY,
  schema_name text NOT NULL UNIQUE,
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE IF NOT EXISTS hotmesh.migrations (
  schema_name text NOT NULL,
  number      integer NOT NULL,
  name        text NOT NULL,
  checksum    text NOT NULL,
  applied_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (schema_name, number)
);
