-- name: commit
-- One transaction for any number of steps.
SELECT o_epoch AS epoch, o_now_s AS now_s, o_elapsed_s AS elapsed_s FROM {schema}.commit_steps(
  $1::text, $2::float8, $3::uuid[], $4::int[], $5::bigint[], $6::text[], $7::bool[], $8::float8[], $9::uuid[], $10::text[],
  $11::text[], $12::text[], $13::bigint[], $14::text[], $15::bool[], $16::float8[], $17::text[], $18::text[], $19::jsonb[],
  $20::uuid[], $21::text[], $22::text[], $23::text[], $24::bigint[], $25::uuid[], $26::text[], $27::text[], $28::text[],
  $29::bigint[], $30::uuid[], $31::bigint[], $32::uuid[], $33::uuid[], $34::bigint[], $35::uuid[], $36::uuid[], $37::text[],
  $38::uuid[], $39::text[], $40::text[], $41::bigint[], $42::uuid[], $43::text[], $44::uuid[], $45::text[], $46::text[],
  $47::text[], $48::float8[], $49::bigint[], $50::jsonb, $51::int)

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

-- name: park_answer
-- Keep the answer of a task whose job is paused: the task is set aside under a new token, the answer waits with the job's messages.
WITH job AS MATERIALIZED (
  SELECT id, paused_at FROM {schema}.jobs WHERE id = (SELECT job_id FROM {schema}.worker_streams WHERE id = $1) FOR SHARE),
answered AS (
  UPDATE {schema}.worker_streams SET visible_at = 'infinity', owner = 'answered', token = $4
  WHERE id = $1 AND token = $2 AND job_id IN (SELECT id FROM job) RETURNING job_id, symbol, dimension)
INSERT INTO {schema}.engine_streams (id, kind, job_id, symbol, dimension, payload, visible_at)
SELECT $3, 'response', job_id, symbol, dimension, json_build_object('task_id', $1::uuid, 'token', $4::bigint, 'response', $5::json),
       CASE WHEN job.paused_at IS NOT NULL THEN 'infinity'::timestamptz END
FROM answered JOIN job ON job.id = answered.job_id

-- name: park_tasks
-- Set tasks of paused jobs aside until the job is resumed.
WITH ours AS (SELECT s.id, s.token, s.job_id FROM {schema}.worker_streams s JOIN unnest($1::uuid[], $2::bigint[]) u(id, token) USING (id, token)),
job AS MATERIALIZED (SELECT id, paused_at FROM {schema}.jobs WHERE id IN (SELECT job_id FROM ours) ORDER BY id FOR SHARE)
UPDATE {schema}.worker_streams s SET visible_at = CASE WHEN job.paused_at IS NOT NULL THEN 'infinity'::timestamptz END, owner = NULL, token = NULL
FROM ours JOIN job ON job.id = ours.job_id WHERE s.id = ours.id AND s.token = ours.token

-- name: refuse_start
-- A start that nobody waits for can't be: keep the reason where `hotmesh dead` shows it.
WITH gone AS (DELETE FROM {schema}.engine_streams WHERE id = $1 AND token = $2 RETURNING id)
INSERT INTO {schema}.dead_letters (id, job_id, symbol, dimension, error, created_at)
SELECT id, $3, $4, '', $5::json, hotmesh.now() FROM gone

-- name: bury
-- A message that kills whoever takes it: keep the reason as a dead letter, and end its job.
WITH gone AS (DELETE FROM {schema}.engine_streams WHERE id = $1 AND token = $2 RETURNING id, kind, job_id, symbol, dimension),
letter AS (INSERT INTO {schema}.dead_letters (id, job_id, symbol, dimension, error, created_at)
           SELECT id, coalesce(job_id, id), coalesce(symbol, kind), coalesce(dimension, ''), $3::json, hotmesh.now() FROM gone)
INSERT INTO {schema}.engine_streams (id, kind, job_id, payload)
SELECT hotmesh.make_id(), 'interrupt', job_id, $4::json FROM gone WHERE job_id IS NOT NULL AND kind <> 'interrupt'

-- name: consume_message
-- Take a message in a transaction that does what it asks for.
DELETE FROM {schema}.engine_streams WHERE id = $1 AND token = $2 RETURNING id

-- name: park_messages
-- Set messages of paused jobs aside until the job is resumed.
WITH ours AS (SELECT s.id, s.token, $3::uuid AS job_id FROM {schema}.engine_streams s JOIN unnest($1::uuid[], $2::bigint[]) u(id, token) USING (id, token)),
job AS MATERIALIZED (SELECT id, paused_at FROM {schema}.jobs WHERE id = $3 FOR SHARE)
UPDATE {schema}.engine_streams s SET visible_at = CASE WHEN job.paused_at IS NOT NULL THEN 'infinity'::timestamptz END, job_id = job.id,
  owner = NULL, token = NULL
FROM ours JOIN job ON job.id = ours.job_id WHERE s.id = ours.id AND s.token = ours.token

-- name: take_overdue
-- Lease a task that no consumer has ever had, so that it can be answered in their place.
UPDATE {schema}.worker_streams s
SET owner = 'overdue', token = $5, claims = 1, visible_at = hotmesh.now() + make_interval(secs => $4)
FROM {schema}.jobs_attributes a
WHERE a.job_id = $1 AND a.symbol = $2 AND a.dimension = $3 AND s.id = (a.value ->> 'message_id')::uuid
  AND s.attempt = 1 AND (s.claims = 0 OR s.owner = 'overdue')
RETURNING s.id

-- name: recall
-- Lease a task that no consumer has now, so that it can be answered in their place: its job is cancelled.
UPDATE {schema}.worker_streams s
SET owner = 'overdue', token = $5, visible_at = hotmesh.now() + make_interval(secs => $4)
FROM {schema}.jobs_attributes a
WHERE a.job_id = $1 AND a.symbol = $2 AND a.dimension = $3 AND s.id = (a.value ->> 'message_id')::uuid
  AND (s.visible_at IS NULL OR s.visible_at <= hotmesh.now() OR s.owner = 'overdue')
RETURNING s.id

-- name: recall_later
-- Somebody has the task of a cancelled job: look again when their lease ends, which they may have died with.
UPDATE {schema}.engine_streams m SET visible_at = s.visible_at, owner = NULL, token = NULL, claims = 0
FROM {schema}.jobs_attributes a JOIN {schema}.worker_streams s ON s.id = (a.value ->> 'message_id')::uuid
WHERE m.id = $1 AND m.token = $2 AND a.job_id = $3 AND a.symbol = $4 AND a.dimension = $5
  AND s.visible_at > hotmesh.now() AND s.visible_at < 'infinity'
RETURNING m.id

-- name: heartbeat
-- Keep what a running task says of itself, and renew its lease.
UPDATE {schema}.worker_streams SET details = $4::json, visible_at = hotmesh.now() + make_interval(secs => $3)
WHERE id = $1 AND token = $2 RETURNING id

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
