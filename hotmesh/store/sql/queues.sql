-- name: queues
-- What waits by topic ('' = the engines): ready, in hand, for later, parked with a paused job; the age of the oldest ready one in seconds (as
-- far as its id tells); how many processes serve the topic; and the brake that is on.
SELECT t.topic, coalesce(s.ready, 0) AS ready, coalesce(s.leased, 0) AS leased, coalesce(s.delayed, 0) AS delayed, coalesce(s.parked, 0) AS parked,
       greatest(0, extract(epoch FROM hotmesh.now()) - s.oldest_ms / 1000.0)::double precision AS oldest_s,
       (SELECT count(*) FROM {schema}.members m WHERE m.seen_at > hotmesh.now() - interval '90 seconds' AND (t.topic = ANY (m.topics) OR (t.topic = '' AND m.profile ->> 'role' IS NULL))) AS consumers,
       (SELECT CASE WHEN bool_or(b.ms < 0) THEN -1 ELSE coalesce(max(b.ms), 0) END
        FROM {schema}.throttles b WHERE b.scope IN ('all', 'topic:' || t.topic)) AS throttle_ms
FROM (SELECT '' AS topic UNION SELECT unnest(m.topics) FROM {schema}.members m WHERE m.seen_at > hotmesh.now() - interval '90 seconds'
      UNION SELECT w.topic FROM {schema}.worker_streams w) t
LEFT JOIN (
  SELECT x.topic, count(*) FILTER (WHERE x.ready) AS ready,
         count(*) FILTER (WHERE NOT x.ready AND x.token IS NOT NULL AND x.visible_at < 'infinity') AS leased,
         count(*) FILTER (WHERE NOT x.ready AND x.token IS NULL AND x.visible_at < 'infinity') AS delayed,
         count(*) FILTER (WHERE x.visible_at = 'infinity') AS parked,
         min(('x' || translate(left(x.id::text, 13), '-', ''))::bit(48)::bigint) FILTER (WHERE x.ready AND substr(x.id::text, 15, 1) = '7') AS oldest_ms
  FROM (SELECT y.topic, y.visible_at, y.token, y.id, y.visible_at IS NULL OR y.visible_at <= (SELECT hotmesh.now()) AS ready
        FROM (SELECT topic, visible_at, token, id FROM {schema}.worker_streams
              UNION ALL SELECT '', visible_at, token, id FROM {schema}.engine_streams) y) x
  GROUP BY x.topic
) s ON s.topic = t.topic
ORDER BY t.topic

-- name: dead
-- The tasks that were given up and the messages that could not be, the newest first.
SELECT d.id, coalesce(j.key, d.job_id::text) AS job_key, coalesce(j.topic, d.symbol) AS job_topic, d.symbol, d.dimension, d.error::text, d.created_at
FROM {schema}.dead_letters d LEFT JOIN {schema}.jobs j ON j.id = d.job_id ORDER BY d.created_at DESC LIMIT $1

-- name: ask
-- Leave a message for the engines about one job.
INSERT INTO {schema}.engine_streams (id, kind, job_id, payload) VALUES ($1, $2, $3, $4::json)
