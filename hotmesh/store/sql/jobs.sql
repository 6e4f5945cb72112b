-- name: load
-- The rows of some jobs.
SELECT * FROM {schema}.load_jobs($1)

-- name: lock
-- Take some jobs for this transaction, in one order.
SELECT id FROM {schema}.jobs WHERE id = ANY ($1) ORDER BY id FOR UPDATE

-- name: find
-- The live incarnation of a job id.
SELECT id, topic, version, status, completed_at IS NOT NULL AS done, paused_at IS NOT NULL AS paused FROM {schema}.jobs
WHERE key = $1 AND retired_at = 'infinity' AND (expired_at IS NULL OR expired_at > hotmesh.now() OR completed_at IS NULL)

-- name: adopt
-- A job's child under this id, which is to answer another instance from now on. Whoever holds it in memory finds that it has changed.
UPDATE {schema}.jobs SET parent_activity = $3, parent_dimension = $4, revision = revision + 1
WHERE key = $1 AND retired_at = 'infinity' AND parent_id = $2
RETURNING id, topic, version, status, completed_at IS NOT NULL AS done, paused_at IS NOT NULL AS paused

-- name: revision
-- What became of a commit whose answer was lost.
SELECT id, revision FROM {schema}.jobs WHERE id = ANY ($1)

-- name: status
-- A job's semaphore.
SELECT status FROM {schema}.jobs WHERE key = $1 AND retired_at = 'infinity'

-- name: finished
-- Which of some jobs have ended.
SELECT id FROM {schema}.jobs WHERE id = ANY ($1) AND completed_at IS NOT NULL

-- name: pause
-- Stop a job where it is: its messages and tasks wait.
UPDATE {schema}.jobs SET paused_at = hotmesh.now(), pause_reason = $2
WHERE id = $1 AND paused_at IS NULL AND completed_at IS NULL RETURNING id

-- name: set_aside
-- Second part of a pause, a statement of its own so that it sees the tasks of a commit that the first part has waited for.
UPDATE {schema}.worker_streams SET visible_at = 'infinity' WHERE job_id = $1 AND owner IS NULL

-- name: resume
-- Let a paused job go on.
UPDATE {schema}.jobs SET paused_at = NULL, pause_reason = NULL WHERE id = $1 AND paused_at IS NOT NULL RETURNING id

-- name: take_up
-- Second part of a resumption, a statement of its own so that it sees what was set aside while the first part waited.
WITH tasks AS (UPDATE {schema}.worker_streams SET visible_at = NULL WHERE job_id = $1 AND visible_at = 'infinity' AND owner IS NULL)
UPDATE {schema}.engine_streams SET visible_at = NULL WHERE job_id = $1 AND visible_at = 'infinity'

-- name: scrub
-- Delete a finished job with everything it left.
WITH gone AS (DELETE FROM {schema}.jobs WHERE id = $1 AND completed_at IS NOT NULL RETURNING id),
a AS (DELETE FROM {schema}.jobs_attributes WHERE job_id IN (SELECT id FROM gone)),
e AS (DELETE FROM {schema}.escalations WHERE job_id IN (SELECT id FROM gone)),
d AS (DELETE FROM {schema}.dead_letters WHERE job_id IN (SELECT id FROM gone))
SELECT id FROM gone

-- name: prune
-- Delete a batch of jobs whose time is over, in the order of their ids, from $1 on; returns where the batch ended and how many went.
WITH batch AS (SELECT id, expired_at, completed_at FROM {schema}.jobs WHERE id > $1 ORDER BY id LIMIT $2),
gone AS (
  DELETE FROM {schema}.jobs j USING batch b
  WHERE j.id = b.id AND b.completed_at IS NOT NULL AND b.expired_at <= hotmesh.now() - make_interval(secs => $3) RETURNING j.id),
a AS (DELETE FROM {schema}.jobs_attributes WHERE job_id IN (SELECT id FROM gone)),
e AS (DELETE FROM {schema}.escalations WHERE job_id IN (SELECT id FROM gone)),
d AS (DELETE FROM {schema}.dead_letters WHERE job_id IN (SELECT id FROM gone))
SELECT (SELECT id FROM batch ORDER BY id DESC LIMIT 1) AS last, (SELECT count(*) FROM gone) AS deleted

-- name: prune_signals
-- Delete the kept signals that nobody came for in time.
DELETE FROM {schema}.waits WHERE job_id IS NULL AND expires_at <= hotmesh.now()

-- name: paused_for
-- The paused jobs whose reason begins in a certain way.
SELECT id FROM {schema}.jobs WHERE paused_at IS NOT NULL AND completed_at IS NULL AND starts_with(pause_reason, $1)

-- name: search_here
-- Have the rest of the transaction see the app's tables without their schema's name.
SELECT set_config('search_path', quote_ident({schema_text}) || ', public', true)
