-- Roles that can only claim, renew and answer tasks of their own topics. The functions run with their owner's rights and a fixed
-- search_path; they ask the session's role, which the role can't change, and never a setting, which it can.

CREATE TABLE {schema}.worker_roles (
  role       name PRIMARY KEY,
  topics     text[] NOT NULL,
  created_at timestamptz NOT NULL,
  rotated_at timestamptz NOT NULL
);

-- The topics of the session's role, or an error.
CREATE FUNCTION {schema}.worker_topics() RETURNS text[] LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_topics text[];
BEGIN
  SELECT topics INTO v_topics FROM {schema}.worker_roles WHERE role = session_user;
  IF v_topics IS NULL THEN
    RAISE EXCEPTION 'the role % is no worker role of this app', session_user USING ERRCODE = '42501';
  END IF;
  RETURN v_topics;
END $$;

-- Lease tasks of the role's topics, under a token that the server draws.
CREATE FUNCTION {schema}.worker_claim(p_owner text, p_lease_s double precision, p_topics text[], p_limits integer[])
RETURNS TABLE (id uuid, topic text, job_id uuid, symbol text, dimension text, attempt smallint, claims smallint, value text,
               job_key text, job_topic text, version text, trace text, details text, token bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET hotmesh.clock_offset = '' AS $$
#variable_conflict use_column
DECLARE
  v_token bigint := ('x' || translate(substr(gen_random_uuid()::text, 20), '-', '') )::bit(64)::bigint & 9223372036854775807;
BEGIN
  IF NOT p_topics <@ {schema}.worker_topics() THEN
    RAISE EXCEPTION 'the role % may not work for all of %', session_user, p_topics USING ERRCODE = '42501';
  END IF;
  RETURN QUERY SELECT c.*, v_token
  FROM {schema}.claim_tasks('role:' || session_user || ':' || p_owner, least(greatest(p_lease_s, 1), 3600), p_topics, p_limits, v_token) c;
END $$;

-- Renew leases of the role's topics; returns those that are still held under their tokens.
CREATE FUNCTION {schema}.worker_renew(p_lease_s double precision, p_ids uuid[], p_tokens bigint[]) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET hotmesh.clock_offset = '' AS $$
DECLARE
  v_topics text[] := {schema}.worker_topics();
BEGIN
  RETURN QUERY UPDATE {schema}.worker_streams s SET visible_at = hotmesh.now() + make_interval(secs => least(greatest(p_lease_s, 1), 3600))
  FROM unnest(p_ids, p_tokens) u(id, token)
  WHERE s.id = u.id AND s.token = u.token AND s.topic = ANY (v_topics) AND s.visible_at < 'infinity' RETURNING s.id;
END $$;

-- Give leases back unused.
CREATE FUNCTION {schema}.worker_give_back(p_ids uuid[], p_tokens bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_topics text[] := {schema}.worker_topics();
BEGIN
  UPDATE {schema}.worker_streams s SET visible_at = NULL, owner = NULL, token = NULL, claims = greatest(0, s.claims - 1)
  FROM unnest(p_ids, p_tokens) u(id, token)
  WHERE s.id = u.id AND s.token = u.token AND s.topic = ANY (v_topics) AND s.visible_at < 'infinity';
END $$;

-- Answer a task: it is set aside under a new token, and the answer goes to the engines as a message, in one transaction.
-- False when the lease was lost.
CREATE FUNCTION {schema}.worker_answer(p_id uuid, p_token bigint, p_response json) RETURNS boolean
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

-- Keep what a task of the role's topics says of itself, and renew its lease; false when the lease was lost.
CREATE FUNCTION {schema}.worker_heartbeat(p_id uuid, p_token bigint, p_lease_s double precision, p_details json) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET hotmesh.clock_offset = '' AS $$
DECLARE
  v_topics text[] := {schema}.worker_topics();
BEGIN
  UPDATE {schema}.worker_streams s
  SET details = p_details, visible_at = hotmesh.now() + make_interval(secs => least(greatest(p_lease_s, 1), 3600))
  WHERE s.id = p_id AND s.token = p_token AND s.topic = ANY (v_topics) AND s.visible_at < 'infinity';
  RETURN FOUND;
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

-- Take part as `p_owner` of the session's role, or say what has changed; the member's guid.
CREATE FUNCTION {schema}.worker_join(p_owner text, p_topics text[], p_profile json) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_guid text := 'role:' || session_user || ':' || p_owner;
BEGIN
  IF NOT p_topics <@ {schema}.worker_topics() OR length(v_guid) > 200 OR length(p_profile::text) > 20000 THEN
    RAISE EXCEPTION 'the role % may not work for all of %', session_user, p_topics USING ERRCODE = '42501';
  END IF;
  INSERT INTO {schema}.members (guid, topics, profile, seen_at)
  VALUES (v_guid, p_topics, (p_profile::jsonb || jsonb_build_object('guid', v_guid, 'role', session_user))::json, hotmesh.now())
  ON CONFLICT (guid) DO UPDATE SET topics = excluded.topics, profile = excluded.profile, seen_at = excluded.seen_at;
  UPDATE {schema}.mesh SET epoch = epoch + 1;
  PERFORM pg_notify(hotmesh.channel_of({schema_text}), '{"kind":"joined"}');
  RETURN v_guid;
END $$;

-- Be seen; false when the others have given this member up meanwhile.
CREATE FUNCTION {schema}.worker_seen(p_owner text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE {schema}.members SET seen_at = hotmesh.now() WHERE guid = 'role:' || session_user || ':' || p_owner;
  RETURN FOUND;
END $$;

-- Take part no more.
CREATE FUNCTION {schema}.worker_leave(p_owner text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM {schema}.members WHERE guid = 'role:' || session_user || ':' || p_owner;
  UPDATE {schema}.mesh SET epoch = epoch + 1;
  PERFORM pg_notify(hotmesh.channel_of({schema_text}), '{"kind":"left"}');
END $$;

-- Let a role call what a worker calls.
CREATE FUNCTION {schema}.grant_worker(p_role text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA {schema} TO %I', p_role);
  EXECUTE format('GRANT EXECUTE ON FUNCTION {schema}.worker_claim(text, double precision, text[], integer[]), '
    '{schema}.worker_renew(double precision, uuid[], bigint[]), {schema}.worker_give_back(uuid[], bigint[]), '
    '{schema}.worker_answer(uuid, bigint, json), {schema}.worker_pending(uuid, bigint, integer, json), '
    '{schema}.worker_taken(uuid, bigint, uuid), {schema}.worker_brakes(), '
    '{schema}.worker_heartbeat(uuid, bigint, double precision, json), '
    '{schema}.worker_join(text, text[], json), {schema}.worker_seen(text), {schema}.worker_leave(text) TO %I', p_role);
END $$;

-- Make a worker role, or change the topics of one.
CREATE FUNCTION {schema}.provision_worker_role(p_role text, p_password text, p_topics text[]) RETURNS void LANGUAGE plpgsql AS $$
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

-- Take a worker role away: its sessions end, its leases come back when they run out.
CREATE FUNCTION {schema}.revoke_worker_role(p_role text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM {schema}.worker_roles WHERE role = p_role;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = p_role AND pid <> pg_backend_pid();
  EXECUTE format('DROP OWNED BY %I', p_role);
  EXECUTE format('DROP ROLE %I', p_role);
  RETURN true;
END $$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} FROM PUBLIC;
