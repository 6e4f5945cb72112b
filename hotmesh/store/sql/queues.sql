-- name: queues
-- What waits by topic ('' = the engines): ready, leased, delayed, parked with a paused job; the oldest ready one's age in seconds; and how
-- many processes serve the topic.
SELECT t.topic, coalesce(s.ready, 0) AS ready, coalesce(s.leased, 0) AS leased, coalesce(s.delayed, 0) AS delayed, coalesce(s.parked, 0) AS parked,
       s.oldest_s::double precision AS oldest_s,
       (SELECT count(*) FROM {schema}.members m WHERE m.seen_at > hotmesh.now() - interval '90 seconds' AND (t.topic = '' OR t.topic = ANY (m.topics))) AS consumers,
       coalesce((SELECT b.ms FROM {schema}.throttles b WHERE b.scope = CASE t.topic WHEN '' THEN 'all' ELSE 'topic:' || t.topic END), 0) AS throttle_ms
FROM (SELECT '' AS topic UNION SELECT unnest(m.topics) FROM {schema}.members m WHERE m.seen_at > hotmesh.now() - interval '90 seconds'
      UNION SELECT w.topic FROM {schema}.worker_streams w) t
LEFT JOIN (
  SELECT x.topic, count(*) FILTER (WHERE x.visible_at IS NULL OR (x.owner IS NULL AND x.visible_at <= hotmesh.now())) AS ready,
         count(*) FILTER (WHERE x.owner IS NOT NULL) AS leased,
         count(*) FILTER (WHERE x.owner IS NULL AND x.visible_at > hotmesh.now() AND x.visible_at < 'infinity') AS delayed,
         count(*) FILTER (WHERE x.owner IS NULL AND x.visible_at = 'infinity') AS parked,
         extract(epoch FROM hotmesh.now()) - min(('x' || translate(left(x.id::text, 13), '-', ''))::bit(48)::bigint)
           FILTER (WHERE x.visible_at IS NULL) / 1000.0 AS oldest_s
  FROM (SELECT topic, visible_at, owner, id FROM {schema}.worker_streams
        UNION ALL SELECT '', visible_at, owner, id FROM {schema}.engine_streams) x
  GROUP BY x.topic
) s ON s.topic = t.topic
ORDER BY t.topic

-- name: dead
-- The tasks that were given up, the newest first.
SELECT d.id, coalesce(j.key, d.job_id::text) AS job_key, coalesce(j.topic, d.symbol) AS job_topic, d.symbol, d.dimension, d.error::text, d.created_at
FROM {schema}.dead_letters d LEFT JOIN {schema}.jobs j ON j.id = d.job_id ORDER BY d.created_at DESC LIMIT $1

-- name: ask
-- Leave a message for the engines about one job.
INSERT INTO {schema}.engine_streams (id, kind, job_id, payload) VALUES ($1, $2, $3, $4::json)
