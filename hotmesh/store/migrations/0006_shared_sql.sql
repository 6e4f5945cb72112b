-- The SQL surface: start jobs and send signals from any language, trigger or transaction. The engines do the rest once it commits.

-- The schema of an app, or an error that names those there are.
CREATE OR REPLACE FUNCTION hotmesh.schema_of(p_app text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_schema text;
BEGIN
  SELECT schema_name INTO v_schema FROM hotmesh.apps WHERE id = p_app;
  IF v_schema IS NULL THEN
    RAISE EXCEPTION 'there is no app %; there is %', p_app, coalesce((SELECT string_agg(id, ', ' ORDER BY id) FROM hotmesh.apps), 'none')
      USING ERRCODE = 'HM404';
  END IF;
  RETURN v_schema;
END $$;

-- The channel of an app's mesh.
CREATE OR REPLACE FUNCTION hotmesh.channel_of(p_schema text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN octet_length('hotmesh:' || p_schema) <= 63 THEN 'hotmesh:' || p_schema
              ELSE 'hotmesh:' || left(encode(sha256(convert_to(p_schema, 'UTF8')), 'hex'), 40) END
$$;

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
