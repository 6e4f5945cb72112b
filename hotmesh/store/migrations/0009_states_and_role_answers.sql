-- How a job stands, told in one place; and every kind of answer from workers under a role of their own.

-- One row a job, with its state in a word: running, waiting, paused, completed, failed, interrupted, cancelled.
-- `waiting`: whatever is open waits for a signal, a time, a child, another attempt, or a worker that isn't there.
CREATE OR REPLACE VIEW {schema}.job_status AS
SELECT j.id, j.key AS job_key, j.topic, j.version, j.entity, j.status AS semaphore,
       CASE WHEN j.completed_at IS NOT NULL THEN
              CASE WHEN j.status = 0 THEN 'completed'
                   WHEN j.error IS NULL OR j.error ->> 'kind' = 'interrupted' THEN 'interrupted'
                   WHEN j.error ->> 'kind' = 'cancelled' THEN 'cancelled'
                   ELSE 'failed' END
            WHEN j.paused_at IS NOT NULL THEN 'paused'
            WHEN coalesce((
              SELECT bool_or(CASE
                WHEN a.ledger / 100000000000 % 10 = 0 THEN false
                WHEN w.visible_at > hotmesh.read_now() THEN w.owner IS NOT NULL
                WHEN w.id IS NOT NULL THEN
                  EXISTS (SELECT FROM {schema}.members p WHERE w.topic = ANY (p.topics) AND p.seen_at > hotmesh.read_now() - interval '90 seconds')
                  AND NOT EXISTS (SELECT FROM {schema}.throttles t WHERE t.ms = -1 AND t.scope IN ('all', 'topic:' || w.topic))
                WHEN m.kind = 'retry' OR (m.kind = 'timer' AND m.token IS NULL AND coalesce(m.visible_at > hotmesh.read_now(), true)) THEN false
                WHEN EXISTS (SELECT FROM {schema}.waits s WHERE s.job_id = j.id AND s.symbol = a.symbol AND s.dimension = a.dimension) THEN false
                ELSE m.id IS NOT NULL OR NOT EXISTS (
                  SELECT FROM {schema}.jobs c
                  WHERE c.parent_id = j.id AND c.parent_activity = a.symbol AND c.parent_dimension = a.dimension AND c.completed_at IS NULL)
                END)
              FROM {schema}.jobs_attributes a
              LEFT JOIN LATERAL (SELECT x.* FROM {schema}.worker_streams x WHERE x.id = (a.value ->> 'message_id')::uuid LIMIT 1) w ON true
              LEFT JOIN LATERAL (SELECT x.* FROM {schema}.engine_streams x WHERE x.id = (a.value ->> 'message_id')::uuid LIMIT 1) m ON true
              WHERE a.job_id = j.id AND a.ledger < 300000000000000), true) THEN 'running'
            ELSE 'waiting' END AS state,
       j.error, j.parent_id, j.parent_key, j.origin, j.created_at, j.updated_at, j.completed_at, j.expired_at,
       j.revision, j.facets, j.paused_at, j.pause_reason
FROM {schema}.jobs j WHERE j.retired_at = 'infinity';

-- Answer a task: it is set aside under a new token, and the answer goes to the engines as a message, in one transaction.
-- False when the lease was lost.
CREATE OR REPLACE FUNCTION {schema}.worker_answer(p_id uuid, p_token bigint, p_response json) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_topics text[] := {schema}.worker_topics();
  v_token bigint := ('x' || translate(substr(gen_random_uuid()::text, 20), '-', ''))::bit(64)::bigint & 9223372036854775807;
  v_task {schema}.worker_streams;
BEGIN
  UPDATE {schema}.worker_streams s SET visible_at = 'infinity', token = v_token, owner = 'answered'
  WHERE s.id = p_id AND s.token = p_token AND s.topic = ANY (v_topics) AND s.visible_at < 'infinity' RETURNING s.* INTO v_task;
  IF v_task.id IS NULL THEN
    RETURN false;
  END IF;
  INSERT INTO {schema}.engine_streams (id, kind, job_id, symbol, dimension, payload)
  VALUES (hotmesh.make_id(), 'response', v_task.job_id, v_task.symbol, v_task.dimension,
          json_build_object('task_id', p_id, 'token', v_token, 'response', p_response));
  PERFORM pg_notify(hotmesh.channel_of({schema_text}), '{"kind":"engine"}');
  RETURN true;
