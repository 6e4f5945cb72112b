-- Views for people and reports.

-- One row a job, with its state in a word.
CREATE VIEW {schema}.job_status AS
SELECT id, key AS job_key, topic, version, entity, status AS semaphore,
       CASE WHEN completed_at IS NULL THEN CASE WHEN paused_at IS NOT NULL THEN 'paused' WHEN error IS NOT NULL THEN 'cancelling' ELSE 'running' END
            WHEN status = 0 THEN 'completed'
            WHEN error IS NULL OR (json_typeof(error) = 'object' AND error ->> 'code' = '410') THEN 'interrupted'
            ELSE 'failed' END AS state,
       error, parent_id, parent_key, origin, created_at, updated_at, completed_at, expired_at
FROM {schema}.jobs WHERE retired_at = 'infinity';

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
