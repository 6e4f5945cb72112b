-- name: look
-- The jobs that match in a window of so many ids below $1, the newest first; `last` is where the window ended, `looked` how far it went.
-- Looking at a window at a time costs the same however many jobs there are, and no filter needs an index.
WITH looked AS MATERIALIZED (
  SELECT j.id, j.key, j.entity, j.topic, j.version, j.status, j.revision, j.error, j.paused_at, j.created_at, j.updated_at, j.completed_at,
         j.retired_at, j.expired_at, j.parent_key, j.facets, CASE
           WHEN j.completed_at IS NULL THEN CASE WHEN j.paused_at IS NULL THEN 'open' ELSE 'paused' END
           WHEN j.status = 0 THEN 'completed'
           WHEN j.error IS NULL OR j.error ->> 'kind' = 'interrupted' THEN 'interrupted'
           WHEN j.error ->> 'kind' = 'cancelled' THEN 'cancelled'
           ELSE 'failed' END AS state
  FROM {schema}.jobs j WHERE j.id < $1 ORDER BY j.id DESC LIMIT $2
),
matching AS MATERIALIZED (
  SELECT l.* FROM looked l
  WHERE l.retired_at = 'infinity' AND (l.completed_at IS NULL OR l.expired_at IS NULL OR l.expired_at > hotmesh.now())
    AND ($3::text[] IS NULL OR l.state = ANY ($3))
    AND ($4::text[] IS NULL OR l.topic LIKE ANY ($4))
    AND ($5::text[] IS NULL OR l.key LIKE ANY ($5))
    AND ($6::text IS NULL OR l.entity = $6)
    AND ($7::text IS NULL OR l.version = $7)
    AND ($8::double precision IS NULL OR l.created_at > hotmesh.now() - make_interval(secs => $8))
    AND ($9::double precision IS NULL OR l.created_at < hotmesh.now() - make_interval(secs => $9))
    AND NOT EXISTS (SELECT FROM unnest($10::text[]) w(word) WHERE concat_ws(' ', l.key, l.topic, l.entity, l.parent_key, l.error::text, l.facets::text)
                    NOT ILIKE w.word)
  ORDER BY l.id DESC LIMIT $11
)
SELECT (extract(epoch FROM hotmesh.now()) * 1000)::bigint AS now, (SELECT count(*) FROM looked) AS looked, (SELECT id FROM looked ORDER BY id LIMIT 1) AS last,
       coalesce((SELECT json_agg(json_build_object(
         'id', m.id, 'key', m.key, 'entity', m.entity, 'topic', m.topic, 'version', m.version, 'status', m.status, 'revision', m.revision,
         'error', m.error, 'state', m.state, 'parent', m.parent_key, 'created', (extract(epoch FROM m.created_at) * 1000)::bigint,
         'updated', (extract(epoch FROM m.updated_at) * 1000)::bigint, 'completed', (extract(epoch FROM m.completed_at) * 1000)::bigint, 'open', o.open) ORDER BY m.id DESC)
         FROM matching m LEFT JOIN LATERAL (
           SELECT json_agg(json_build_array(s.symbol, s.moving, s.instances) ORDER BY s.symbol) AS open FROM (
             SELECT a.symbol, count(*) AS instances, bool_or(w.id IS NOT NULL AND (w.visible_at IS NULL OR w.owner IS NOT NULL)) AS moving
             FROM {schema}.jobs_attributes a
             LEFT JOIN LATERAL (
               SELECT x.id, x.visible_at, x.owner FROM {schema}.worker_streams x WHERE x.id = (a.value ->> 'message_id')::uuid
               UNION ALL SELECT x.id, x.visible_at, x.owner FROM {schema}.engine_streams x WHERE x.id = (a.value ->> 'message_id')::uuid
             ) w ON w.id IS NOT NULL
             WHERE a.job_id = m.id AND a.ledger < 300000000000000 GROUP BY a.symbol
           ) s
         ) o ON m.completed_at IS NULL), '[]')::text AS found

-- name: tally
-- How many of the newest $1 jobs are in each state, and about how many jobs there are at all.
SELECT (SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = '{schema}.jobs'::regclass) AS estimate,
       (SELECT json_object_agg(t.state, t.jobs) FROM (
         SELECT CASE WHEN j.completed_at IS NULL THEN CASE WHEN j.paused_at IS NULL THEN 'open' ELSE 'paused' END
                     WHEN j.status = 0 THEN 'completed'
                     WHEN j.error IS NULL OR j.error ->> 'kind' = 'interrupted' THEN 'interrupted'
                     WHEN j.error ->> 'kind' = 'cancelled' THEN 'cancelled'
                     ELSE 'failed' END AS state, count(*) AS jobs
         FROM (SELECT * FROM {schema}.jobs ORDER BY id DESC LIMIT $1) j GROUP BY 1
       ) t)::text AS states