END $$;

-- Give a pending answer, the `p_number`-th of its task, and keep the task; the message's id, NULL when the lease was lost.
CREATE FUNCTION {schema}.worker_pending(p_id uuid, p_token bigint, p_number integer, p_response json) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_topics text[] := {schema}.worker_topics();
  v_id uuid := hotmesh.make_id();
  v_task {schema}.worker_streams;
BEGIN
  SELECT s.* INTO v_task FROM {schema}.worker_streams s
  WHERE s.id = p_id AND s.token = p_token AND s.topic = ANY (v_topics) AND s.visible_at < 'infinity' FOR UPDATE;
  IF v_task.id IS NULL THEN
    RETURN NULL;
  END IF;
  INSERT INTO {schema}.engine_streams (id, kind, job_id, symbol, dimension, payload)
  VALUES (v_id, 'response', v_task.job_id, v_task.symbol, v_task.dimension,
          json_build_object('task_id', p_id, 'number', p_number, 'response', p_response));
  PERFORM pg_notify(hotmesh.channel_of({schema_text}), '{"kind":"engine"}');
  RETURN v_id;
END $$;

-- Whether an engine has taken a pending answer; NULL when the lease was lost meanwhile.
CREATE FUNCTION {schema}.worker_taken(p_id uuid, p_token bigint, p_message uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_topics text[] := {schema}.worker_topics();
BEGIN
  IF NOT EXISTS (SELECT FROM {schema}.worker_streams s
                 WHERE s.id = p_id AND s.token = p_token AND s.topic = ANY (v_topics) AND s.visible_at < 'infinity') THEN
    RETURN NULL;
  END IF;
  RETURN NOT EXISTS (SELECT FROM {schema}.engine_streams m WHERE m.id = p_message);
END $$;

-- The brakes that are on for the role's topics: milliseconds per task, -1 = paused.
CREATE FUNCTION {schema}.worker_brakes() RETURNS TABLE (scope text, ms integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_topics text[] := {schema}.worker_topics();
BEGIN
  RETURN QUERY SELECT t.scope, t.ms FROM {schema}.throttles t
  WHERE t.scope = 'all' OR t.scope IN (SELECT 'topic:' || topic FROM unnest(v_topics) topic);
END $$;

-- Let a role call what a worker calls.
CREATE FUNCTION {schema}.grant_worker(p_role text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA {schema} TO %I', p_role);
  EXECUTE format('GRANT EXECUTE ON FUNCTION {schema}.worker_claim(text, double precision, text[], integer[]), '
    '{schema}.worker_renew(double precision, uuid[], bigint[]), {schema}.worker_give_back(uuid[], bigint[]), '
    '{schema}.worker_answer(uuid, bigint, json), {schema}.worker_pending(uuid, bigint, integer, json), '
    '{schema}.worker_taken(uuid, bigint, uuid), {schema}.worker_brakes() TO %I', p_role);
END $$;

-- Make a worker role, or change the topics of one.
CREATE OR REPLACE FUNCTION {schema}.provision_worker_role(p_role text, p_password text, p_topics text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = p_role) THEN
    IF NOT EXISTS (SELECT FROM {schema}.worker_roles WHERE role = p_role) THEN
      RAISE EXCEPTION 'the role % exists and is no worker role of this app', p_role USING ERRCODE = '42710';
    END IF;
    EXECUTE format('ALTER ROLE %I PASSWORD %L', p_role, p_password);
  ELSE
    EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION PASSWORD %L', p_role, p_password);
  END IF;
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), p_role);
  PERFORM {schema}.grant_worker(p_role);
  INSERT INTO {schema}.worker_roles VALUES (p_role, p_topics, hotmesh.now(), hotmesh.now())
  ON CONFLICT (role) DO UPDATE SET topics = p_topics, rotated_at = hotmesh.now();
END $$;

SELECT {schema}.grant_worker(role::text) FROM {schema}.worker_roles;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} FROM PUBLIC;
