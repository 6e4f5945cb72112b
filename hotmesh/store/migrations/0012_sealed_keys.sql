-- Under a codec, hooks and signals meet by the fingerprint of what they meet by; what it was made of is kept encoded.

-- What the key was made of, for those who look at the hook; NULL without a codec.
ALTER TABLE {schema}.waits ADD COLUMN sealed text;

-- The part of a key that is compared: under a codec it is `hm:<fingerprint> <encoded>`.
CREATE FUNCTION {schema}.key_print(p_key text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN starts_with(p_key, 'hm:') THEN split_part(p_key, ' ', 1) ELSE p_key END
$$;

-- Lock the places where waits and signals meet, before any of their rows and in the order in which senders do.
CREATE OR REPLACE FUNCTION {schema}.lock_meetings(p jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_meeting text;
BEGIN
  FOR v_meeting IN
    SELECT DISTINCT m COLLATE "C" FROM (
      SELECT w.topic || {schema}.key_print(w.key) FROM jsonb_to_recordset(p -> 'waits') w(topic text, key text)
      UNION ALL
      SELECT s.topic || k FROM jsonb_to_recordset(p -> 'signals') s(topic text, keys jsonb), jsonb_array_elements_text(s.keys) k
    ) meetings(m) ORDER BY 1
  LOOP
    PERFORM pg_advisory_xact_lock(hashtextextended(v_meeting, 7));
  END LOOP;
END $$;

-- Register a hook's wait, and meet it with a signal that came before it.
CREATE OR REPLACE FUNCTION {schema}.register_wait(
  p_id uuid, p_topic text, p_key text, p_job uuid, p_symbol text, p_dimension text, p_now timestamptz
) RETURNS void LANGUAGE plpgsql SET enable_seqscan = off SET enable_indexscan = on SET jit = off AS $$
DECLARE
  v_early {schema}.waits;
  v_key text := {schema}.key_print(p_key);
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(p_topic || v_key, 7));
  LOOP
    SELECT * INTO v_early FROM {schema}.waits
    WHERE topic = p_topic AND key = v_key AND job_id IS NULL AND expires_at > p_now ORDER BY sequence LIMIT 1 FOR UPDATE;
    IF v_early.id IS NOT NULL THEN
      DELETE FROM {schema}.waits WHERE signal_id = v_early.signal_id;
      INSERT INTO {schema}.engine_streams (id, kind, job_id, symbol, dimension, payload)
      VALUES (v_early.signal_id, 'signal', p_job, p_symbol, p_dimension, v_early.payload);
      IF v_early.final THEN
        RETURN;
      END IF;
    ELSE
      INSERT INTO {schema}.waits (id, topic, key, sealed, job_id, symbol, dimension, created_at)
      VALUES (p_id, p_topic, v_key, CASE WHEN v_key <> p_key THEN substr(p_key, length(v_key) + 2) END, p_job, p_symbol, p_dimension, p_now);
      RETURN;
    END IF;
  END LOOP;
END $$;

-- Deliver a signal: to the hook that has waited longest under one of its keys, or with a facet to all of those jobs' hooks on the
-- topic; keep it for later when nobody waits. Returns how many hooks it met; for one, which. With a token the message is leased to
-- `p_owner`, who takes it from memory. Plain keys beside fingerprints are those of hooks that began to wait before there was a codec.
CREATE OR REPLACE FUNCTION {schema}.send_signal(
  p_id uuid, p_topic text, p_keys text[], p_payload text, p_final boolean, p_facet text, p_scrub boolean,
  p_keep_s double precision, p_owner text DEFAULT NULL, p_lease_s double precision DEFAULT NULL, p_token bigint DEFAULT NULL,
  OUT met integer, OUT job_id uuid, OUT symbol text, OUT dimension text
) LANGUAGE plpgsql SET enable_seqscan = off SET enable_indexscan = on SET jit = off AS $$
#variable_conflict use_column
DECLARE
  v_wait {schema}.waits;
  v_key text;
BEGIN
  met := 0;
  IF p_facet IS NOT NULL THEN
    FOR v_wait IN SELECT w.* FROM {schema}.waits w JOIN {schema}.jobs j ON j.id = w.job_id
                  WHERE w.topic = p_topic AND j.facets @> p_facet::jsonb ORDER BY w.sequence FOR UPDATE OF w LOOP
      PERFORM {schema}.deliver(gen_random_uuid(), v_wait, p_payload, p_final, NULL, NULL, NULL);
      met := met + 1;
    END LOOP;
    IF p_scrub THEN
      UPDATE {schema}.jobs j SET facets = nullif(j.facets - (SELECT array_agg(k) FROM jsonb_object_keys(p_facet::jsonb) k), '{{}}')
      WHERE j.facets @> p_facet::jsonb;
    END IF;
    RETURN;
  END IF;
  FOR v_key IN SELECT DISTINCT k COLLATE "C" FROM unnest(p_keys) k ORDER BY 1 LOOP
    PERFORM pg_advisory_xact_lock(hashtextextended(p_topic || v_key, 7));
  END LOOP;
  SELECT * INTO v_wait FROM {schema}.waits
  WHERE topic = p_topic AND key = ANY (p_keys) AND job_id IS NOT NULL ORDER BY sequence LIMIT 1 FOR UPDATE;
  IF v_wait.id IS NOT NULL THEN
    PERFORM {schema}.deliver(p_id, v_wait, p_payload, p_final, p_owner, p_lease_s, p_token);
    met := 1;
    job_id := v_wait.job_id;
    symbol := v_wait.symbol;
    dimension := v_wait.dimension;
    RETURN;
  END IF;
  INSERT INTO {schema}.waits (id, topic, key, signal_id, payload, final, expires_at, created_at)
  SELECT gen_random_uuid(), p_topic, k, p_id, p_payload::json, p_final, hotmesh.now() + make_interval(secs => p_keep_s), hotmesh.now()
  FROM unnest(p_keys) k WHERE starts_with(k, 'hm:') OR NOT EXISTS (SELECT FROM unnest(p_keys) sealed WHERE starts_with(sealed, 'hm:'));
END $$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} FROM PUBLIC;
