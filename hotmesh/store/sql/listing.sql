-- name: page
-- The jobs that match in $2 <= id < $1, the newest first; what no filter is for is NULL. `$4` says whether only open or only ended jobs can
-- match, so that the state of the others is not asked for.
WITH matching AS MATERIALIZED (
  SELECT j.id FROM {schema}.job_status j
  WHERE j.id < $1 AND j.id >= $2 AND (j.completed_at IS NULL OR j.expired_at IS NULL OR j.expired_at > (SELECT hotmesh.read_now()))
    AND ($4::boolean IS NULL OR (j.completed_at IS NULL) = $4)
    AND ($5::text[] IS NULL OR j.topic LIKE ANY ($5))
    AND ($6::text[] IS NULL OR j.job_key LIKE ANY ($6))
    AND ($7::text IS NULL OR j.entity LIKE $7)
    AND ($8::text IS NULL OR j.version = $8)
    AND ($9::text IS NULL OR j.parent_key = $9)
    AND ($10::double precision IS NULL OR j.created_at > (SELECT hotmesh.read_now()) - make_interval(secs => $10))
    AND ($11::double precision IS NULL OR j.created_at < (SELECT hotmesh.read_now()) - make_interval(secs => $11))
    AND ($12::text[] IS NULL OR concat_ws(' ', j.job_key, j.topic, j.entity, j.parent_key, j.error::text, j.facets::text) ILIKE ALL ($12))
    AND ($3::text[] IS NULL OR j.state = ANY ($3))
  ORDER BY j.id DESC LIMIT $13
)
SELECT m.id, m.job_key AS key, m.entity, m.topic, m.version, m.semaphore AS status, m.revision, m.error::text, m.state, m.parent_key AS parent,
       (extract(epoch FROM m.created_at) * 1000)::bigint AS created_ms, (extract(epoch FROM m.updated_at) * 1000)::bigint AS updated_ms,
       (extract(epoch FROM m.completed_at) * 1000)::bigint AS completed_ms, o.open::text
FROM matching, LATERAL (SELECT x.* FROM {schema}.job_status x WHERE x.id = matching.id OFFSET 0) m LEFT JOIN LATERAL (
  SELECT json_agg(json_build_array(s.symbol, s.instances) ORDER BY s.symbol) AS open FROM (
    SELECT a.symbol, count(*) AS instances FROM {schema}.jobs_attributes a WHERE a.job_id = m.id AND a.ledger < 300000000000000 GROUP BY a.symbol
  ) s
) o ON m.completed_at IS NULL
ORDER BY m.id DESC

-- name: edge
-- Where a window of $2 ids below $1 ends; no row = the table ends first.
SELECT id FROM {schema}.jobs WHERE id < $1 ORDER BY id DESC OFFSET $2::bigint - 1 LIMIT 1

-- name: below
-- How many ids there are below $1.
SELECT count(*) FROM {schema}.jobs WHERE id < $1

-- name: begin
-- The time by the database's clock, in milliseconds. The rest of the transaction walks the primary key instead of sorting or hashing the
-- table, and is not compiled, which would take longer than it runs.
SELECT (extract(epoch FROM hotmesh.now()) * 1000)::bigint
FROM set_config('jit', 'off', true) a, set_config('enable_sort', 'off', true) b, set_config('enable_seqscan', 'off', true) c,
     set_config('enable_hashjoin', 'off', true) d, set_config('enable_mergejoin', 'off', true) e

-- name: tally
-- How many of the newest $1 jobs are in each state, and about how many jobs there are at all.
SELECT (SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = '{schema}.jobs'::regclass) AS estimate,
       (SELECT json_object_agg(t.state, t.jobs) FROM (
         SELECT CASE WHEN j.completed_at IS NULL AND j.paused_at IS NULL THEN 'open' ELSE j.state END AS state, count(*) AS jobs
         FROM (SELECT id FROM {schema}.jobs ORDER BY id DESC LIMIT $1) n JOIN {schema}.job_status j ON j.id = n.id GROUP BY 1
       ) t)::text AS states

-- name: keys
-- Job ids that begin with $1, the newest first: for completion.
SELECT key FROM (SELECT key, id FROM {schema}.jobs WHERE retired_at = 'infinity' ORDER BY id DESC LIMIT 2000) j
WHERE starts_with(key, $1) ORDER BY id DESC LIMIT 50

-- name: has
-- Whether there is a job with this id.
SELECT EXISTS (SELECT FROM {schema}.jobs WHERE key = $1 AND retired_at = 'infinity')
