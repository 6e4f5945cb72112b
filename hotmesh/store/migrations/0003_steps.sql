-- The functions that steps are committed by, one transaction and one round trip each.
--
-- Their plans must not depend on statistics: a table that was never analyzed, or has grown tenfold since, is the ordinary case for an app in
-- its first minute. So everything but a nested loop from the arrays over a probe of an index is ruled out: scans of whole tables and of
-- whole indexes (a bitmap scan needs a condition), joins that read a table to its end, and JIT, which one wrong estimate sets going.

-- Messages are consumed under their lease token; a timer that its own setter fires has none (it is owned for a minute at most).
-- Commit any number of steps, all or none; the mesh's epoch, the moment that the rows name (seconds of the Unix epoch) and how long it was ago
-- when all was written. Guards: each job's revision, each consumed message's lease token, each wait that a timer settled. A guard that
-- fails raises HM001, HM006 or HM005 with the jobs it failed for in DETAIL, the ids in HINT; a start under a stale version HM002; a job id
-- that is alive HM003. With `p_patience_ms` it waits no longer than so for a row that another transaction holds (55P03). Arrays are sorted by job id, starts by key, so that two engines can't deadlock.
CREATE FUNCTION {schema}.commit_steps(
  p_owner text, p_lease_s double precision,
  u_id uuid[], u_revision integer[], u_status bigint[], u_error text[], u_done boolean[], u_expire double precision[],
  j_id uuid[], j_key text[], j_topic text[], j_version text[], j_status bigint[], j_error text[], j_done boolean[],
  j_expire double precision[], j_entity text[], j_origin text[], j_more jsonb[],
  i_job uuid[], i_symbol text[], i_dimension text[], i_value text[], i_ledger bigint[],
  a_job uuid[], a_symbol text[], a_dimension text[], a_value text[], a_ledger bigint[],
  c_id uuid[], c_token bigint[], c_job uuid[],
  e_id uuid[], e_token bigint[], e_job uuid[],
  t_id uuid[], t_topic text[], t_job uuid[], t_symbol text[], t_dimension text[], t_token bigint[],
  m_id uuid[], m_kind text[], m_job uuid[], m_symbol text[], m_dimension text[], m_payload text[], m_delay double precision[],
  m_token bigint[],
  p_rare jsonb, p_patience_ms integer,
  OUT o_epoch bigint, OUT o_now_s double precision, OUT o_elapsed_s double precision
) LANGUAGE plpgsql
SET enable_seqscan = off SET enable_indexscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_now timestamptz := hotmesh.now();
  v_deadline timestamptz := v_now + make_interval(secs => p_lease_s);
  v_version text;
  v_found uuid[];
  v_count bigint;
