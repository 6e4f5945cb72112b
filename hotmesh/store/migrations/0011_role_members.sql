-- Workers under a role of their own are members of the mesh: they are woken at once, and seen by those who look for consumers.

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
CREATE OR REPLACE FUNCTION {schema}.grant_worker(p_role text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA {schema} TO %I', p_role);
  EXECUTE format('GRANT EXECUTE ON FUNCTION {schema}.worker_claim(text, double precision, text[], integer[]), '
    '{schema}.worker_renew(double precision, uuid[], bigint[]), {schema}.worker_give_back(uuid[], bigint[]), '
    '{schema}.worker_answer(uuid, bigint, json), {schema}.worker_pending(uuid, bigint, integer, json), '
    '{schema}.worker_taken(uuid, bigint, uuid), {schema}.worker_brakes(), '
    '{schema}.worker_heartbeat(uuid, bigint, double precision, json), {schema}.worker_last_heartbeat(uuid), '
    '{schema}.worker_join(text, text[], json), '
    '{schema}.worker_seen(text), {schema}.worker_leave(text), '
    '{schema}.worker_heartbeat(uuid, bigint, double precision, json), {schema}.worker_last_heartbeat(uuid) TO %I', p_role);
END $$;

SELECT {schema}.grant_worker(role::text) FROM {schema}.worker_roles;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} FROM PUBLIC;
