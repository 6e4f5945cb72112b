-- The functions that read and lease: claims, renewals, loads.
--
-- A process that dies takes all its leases with it, of which only one may be to blame. What three processes have died over is a suspect: an
-- owner has one at a time, so that the guilty dies alone and the others are done.
--
-- As with commit_steps, no plan may depend on statistics. A claim walks the index that holds what is ready, in its order, and probes by the
-- ids it found; the others probe from their arrays.

-- Lease tasks to `p_owner`: per topic first those that came due (retries, expired leases), then by priority, then the oldest.
CREATE FUNCTION {schema}.claim_tasks(p_owner text, p_lease_s double precision, p_topics text[], p_limits integer[], p_token bigint)
RETURNS TABLE (id uuid, topic text, job_id uuid, symbol text, dimension text, attempt smallint, claims smallint, value text,
               job_key text, job_topic text, version text, trace text, details text)
LANGUAGE plpgsql SET enable_seqscan = off SET enable_indexscan = on SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz := hotmesh.now();
  v_picked uuid[];
BEGIN
  WITH wanted AS MATERIALIZED (SELECT w.topic, w.n FROM unnest(p_topics, p_limits) w(topic, n)),
  due AS MATERIALIZED (
    SELECT t.id, w.topic FROM wanted w, LATERAL (
      SELECT s.id FROM {schema}.worker_streams s WHERE s.topic = w.topic AND s.visible_at <= v_now AND s.claims < 3
      ORDER BY s.visible_at LIMIT w.n FOR UPDATE SKIP LOCKED) t),
  suspect AS MATERIALIZED (
    SELECT s.id FROM {schema}.worker_streams s WHERE s.claims >= 3 AND s.visible_at <= v_now AND s.topic = ANY (p_topics)
      AND NOT EXISTS (SELECT 1 FROM {schema}.worker_streams o WHERE o.claims > 3 AND o.owner = p_owner AND o.visible_at > v_now)
    ORDER BY s.claims DESC LIMIT 1 FOR UPDATE OF s SKIP LOCKED),
  ready AS MATERIALIZED (
    SELECT t.id FROM wanted w, LATERAL (
      SELECT s.id FROM {schema}.worker_streams s WHERE s.topic = w.topic AND s.visible_at IS NULL
      ORDER BY s.priority DESC, s.id LIMIT greatest(0, w.n - (SELECT count(*) FROM due d WHERE d.topic = w.topic)) FOR UPDATE SKIP LOCKED) t)
  SELECT array_agg(p.id) INTO v_picked FROM (SELECT d.id FROM due d UNION ALL SELECT id FROM suspect UNION ALL SELECT r.id FROM ready r) p;
  IF v_picked IS NULL THEN
    RETURN;
  END IF;
  RETURN QUERY
  WITH leased AS (
    UPDATE {schema}.worker_streams s
    SET owner = p_owner, token = p_token, claims = s.claims + 1, visible_at = v_now + make_interval(secs => p_lease_s)
    WHERE s.id = ANY (v_picked) RETURNING s.*)
  SELECT l.id, l.topic, l.job_id, l.symbol, l.dimension, l.attempt, l.claims, a.value::text, j.key, j.topic, j.version, j.trace::text,
         l.details::text
  FROM leased l,
  LATERAL (SELECT x.key, x.topic, x.version, x.trace FROM {schema}.jobs x WHERE x.id = l.job_id OFFSET 0) j,
  LATERAL (SELECT x.value FROM {schema}.jobs_attributes x
           WHERE x.job_id = l.job_id AND x.symbol = l.symbol AND x.dimension = l.dimension OFFSET 0) a
  ORDER BY l.priority DESC, l.id;
END $$;

-- Lease messages to the engine `p_owner`: those that came due, then by priority, then the oldest. A timer that another engine has set
-- is left to it for a quarter of a second.
CREATE FUNCTION {schema}.claim_messages(p_owner text, p_lease_s double precision, p_limit integer, p_token bigint)
RETURNS TABLE (id uuid, kind text, job_id uuid, symbol text, dimension text, payload text, claims smallint, due_at timestamptz)
LANGUAGE plpgsql SET enable_seqscan = off SET enable_indexscan = on SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET jit = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz := hotmesh.now();
  v_picked uuid[];
  v_due timestamptz[];
BEGIN
  WITH due AS MATERIALIZED (
    SELECT s.id, s.visible_at FROM {schema}.engine_streams s WHERE s.visible_at <= v_now
      AND (s.visible_at <= v_now - interval '250 milliseconds' OR s.token IS NOT NULL OR s.owner IS NULL) AND s.claims < 3
    ORDER BY s.visible_at LIMIT p_limit FOR UPDATE SKIP LOCKED),
  suspect AS MATERIALIZED (
    SELECT s.id, s.visible_at FROM {schema}.engine_streams s WHERE s.claims >= 3 AND s.visible_at <= v_now
      AND NOT EXISTS (SELECT 1 FROM {schema}.engine_streams o WHERE o.claims > 3 AND o.owner = p_owner AND o.visible_at > v_now)
    ORDER BY s.claims DESC LIMIT 1 FOR UPDATE OF s SKIP LOCKED),
  ready AS MATERIALIZED (
    SELECT s.id, s.visible_at FROM {schema}.engine_streams s WHERE s.visible_at IS NULL
    ORDER BY s.priority DESC, s.id LIMIT greatest(0, p_limit - (SELECT count(*) FROM due)) FOR UPDATE SKIP LOCKED)
  SELECT array_agg(p.id), array_agg(p.visible_at) INTO v_picked, v_due
  FROM (SELECT * FROM due UNION ALL SELECT * FROM suspect UNION ALL SELECT * FROM ready) p;
  IF v_picked IS NULL THEN
    RETURN;
  END IF;
  RETURN QUERY
  WITH leased AS (
    UPDATE {schema}.engine_streams s
    SET owner = p_owner, token = p_token, claims = s.claims + 1, visible_at = v_now + make_interval(secs => p_lease_s)
    WHERE s.id = ANY (v_picked) RETURNING s.*)
  SELECT l.id, l.kind, l.job_id, l.symbol, l.dimension, l.payload::text, l.claims, v_due[array_position(v_picked, l.id)]
  FROM leased l ORDER BY l.priority DESC, l.id;
