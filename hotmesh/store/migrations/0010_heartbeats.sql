-- What a task's last attempt has said of itself, for the next one; gone with the task.
ALTER TABLE {schema}.worker_streams ADD COLUMN details json;

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

-- What the last attempt of a task of the role's topics has said of itself.
CREATE FUNCTION {schema}.worker_last_heartbeat(p_id uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_topics text[] := {schema}.worker_topics();
BEGIN
  RETURN (SELECT s.details::text FROM {schema}.worker_streams s WHERE s.id = p_id AND s.topic = ANY (v_topics));
END $$;

-- Let a role call what a worker calls.
CREATE OR REPLACE FUNCTION {schema}.grant_worker(p_role text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA {schema} TO %I', p_role);
  EXECUTE format('GRANT EXECUTE ON FUNCTION {schema}.worker_claim(text, double precision, text[], integer[]), '
    '{schema}.worker_renew(double precision, uuid[], bigint[]), {schema}.worker_give_back(uuid[], bigint[]), '
    '{schema}.worker_answer(uuid, bigint, json), {schema}.worker_pending(uuid, bigint, integer, json), '
    '{schema}.worker_taken(uuid, bigint, uuid), {schema}.worker_brakes(), '
    '{schema}.worker_heartbeat(uuid, bigint, double precision, json), {schema}.worker_last_heartbeat(uuid) TO %I', p_role);
END $$;

SELECT {schema}.grant_worker(role::text) FROM {schema}.worker_roles;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} FROM PUBLIC;