BEGIN
  IF p_patience_ms IS NOT NULL THEN
    PERFORM set_config('lock_timeout', p_patience_ms::text, true);
  END IF;
  IF cardinality(u_id) > 0 THEN
    WITH moved AS (
      UPDATE {schema}.jobs j SET
        revision = j.revision + 1, status = u.status, error = u.error::json, updated_at = v_now,
        completed_at = CASE WHEN u.done THEN coalesce(j.completed_at, v_now) END,
        expired_at = CASE WHEN u.expire IS NULL THEN j.expired_at WHEN u.expire >= 0 THEN v_now + make_interval(secs => u.expire) END
      FROM unnest(u_id, u_revision, u_status, u_error, u_done, u_expire) u(id, revision, status, error, done, expire)
      WHERE j.id = u.id AND j.revision = u.revision AND j.paused_at IS NULL
      RETURNING j.id
    ) SELECT array_agg(id) INTO v_found FROM moved;
    IF cardinality(v_found) IS DISTINCT FROM cardinality(u_id) THEN
      PERFORM {schema}.raise_unfound('HM001', u_id, u_id, v_found);
    END IF;
  END IF;
  IF cardinality(c_id) > 0 THEN
    WITH gone AS (
      DELETE FROM {schema}.worker_streams w USING unnest(c_id, c_token) c(id, token)
      WHERE w.id = c.id AND w.token = c.token RETURNING c.id
    ) SELECT array_agg(id) INTO v_found FROM gone;
    IF cardinality(v_found) IS DISTINCT FROM cardinality(c_id) THEN
      PERFORM {schema}.raise_unfound('HM006', c_id, c_job, v_found);
    END IF;
  END IF;
  IF cardinality(e_id) > 0 THEN
    WITH gone AS (
      DELETE FROM {schema}.engine_streams w USING unnest(e_id, e_token) c(id, token)
      WHERE w.id = c.id AND w.token IS NOT DISTINCT FROM c.token RETURNING c.id
    ) SELECT array_agg(id) INTO v_found FROM gone;
    IF cardinality(v_found) IS DISTINCT FROM cardinality(e_id) THEN
      PERFORM {schema}.raise_unfound('HM006', e_id, e_job, v_found);
    END IF;
  END IF;
  SELECT epoch, version INTO o_epoch, v_version FROM {schema}.mesh WHERE single;
  IF cardinality(j_id) > 0 THEN
    IF (v_version = ALL (j_version)) IS NOT TRUE THEN
      PERFORM {schema}.raise_other_version(j_id, j_version, j_more, v_version);
    END IF;
    v_found := '{{}}';
    LOOP
      WITH stored AS (
        INSERT INTO {schema}.jobs (id, key, topic, version, status, error, completed_at, expired_at, created_at, updated_at,
                          entity, origin, facets, trace, parent_id, parent_key, parent_activity, parent_dimension, parent_waits)
        SELECT n.id, n.key, n.topic, n.version, n.status, n.error::json, CASE WHEN n.done THEN v_now END,
               CASE WHEN n.expire >= 0 THEN v_now + make_interval(secs => n.expire) END, v_now, v_now,
               n.entity, n.origin, n.more -> 'facets', (n.more -> 'trace')::json, (n.more ->> 'parent_id')::uuid, n.more ->> 'parent_key',
               n.more ->> 'parent_activity', n.more ->> 'parent_dimension', coalesce((n.more ->> 'parent_waits')::boolean, true)
        FROM unnest(j_id, j_key, j_topic, j_version, j_status, j_error, j_done, j_expire, j_entity, j_origin, j_more)
               n(id, key, topic, version, status, error, done, expire, entity, origin, more)
        ON CONFLICT (key, retired_at) DO NOTHING
        RETURNING id
      ) SELECT v_found || coalesce(array_agg(id), '{{}}') INTO v_found FROM stored;
      EXIT WHEN cardinality(v_found) = cardinality(j_id);
      PERFORM {schema}.retire_jobs(j_id, j_key, j_more, v_found, v_now);
    END LOOP;
  END IF;
  IF cardinality(i_job) > 0 THEN
    INSERT INTO {schema}.jobs_attributes (job_id, symbol, dimension, value, ledger)
    SELECT job, symbol, dimension, value::json, ledger FROM unnest(i_job, i_symbol, i_dimension, i_value, i_ledger) i(job, symbol, dimension, value, ledger);
  END IF;
  IF cardinality(a_job) > 0 THEN
    UPDATE {schema}.jobs_attributes a SET value = u.value::json, ledger = u.ledger
    FROM unnest(a_job, a_symbol, a_dimension, a_value, a_ledger) u(job, symbol, dimension, value, ledger)
    WHERE a.job_id = u.job AND a.symbol = u.symbol AND a.dimension = u.dimension AND (u.ledger IS NULL OR a.ledger <= u.ledger);
    GET DIAGNOSTICS v_count = ROW_COUNT;
    IF v_count <> cardinality(a_job) THEN
      RAISE EXCEPTION 'a ledger would shrink or its row is gone' USING ERRCODE = 'HM004';
    END IF;
  END IF;
  IF cardinality(t_id) > 0 THEN
    INSERT INTO {schema}.worker_streams (id, topic, job_id, symbol, dimension, visible_at, claims, owner, token)
    SELECT id, topic, job, symbol, dimension, CASE WHEN token IS NOT NULL THEN v_deadline END,
           CASE WHEN token IS NULL THEN 0 ELSE 1 END, CASE WHEN token IS NOT NULL THEN p_owner END, token
    FROM unnest(t_id, t_topic, t_job, t_symbol, t_dimension, t_token) t(id, topic, job, symbol, dimension, token);
  END IF;
  IF cardinality(m_id) > 0 THEN
    INSERT INTO {schema}.engine_streams (id, kind, job_id, symbol, dimension, payload, visible_at, claims, owner, token)
    SELECT id, kind, job, symbol, dimension, payload::json,
           CASE WHEN token IS NOT NULL THEN v_deadline WHEN delay > 0 THEN v_now + make_interval(secs => delay) END,
           CASE WHEN token IS NULL THEN 0 ELSE 1 END, CASE WHEN token IS NOT NULL OR (kind = 'timer' AND delay <= 60) THEN p_owner END, token
    FROM unnest(m_id, m_kind, m_job, m_symbol, m_dimension, m_payload, m_delay, m_token) m(id, kind, job, symbol, dimension, payload, delay, token);
  END IF;
  IF p_rare IS NOT NULL THEN
    PERFORM {schema}.commit_rare(p_rare, v_now);
  END IF;
  o_now_s := extract(epoch FROM v_now);
  o_elapsed_s := extract(epoch FROM hotmesh.now() - v_now);
