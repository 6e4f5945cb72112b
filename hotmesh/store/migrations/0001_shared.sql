-- What all apps of a database share: who they are, and the clock that everything stored is told by.

CREATE SCHEMA IF NOT EXISTS hotmesh;

-- The database's clock; a test moves it by setting hotmesh.clock_offset.
CREATE OR REPLACE FUNCTION hotmesh.now() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
  SELECT clock_timestamp() + coalesce(nullif(current_setting('hotmesh.clock_offset', true), ''), '0')::interval
$$;

-- The same clock for views, which the planner can't look into when they ask for a volatile one.
CREATE OR REPLACE FUNCTION hotmesh.read_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT hotmesh.now()';

-- A fresh UUIDv7 (RFC 9562): 48 bits of milliseconds, 12 of their fraction, 62 random ones.
CREATE OR REPLACE FUNCTION hotmesh.make_id() RETURNS uuid LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_us bigint := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
BEGIN
  RETURN (lpad(to_hex(v_us / 1000), 12, '0') || '7' || lpad(to_hex(v_us % 1000 * 4096 / 1000), 3, '0')
          || right(translate(gen_random_uuid()::text, '-', ''), 16))::uuid;
END $$;

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
