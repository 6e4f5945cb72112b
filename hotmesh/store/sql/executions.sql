-- name: read
-- Everything about one job in one snapshot: its rows, and around them what its open instances wait for and who could help.
-- A job that has expired is told of as long as its rows are there. The columns are those of load_jobs, which a role that may only read
-- may not call.
SELECT j.id, j.key, j.entity, j.topic, j.version, j.status, j.revision, j.error::text, j.facets::text,
       j.parent_id, j.parent_key, j.parent_activity, j.parent_dimension, j.parent_waits, j.origin, j.trace::text,
       j.persisted, j.paused_at IS NOT NULL AS paused, j.completed_at IS NOT NULL AS done, j.created_at, j.updated_at,
       a.symbols, a.dimensions, a.vals, a.ledgers, json_build_object(
  'now', hotmesh.now(),
  'completed', j.completed_at,
  'expires', j.expired_at,
  'paused', j.paused_at,
  'pause_reason', j.pause_reason,
  'tasks', (SELECT json_agg(json_build_object('id', w.id, 'topic', w.topic, 'ready', w.visible_at IS NULL,
                                              'due', w.visible_at, 'owner', w.owner, 'attempt', w.attempt))
            FROM {schema}.worker_streams w WHERE w.id = ANY (a.ids)),
  'messages', (SELECT json_agg(json_build_object('id', m.id, 'kind', m.kind, 'due', m.visible_at, 'leased', m.token IS NOT NULL))
               FROM {schema}.engine_streams m WHERE m.id = ANY (a.ids)),
  'waits', (SELECT json_agg(json_build_object('id', w.id, 'topic', w.topic, 'key', w.key, 'sealed', w.sealed, 'since', w.created_at))
            FROM {schema}.waits w WHERE w.job_id = j.id),
  'children', (SELECT json_agg(json_build_object('id', c.id, 'key', c.key, 'topic', c.topic, 'activity', c.parent_activity,
                                                 'dimension', c.parent_dimension, 'status', c.status, 'done', c.completed_at IS NOT NULL,
                                                 'paused', c.paused_at IS NOT NULL, 'error', c.error) ORDER BY c.id)
               FROM {schema}.jobs c WHERE c.parent_id = j.id),
  'escalations', (SELECT json_agg(json_build_object('id', e.id, 'activity', e.symbol, 'dimension', e.dimension, 'state', e.state,
                                                    'role', e.role, 'assignee', e.assignee, 'description', e.description))
                  FROM {schema}.escalations e WHERE e.job_id = j.id),
  'members', (SELECT json_agg(m.topics) FROM {schema}.members m WHERE m.seen_at > hotmesh.now() - interval '90 seconds'),
  'engines', (SELECT count(*) FROM {schema}.members m WHERE m.seen_at > hotmesh.now() - interval '90 seconds' AND m.profile ->> 'role' IS NULL),
  'digest', (SELECT v.digest FROM {schema}.versions v WHERE v.version = j.version),
  'throttles', (SELECT json_object_agg(t.scope, t.ms) FROM {schema}.throttles t)
)::text AS around
FROM {schema}.jobs j, LATERAL (
  SELECT array_agg(x.symbol) AS symbols, array_agg(x.dimension) AS dimensions, array_agg(x.value::text) AS vals,
         array_agg(x.ledger) AS ledgers,
         array_agg((x.value ->> 'message_id')::uuid) FILTER (WHERE x.ledger < 300000000000000 AND x.value ->> 'message_id' IS NOT NULL) AS ids
  FROM {schema}.jobs_attributes x WHERE x.job_id = j.id
) a
WHERE j.key = $1 AND j.retired_at = 'infinity'
