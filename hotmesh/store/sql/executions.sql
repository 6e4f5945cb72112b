-- name: read
-- Everything about one job in one snapshot: its rows, and around them what its open instances wait for and who could help.
-- A job that has expired is told of as long as its rows are there.
SELECT l.*, json_build_object(
  'now', hotmesh.now(),
  'completed', j.completed_at,
  'expires', j.expired_at,
  'paused', j.paused_at,
  'tasks', (SELECT json_agg(json_build_object('id', w.id, 'topic', w.topic, 'ready', w.visible_at IS NULL,
                                              'due', w.visible_at, 'owner', w.owner, 'attempt', w.attempt))
            FROM {schema}.worker_streams w WHERE w.id = ANY (o.ids)),
  'messages', (SELECT json_agg(json_build_object('id', m.id, 'kind', m.kind, 'due', m.visible_at, 'leased', m.token IS NOT NULL))
               FROM {schema}.engine_streams m WHERE m.id = ANY (o.ids)),
  'waits', (SELECT json_agg(json_build_object('id', w.id, 'topic', w.topic, 'key', w.key, 'since', w.created_at))
            FROM {schema}.waits w WHERE w.job_id = l.id),
  'children', (SELECT json_agg(json_build_object('id', c.id, 'key', c.key, 'topic', c.topic, 'activity', c.parent_activity,
                                                 'dimension', c.parent_dimension, 'status', c.status, 'done', c.completed_at IS NOT NULL,
                                                 'paused', c.paused_at IS NOT NULL, 'error', c.error) ORDER BY c.id)
               FROM {schema}.jobs c WHERE c.parent_id = l.id),
  'escalations', (SELECT json_agg(json_build_object('id', e.id, 'activity', e.symbol, 'dimension', e.dimension, 'state', e.state,
                                                    'role', e.role, 'assignee', e.assignee, 'description', e.description))
                  FROM {schema}.escalations e WHERE e.job_id = l.id),
  'members', (SELECT json_agg(m.topics) FROM {schema}.members m WHERE m.seen_at > hotmesh.now() - interval '90 seconds'),
  'digest', (SELECT v.digest FROM {schema}.versions v WHERE v.version = l.version),
  'throttles', (SELECT json_object_agg(t.scope, t.ms) FROM {schema}.throttles t)
)::text AS around
FROM {schema}.load_jobs(ARRAY(SELECT id FROM {schema}.jobs WHERE key = $1 AND retired_at = 'infinity')) l
JOIN {schema}.jobs j ON j.id = l.id, LATERAL (
  SELECT array_agg((a.value ->> 'message_id')::uuid) AS ids FROM {schema}.jobs_attributes a
  WHERE a.job_id = l.id AND a.ledger < 300000000000000 AND a.value ->> 'message_id' IS NOT NULL
) o
