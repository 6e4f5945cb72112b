-- name: has_apps
-- Whether any app was ever stored in this database.
SELECT to_regclass('hotmesh.apps') IS NOT NULL

-- name: apps
-- Every app of the database, with the schema it has, that this role may look into.
SELECT a.id FROM hotmesh.apps a JOIN pg_namespace n ON n.nspname = a.schema_name ORDER BY a.id

-- name: jobs
-- A page of jobs, the newest first, from $1 (a row id) on; every filter is NULL when it isn't wanted. $9 bounds the ids that $8 allows,
-- $12 says whether only open jobs are wanted, so that nothing is looked up for the others.
WITH page AS MATERIALIZED (
  SELECT j.* FROM {schema}.jobs j
  WHERE j.retired_at = 'infinity' AND (j.expired_at IS NULL OR j.expired_at > (SELECT hotmesh.now()) OR j.completed_at IS NULL)
    AND ($1::uuid IS NULL OR j.id < $1)
    AND ($12::boolean IS NULL OR (j.completed_at IS NULL) = $12)
    AND ($2::text[] IS NULL OR CASE
          WHEN j.status = 0 THEN 'completed'
          WHEN j.status < 0 THEN CASE WHEN j.error IS NULL THEN 'interrupted' ELSE coalesce(j.error ->> 'kind', 'failed') END
          WHEN j.paused_at IS NOT NULL THEN 'paused'
          WHEN EXISTS (
            SELECT FROM {schema}.jobs_attributes a JOIN {schema}.worker_streams w ON w.id = (a.value ->> 'message_id')::uuid
            WHERE a.job_id = j.id AND a.ledger < 300000000000000 AND w.visible_at > (SELECT hotmesh.now()) AND w.token IS NOT NULL) THEN 'running'
          ELSE 'waiting' END = ANY ($2))
    AND ($3::text IS NULL OR j.topic LIKE $3)
    AND ($4::text IS NULL OR j.entity LIKE $4)
    AND ($5::text IS NULL OR j.version = $5)
    AND ($6::text IS NULL OR j.parent_key = $6)
    AND ($7::text IS NULL OR strpos(lower(j.key), lower($7)) > 0 OR strpos(lower(j.error::text), lower($7)) > 0)
    AND ($8::double precision IS NULL OR j.created_at >= (SELECT hotmesh.now()) - make_interval(secs => $8))
    AND ($9::uuid IS NULL OR j.id >= $9)
    AND ($10::double precision IS NULL OR j.created_at <= (SELECT hotmesh.now()) - make_interval(secs => $10))
  ORDER BY j.id DESC LIMIT $11
)
SELECT j.id, j.key, j.entity, j.topic, j.version, j.status, j.error::text, j.paused_at IS NOT NULL AS paused, j.parent_key,
       j.created_at, j.updated_at, j.completed_at, o.activities, coalesce(o.held, false) AS held
FROM page j LEFT JOIN LATERAL (
  SELECT (array_agg(DISTINCT a.symbol))[1:8] AS activities, bool_or(EXISTS (
    SELECT FROM {schema}.worker_streams w WHERE w.id = (a.value ->> 'message_id')::uuid AND w.visible_at > hotmesh.now() AND w.token IS NOT NULL)) AS held
  FROM {schema}.jobs_attributes a WHERE j.completed_at IS NULL AND a.job_id = j.id AND a.ledger < 300000000000000
) o ON true
ORDER BY j.id DESC

-- name: keys
-- Job ids that begin with $1, the newest first: for completion.
SELECT key FROM (SELECT key, id FROM {schema}.jobs WHERE retired_at = 'infinity' ORDER BY id DESC LIMIT 2000) j
WHERE starts_with(key, $1) ORDER BY id DESC LIMIT 50

-- name: has
-- Whether there is a job with this id.
SELECT EXISTS (SELECT FROM {schema}.jobs WHERE key = $1 AND retired_at = 'infinity')

-- name: queues
-- How much waits for the workers of each topic and for the engines (topic ''): ready, in hand, for later, parked; how long the oldest
-- ready one has waited.
SELECT topic, count(*) FILTER (WHERE visible_at IS NULL OR (visible_at <= hotmesh.now())) AS ready,
       count(*) FILTER (WHERE token IS NOT NULL AND visible_at > hotmesh.now()) AS leased,
       count(*) FILTER (WHERE token IS NULL AND visible_at > hotmesh.now() AND visible_at < 'infinity') AS delayed,
       count(*) FILTER (WHERE visible_at = 'infinity') AS parked,
       min(id::text) FILTER (WHERE visible_at IS NULL OR visible_at <= hotmesh.now()) AS oldest,
       extract(epoch FROM hotmesh.now())::double precision AS now_s
FROM (SELECT topic, visible_at, token, id FROM {schema}.worker_streams
      UNION ALL SELECT '', visible_at, token, id FROM {schema}.engine_streams) s
GROUP BY topic ORDER BY topic

-- name: dead
-- The dead letters, the newest first.
SELECT d.id, j.key, j.topic, d.symbol, d.dimension, d.error::text, d.created_at
FROM {schema}.dead_letters d JOIN {schema}.jobs j ON j.id = d.job_id ORDER BY d.created_at DESC LIMIT $1