END $$;

-- When the next message and the next task of these topics come due, as seconds from now; NULL = none.
CREATE FUNCTION {schema}.next_due(p_topics text[]) RETURNS TABLE (messages_s double precision, tasks_s double precision)
LANGUAGE sql SET enable_seqscan = off SET jit = off AS $$
  SELECT extract(epoch FROM (SELECT min(visible_at) FROM {schema}.engine_streams
                             WHERE visible_at IS NOT NULL AND visible_at < 'infinity') - hotmesh.now()),
         extract(epoch FROM (SELECT min(s.at) FROM unnest(p_topics) t(topic), LATERAL (
           SELECT min(visible_at) AS at FROM {schema}.worker_streams
           WHERE topic = t.topic AND visible_at IS NOT NULL AND visible_at < 'infinity') s) - hotmesh.now())
$$;

-- Renew leases; returns the ids that are still the owner's. A row that somebody has locked is left as it is, since nobody else can claim it
-- either: a commit on its way that waits for another transaction holds up no renewal.
CREATE FUNCTION {schema}.renew_leases(p_lease_s double precision, t_id uuid[], t_token bigint[], m_id uuid[], m_token bigint[])
RETURNS SETOF uuid LANGUAGE sql SET enable_seqscan = off SET enable_indexscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $$
  WITH tasks AS (
    UPDATE {schema}.worker_streams s SET visible_at = hotmesh.now() + make_interval(secs => p_lease_s)
    FROM (SELECT w.id FROM unnest(t_id, t_token) u(id, token) JOIN {schema}.worker_streams w ON w.id = u.id AND w.token = u.token
          FOR UPDATE OF w SKIP LOCKED) ours WHERE s.id = ours.id),
  messages AS (
    UPDATE {schema}.engine_streams s SET visible_at = hotmesh.now() + make_interval(secs => p_lease_s)
    FROM (SELECT w.id FROM unnest(m_id, m_token) u(id, token) JOIN {schema}.engine_streams w ON w.id = u.id AND w.token = u.token
          FOR UPDATE OF w SKIP LOCKED) ours WHERE s.id = ours.id)
  SELECT w.id FROM unnest(t_id, t_token) u(id, token) JOIN {schema}.worker_streams w ON w.id = u.id AND w.token = u.token
  UNION ALL
  SELECT w.id FROM unnest(m_id, m_token) u(id, token) JOIN {schema}.engine_streams w ON w.id = u.id AND w.token = u.token
$$;

-- Give leases back, ready for the next claim.
CREATE FUNCTION {schema}.give_back(t_id uuid[], t_token bigint[], m_id uuid[], m_token bigint[]) RETURNS void
LANGUAGE sql SET enable_seqscan = off SET enable_indexscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $$
  UPDATE {schema}.worker_streams s SET visible_at = NULL, owner = NULL, token = NULL, claims = greatest(0, claims - 1)
  FROM unnest(t_id, t_token) u(id, token) WHERE s.id = u.id AND s.token = u.token;
  UPDATE {schema}.engine_streams s SET visible_at = NULL, owner = NULL, token = NULL, claims = greatest(0, claims - 1)
  FROM unnest(m_id, m_token) u(id, token) WHERE s.id = u.id AND s.token = u.token;
$$;

-- Everything the rows say about some jobs.
CREATE FUNCTION {schema}.load_jobs(p_ids uuid[])
RETURNS TABLE (id uuid, key text, entity text, topic text, version text, status bigint, revision integer, error text, facets text,
               parent_id uuid, parent_key text, parent_activity text, parent_dimension text, parent_waits boolean, origin text, trace text,
               persisted boolean, paused boolean, done boolean, created_at timestamptz, updated_at timestamptz,
               symbols text[], dimensions text[], vals text[], ledgers bigint[])
LANGUAGE sql STABLE SET enable_seqscan = off SET enable_indexscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $$
  SELECT j.id, j.key, j.entity, j.topic, j.version, j.status, j.revision, j.error::text, j.facets::text,
         j.parent_id, j.parent_key, j.parent_activity, j.parent_dimension, j.parent_waits, j.origin, j.trace::text,
         j.persisted, j.paused_at IS NOT NULL, j.completed_at IS NOT NULL, j.created_at, j.updated_at,
         a.symbols, a.dimensions, a.vals, a.ledgers
  FROM unnest(p_ids) i(id) JOIN {schema}.jobs j ON j.id = i.id, LATERAL (
    SELECT array_agg(x.symbol) AS symbols, array_agg(x.dimension) AS dimensions, array_agg(x.value::text) AS vals,
           array_agg(x.ledger) AS ledgers
    FROM {schema}.jobs_attributes x WHERE x.job_id = j.id) a
$$;
