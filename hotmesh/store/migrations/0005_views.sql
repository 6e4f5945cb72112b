-- Views for people and reports.

-- One row a job, with its state in a word: running, waiting, paused, completed, failed, interrupted, cancelled.
-- `waiting`: whatever is open waits for a signal, a time, a child, another attempt, or a worker that isn't there.
CREATE VIEW {schema}.job_status AS
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

-- One row an activity instance, in the order they were entered.
CREATE VIEW {schema}.job_timeline AS
SELECT j.key AS job_key, a.symbol AS activity, a.dimension, a.value ->> 'status' AS state,
       coalesce((a.value ->> 'code')::integer, 0) AS code,
       (a.ledger / 1000000000000 % 100)::integer AS attempts, (a.ledger % 100000000)::integer AS answers, a.ledger,
       to_timestamp((a.value ->> 'created')::double precision / 1000) AS created_at,
       to_timestamp(nullif((a.value ->> 'updated')::double precision, 0) / 1000) AS updated_at
FROM {schema}.jobs j JOIN {schema}.jobs_attributes a ON a.job_id = j.id
WHERE a.ledger IS NOT NULL AND j.retired_at = 'infinity'
ORDER BY j.created_at, (a.value ->> 'created')::bigint, a.dimension;

-- How much waits: tasks by topic, and the engines' messages under ''.
CREATE VIEW {schema}.queue_depth AS
SELECT topic, count(*) FILTER (WHERE visible_at IS NULL) AS ready, count(*) FILTER (WHERE owner IS NOT NULL) AS leased,
       count(*) FILTER (WHERE visible_at IS NOT NULL AND owner IS NULL) AS delayed
FROM (SELECT topic, visible_at, owner FROM {schema}.worker_streams
      UNION ALL SELECT '', visible_at, owner FROM {schema}.engine_streams) s
GROUP BY topic;