END $$;

-- Raise an error for what was wanted and not found: its jobs in DETAIL, its ids in HINT.
CREATE FUNCTION {schema}.raise_unfound(p_code text, p_wanted uuid[], p_jobs uuid[], p_found uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_jobs text;
  v_ids text;
BEGIN
  SELECT string_agg(DISTINCT job::text, ','), string_agg(DISTINCT id::text, ',') INTO v_jobs, v_ids
  FROM unnest(p_wanted, p_jobs) w(id, job) WHERE NOT id = ANY (coalesce(p_found, '{{}}'));
  RAISE EXCEPTION 'not found' USING ERRCODE = p_code, DETAIL = v_jobs, HINT = v_ids;
END $$;

-- Raise HM002 for the starts whose version is not the active one, unless they are pinned to it as children are to their parent's.
CREATE FUNCTION {schema}.raise_other_version(j_id uuid[], j_version text[], j_more jsonb[], p_version text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_others text;
BEGIN
  SELECT string_agg(n.id::text, ',') INTO v_others FROM unnest(j_id, j_version, j_more) n(id, version, more)
  WHERE n.version IS DISTINCT FROM p_version AND NOT coalesce((n.more ->> 'pinned')::boolean, false);
  IF v_others IS NOT NULL THEN
    RAISE EXCEPTION 'stale version' USING ERRCODE = 'HM002', DETAIL = v_others;
  END IF;
END $$;

-- Some starts, those not stored yet, met a job that has their key: retire those jobs that have expired (or are finished, and are to be
-- replaced), else raise HM003. Neither when what they met has just been deleted.
CREATE FUNCTION {schema}.retire_jobs(j_id uuid[], j_key text[], j_more jsonb[], p_stored uuid[], p_now timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  v_taken text;
BEGIN
  UPDATE {schema}.jobs j SET retired_at = p_now FROM unnest(j_id, j_key, j_more) n(id, key, more)
  WHERE j.key = n.key AND j.retired_at = 'infinity' AND j.id <> n.id AND j.completed_at IS NOT NULL
    AND (j.expired_at <= p_now OR n.more ->> 'on_duplicate' = 'replace_finished');
  IF NOT FOUND THEN
    SELECT string_agg(n.id::text, ',') INTO v_taken
    FROM unnest(j_id, j_key) n(id, key) JOIN {schema}.jobs j ON j.key = n.key AND j.retired_at = 'infinity'
    WHERE NOT n.id = ANY (p_stored);
    IF v_taken IS NOT NULL THEN
      RAISE EXCEPTION 'duplicate job' USING ERRCODE = 'HM003', DETAIL = v_taken;
    END IF;
  END IF;
END $$;

-- What few steps do: waits, signals, escalations, retries, take-backs, answers of tasks that go on. One JSON object of lists.
CREATE FUNCTION {schema}.commit_rare(p jsonb, p_now timestamptz) RETURNS void LANGUAGE plpgsql
SET enable_seqscan = off SET enable_indexscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_row jsonb;
  v_found uuid[];
  v_met text[] := '{{}}';
BEGIN
  PERFORM {schema}.lock_meetings(p);
  IF p ? 'settled_waits' THEN
    WITH gone AS (
      DELETE FROM {schema}.waits w USING jsonb_to_recordset(p -> 'settled_waits') s(id uuid, job uuid) WHERE w.id = s.id RETURNING w.id
    ) SELECT array_agg(id) INTO v_found FROM gone;
    PERFORM {schema}.raise_unfound('HM005', array_agg(s.id), array_agg(s.job), v_found)
    FROM jsonb_to_recordset(p -> 'settled_waits') s(id uuid, job uuid)
    HAVING count(*) <> coalesce(cardinality(v_found), 0);
  END IF;
  IF p ? 'kept_tasks' THEN
    SELECT array_agg(w.id) INTO v_found FROM jsonb_to_recordset(p -> 'kept_tasks') k(id uuid, token bigint)
    JOIN {schema}.worker_streams w ON w.id = k.id AND w.token = k.token;
    PERFORM {schema}.raise_unfound('HM006', array_agg(k.id), array_agg(k.job), v_found)
    FROM jsonb_to_recordset(p -> 'kept_tasks') k(id uuid, job uuid)
    HAVING count(*) <> coalesce(cardinality(v_found), 0);
  END IF;
  IF p ? 'removed_tasks' THEN
    DELETE FROM {schema}.worker_streams WHERE id IN (SELECT jsonb_array_elements_text(p -> 'removed_tasks')::uuid);
  END IF;
  IF p ? 'removed_messages' THEN
    DELETE FROM {schema}.engine_streams WHERE id IN (SELECT jsonb_array_elements_text(p -> 'removed_messages')::uuid);
  END IF;
  IF p ? 'removed_waits' THEN
    DELETE FROM {schema}.waits WHERE id IN (SELECT jsonb_array_elements_text(p -> 'removed_waits')::uuid);
  END IF;
  IF p ? 'retries' THEN
    WITH again AS (
      UPDATE {schema}.worker_streams w SET attempt = w.attempt + 1, claims = 0, owner = NULL, token = NULL,
        visible_at = CASE WHEN r.parked THEN 'infinity' WHEN r.delay > 0 THEN p_now + make_interval(secs => r.delay) END
      FROM jsonb_to_recordset(p -> 'retries') r(id uuid, token bigint, delay double precision, parked boolean)
      WHERE w.id = r.id AND w.token = r.token RETURNING w.id
    ) SELECT array_agg(id) INTO v_found FROM again;
    PERFORM {schema}.raise_unfound('HM006', array_agg(r.id), array_agg(r.job), v_found)
    FROM jsonb_to_recordset(p -> 'retries') r(id uuid, job uuid)
    HAVING count(*) <> coalesce(cardinality(v_found), 0);
  END IF;
  IF p ? 'purged' THEN
    DELETE FROM {schema}.jobs_attributes a USING jsonb_to_recordset(p -> 'purged') g(job uuid, below integer)
    WHERE a.job_id = g.job AND a.ledger IS NOT NULL AND nullif(split_part(a.dimension, ',', 3), '')::integer < g.below;
  END IF;
  IF p ? 'persisted' THEN
    UPDATE {schema}.jobs SET persisted = true WHERE id IN (SELECT jsonb_array_elements_text(p -> 'persisted')::uuid);
  END IF;
  IF p ? 'paused' THEN
    UPDATE {schema}.jobs SET paused_at = p_now WHERE id IN (SELECT jsonb_array_elements_text(p -> 'paused')::uuid);
  END IF;
  IF p ? 'closed_escalations' THEN
    UPDATE {schema}.escalations e SET state = c.state, updated_at = p_now
    FROM jsonb_to_recordset(p -> 'closed_escalations') c(id uuid, state text) WHERE e.id = c.id AND e.state IN ('pending', 'claimed');
  END IF;
  IF p ? 'dead_letters' THEN
    INSERT INTO {schema}.dead_letters (id, job_id, symbol, dimension, error, created_at)
    SELECT id, job, symbol, dimension, error::json, p_now
    FROM jsonb_to_recordset(p -> 'dead_letters') d(id uuid, job uuid, symbol text, dimension text, error jsonb) ON CONFLICT DO NOTHING;
  END IF;
  IF p ? 'escalations' THEN
    INSERT INTO {schema}.escalations (id, job_id, symbol, dimension, role, type, subtype, entity, priority, description, fields, topic, key, created_at, updated_at)
    SELECT id, job, symbol, dimension, fields ->> 'role', fields ->> 'type', fields ->> 'subtype', fields ->> 'entity',
           coalesce((fields ->> 'priority')::integer, 5), fields ->> 'description', fields, topic, key, p_now, p_now
    FROM jsonb_to_recordset(p -> 'escalations') e(id uuid, job uuid, symbol text, dimension text, fields jsonb, topic text, key text);
  END IF;
  IF p ? 'descend' THEN
    INSERT INTO {schema}.engine_streams (id, kind, job_id, payload)
    SELECT gen_random_uuid(), 'interrupt', j.id, (d.payload || jsonb_build_object('key', j.key))::json
    FROM jsonb_to_recordset(p -> 'descend') d(job uuid, payload jsonb)
    JOIN {schema}.jobs j ON j.parent_id = d.job AND j.completed_at IS NULL;
  END IF;
  FOR v_row IN SELECT * FROM jsonb_array_elements(coalesce(p -> 'waits', '[]')) LOOP
    CONTINUE WHEN v_met @> ARRAY[(v_row ->> 'job') || (v_row ->> 'symbol') || (v_row ->> 'dimension')];
    IF {schema}.register_wait((v_row ->> 'id')::uuid, v_row ->> 'topic', v_row ->> 'key', (v_row ->> 'job')::uuid,
                              v_row ->> 'symbol', v_row ->> 'dimension', p_now) THEN
      v_met := v_met || ((v_row ->> 'job') || (v_row ->> 'symbol') || (v_row ->> 'dimension'));
    END IF;
  END LOOP;
  FOR v_row IN SELECT * FROM jsonb_array_elements(coalesce(p -> 'signals', '[]')) LOOP
    PERFORM {schema}.send_signal((v_row ->> 'id')::uuid, v_row ->> 'topic',
      ARRAY(SELECT jsonb_array_elements_text(v_row -> 'keys')), v_row ->> 'payload', (v_row ->> 'final')::boolean, v_row ->> 'facet', (v_row ->> 'scrub')::boolean,
      (v_row ->> 'keep_s')::double precision);
  END LOOP;
END $$;

-- The part of a key that is compared: under a codec it is `hm:<fingerprint> <encoded>`.
CREATE FUNCTION {schema}.key_print(p_key text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN starts_with(p_key, 'hm:') THEN split_part(p_key, ' ', 1) ELSE p_key END
$$;

-- Lock the places where waits and signals meet, before any of their rows and in the order in which senders do.
CREATE FUNCTION {schema}.lock_meetings(p jsonb) RETURNS void LANGUAGE plpgsql AS $$
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

-- Register a hook's wait, and meet it with a signal that came before it; whether that settles the hook. Then none of its waits stays.
CREATE FUNCTION {schema}.register_wait(
  p_id uuid, p_topic text, p_key text, p_job uuid, p_symbol text, p_dimension text, p_now timestamptz
) RETURNS boolean LANGUAGE plpgsql SET enable_seqscan = off SET enable_indexscan = on SET jit = off AS $$
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
        DELETE FROM {schema}.waits WHERE job_id = p_job AND symbol = p_symbol AND dimension = p_dimension;
        RETURN true;
      END IF;
    ELSE
      INSERT INTO {schema}.waits (id, topic, key, sealed, job_id, symbol, dimension, created_at)
      VALUES (p_id, p_topic, v_key, CASE WHEN v_key <> p_key THEN substr(p_key, length(v_key) + 2) END, p_job, p_symbol, p_dimension, p_now);
      RETURN false;
    END IF;
  END LOOP;
END $$;

-- Deliver a signal: to the hook that has waited longest under one of its keys, or with a facet to all of those jobs' hooks on the
-- topic; keep it for later when nobody waits. Returns how many hooks it met; for one, which. With a token the message is leased to
-- `p_owner`, who takes it from memory. Plain keys beside fingerprints are those of hooks that began to wait before there was a codec.
CREATE FUNCTION {schema}.send_signal(
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

-- Hand a signal to the job of a wait; a final one settles the wait and those of the same hook.
CREATE FUNCTION {schema}.deliver(
  p_id uuid, p_wait {schema}.waits, p_payload text, p_final boolean, p_owner text, p_lease_s double precision, p_token bigint
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF p_final THEN
    DELETE FROM {schema}.waits WHERE job_id = p_wait.job_id AND symbol = p_wait.symbol AND dimension = p_wait.dimension;
  END IF;
  INSERT INTO {schema}.engine_streams (id, kind, job_id, symbol, dimension, payload, owner, token, visible_at, claims)
  VALUES (p_id, 'signal', p_wait.job_id, p_wait.symbol, p_wait.dimension, p_payload::json, p_owner, p_token,
          CASE WHEN p_token IS NOT NULL THEN hotmesh.now() + make_interval(secs => p_lease_s) END,
          CASE WHEN p_token IS NULL THEN 0 ELSE 1 END);
END $$;
