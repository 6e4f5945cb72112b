-- Rows that SQL makes have ids of version 7 too: the newest last, in the order of the clock, as lists and queues read them.

-- A fresh UUIDv7 (RFC 9562): 48 bits of milliseconds, 12 of their fraction, 62 random ones.
CREATE OR REPLACE FUNCTION hotmesh.make_id() RETURNS uuid LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_us bigint := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
BEGIN
  RETURN (lpad(to_hex(v_us / 1000), 12, '0') || '7' || lpad(to_hex(v_us % 1000 * 4096 / 1000), 3, '0')
          || right(translate(gen_random_uuid()::text, '-', ''), 16))::uuid;
END $$;

-- The same clock for views, which the planner can't look into when they ask for a volatile one.
CREATE OR REPLACE FUNCTION hotmesh.read_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT hotmesh.now()';

-- Start a job of the active version when this transaction commits; its id: the one given, or a fresh one.
-- An unknown app or topic, and an id that is alive, are errors here; a payload that does not fit is a dead letter (`hotmesh dead`).
CREATE OR REPLACE FUNCTION hotmesh.pub(p_app text, p_topic text, p_data json DEFAULT '{{}}', p_job_id text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  v_schema text := hotmesh.schema_of(p_app);
  v_id uuid := hotmesh.make_id();
  v_found text;
BEGIN
  EXECUTE format('SELECT v.program -> ''graphs'' ->> $1 FROM %1$I.versions v JOIN %1$I.mesh m ON m.version = v.version', v_schema)
    INTO v_found USING p_topic;
  IF v_found IS NULL THEN
    RAISE EXCEPTION 'no graph of the active version of % subscribes to %', p_app, p_topic USING ERRCODE = 'HM404';
  END IF;
  EXECUTE format('SELECT key FROM %I.jobs WHERE key = $1 AND retired_at = ''infinity'' AND (expired_at IS NULL OR expired_at > hotmesh.now())',
                 v_schema) INTO v_found USING p_job_id;
  IF v_found = p_job_id THEN
    RAISE EXCEPTION 'a job with the id % is alive already', p_job_id USING ERRCODE = 'HM003';
  END IF;
  EXECUTE format('INSERT INTO %I.engine_streams (id, kind, payload) VALUES ($1, ''start'', $2)', v_schema) USING v_id, json_build_object(
    'topic', p_topic, 'data', p_data, 'id', v_id, 'key', coalesce(p_job_id, v_id::text));
  PERFORM pg_notify(hotmesh.channel_of(v_schema), '{"kind":"engine"}');
  RETURN coalesce(p_job_id, v_id::text);
END $$;

-- Send a signal when this transaction commits; the signal's id.
CREATE OR REPLACE FUNCTION hotmesh.signal(
  p_app text, p_topic text, p_data json DEFAULT '{{}}', p_status text DEFAULT 'success', p_code integer DEFAULT 200
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  v_schema text := hotmesh.schema_of(p_app);
  v_id uuid := hotmesh.make_id();
BEGIN
  EXECUTE format('INSERT INTO %I.engine_streams (id, kind, payload) VALUES ($1, ''send'', $2)', v_schema) USING v_id, json_build_object(
    'topic', p_topic, 'data', p_data, 'status', p_status, 'code', p_code);
  PERFORM pg_notify(hotmesh.channel_of(v_schema), '{"kind":"engine"}');
  RETURN v_id::text;
END $$;
