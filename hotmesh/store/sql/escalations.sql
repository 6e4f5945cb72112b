-- name: list
-- Escalations that match, the most urgent and oldest first. A claim that has run out counts as pending.
SELECT e.id, e.job_id, j.key AS job_key, j.topic AS job_topic, j.version, e.symbol, e.dimension, e.role, e.type, e.subtype, e.entity, e.priority,
       e.description, e.fields::text, e.topic, e.key, e.assignee, e.claimed_until, e.created_at, e.updated_at,
       CASE WHEN e.state = 'claimed' AND e.claimed_until <= hotmesh.now() THEN 'pending' ELSE e.state END AS state
FROM {schema}.escalations e JOIN {schema}.jobs j ON j.id = e.job_id
WHERE ($1::text[] IS NULL OR e.state = ANY ($1)) AND ($2::text IS NULL OR e.role = $2) AND ($3::text IS NULL OR e.type = $3)
  AND ($4::text IS NULL OR e.assignee = $4) AND ($5::text IS NULL OR j.key = $5) AND ($6::uuid IS NULL OR e.id = $6)
ORDER BY e.priority, e.created_at LIMIT $7

-- name: has
-- Whether there is an escalation with this id.
SELECT EXISTS (SELECT FROM {schema}.escalations WHERE id = $1)

-- name: claim
-- Give an escalation to somebody for some seconds, unless another one has it.
UPDATE {schema}.escalations SET state = 'claimed', assignee = $2, claimed_until = hotmesh.now() + make_interval(secs => $3), updated_at = hotmesh.now()
WHERE id = $1 AND (state = 'pending' OR (state = 'claimed' AND (assignee = $2 OR claimed_until <= hotmesh.now()))) RETURNING id

-- name: release
-- Give a claimed escalation back to all.
UPDATE {schema}.escalations SET state = 'pending', assignee = NULL, claimed_until = NULL, updated_at = hotmesh.now()
WHERE id = $1 AND state = 'claimed' AND ($2::text IS NULL OR assignee = $2) RETURNING id

-- name: close
-- Close an escalation for good, unless somebody else has claimed it; it names the hook that waits.
UPDATE {schema}.escalations SET state = $2, assignee = coalesce($3, assignee), updated_at = hotmesh.now()
WHERE id = $1 AND (state = 'pending' OR (state = 'claimed' AND ($3::text IS NULL OR assignee = $3 OR claimed_until <= hotmesh.now())))
RETURNING job_id, symbol, dimension

-- name: deliver
-- Hand an escalation's answer to the hook that waits for it; no row when it waits no more.
WITH waiting AS (
  SELECT w FROM {schema}.waits w WHERE w.job_id = $1 AND w.symbol = $2 AND w.dimension = $3 ORDER BY w.sequence LIMIT 1 FOR UPDATE
) SELECT {schema}.deliver($4, w, $5, true, NULL, NULL, NULL) FROM waiting
