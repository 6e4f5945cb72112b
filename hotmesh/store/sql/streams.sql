-- name: commit
-- One transaction for any number of steps.
SELECT {schema}.commit_steps($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
  $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50)

-- name: claim_tasks
-- Lease tasks of some topics.
SELECT * FROM {schema}.claim_tasks($1, $2, $3, $4, $5)

-- name: claim_messages
-- Lease messages for the engine.
SELECT * FROM {schema}.claim_messages($1, $2, $3, $4)

-- name: next_due
-- When to look again.
SELECT messages_s, tasks_s FROM {schema}.next_due($1)

-- name: renew
-- Keep what is being worked on.
SELECT * FROM {schema}.renew_leases($1, $2, $3, $4, $5)

-- name: give_back
-- Return leases unused.
SELECT {schema}.give_back($1, $2, $3, $4)

-- name: drop_messages
-- Consume messages that change nothing: late, double, or for a job that has ended.
DELETE FROM {schema}.engine_streams s USING unnest($1::uuid[], $2::bigint[]) u(id, token) WHERE s.id = u.id AND s.token = u.token

-- name: drop_tasks
-- Consume tasks whose answer comes too late for their job.
DELETE FROM {schema}.worker_streams s USING unnest($1::uuid[], $2::bigint[]) u(id, token) WHERE s.id = u.id AND s.token = u.token

-- name: park_messages
-- Set messages of paused jobs aside until the job is resumed.
UPDATE {schema}.engine_streams s SET visible_at = 'infinity', owner = NULL, token = NULL
FROM unnest($1::uuid[], $2::bigint[]) u(id, token) WHERE s.id = u.id AND s.token = u.token

-- name: insert_message
-- A message from outside a step.
INSERT INTO {schema}.engine_streams (id, kind, job_id, symbol, dimension, payload)
VALUES ($1, $2, $3, $4, $5, $6::json)

-- name: depths
-- How many tasks and messages there are, by topic ('' = the engines'), ready, leased or delayed, parked; and the oldest.
SELECT topic, count(*) FILTER (WHERE visible_at IS NULL) AS ready,
       count(*) FILTER (WHERE owner IS NOT NULL) AS leased,
       count(*) FILTER (WHERE visible_at IS NOT NULL AND owner IS NULL) AS delayed,
       min(id::text) AS oldest
FROM (SELECT topic, visible_at, owner, id FROM {schema}.worker_streams
      UNION ALL SELECT '', visible_at, owner, id FROM {schema}.engine_streams) s
GROUP BY topic ORDER BY topic
