-- name: provision
-- Make a worker role.
SELECT {schema}.provision_worker_role($1, $2, $3)

-- name: topics
-- What a role works for.
SELECT topics FROM {schema}.worker_roles WHERE role = $1

-- name: revoke
-- Take a worker role away.
SELECT {schema}.revoke_worker_role($1)

-- name: list
-- Every worker role.
SELECT role::text, topics, created_at, rotated_at FROM {schema}.worker_roles ORDER BY role

-- name: claim
-- Lease tasks, as a worker role.
SELECT * FROM {schema}.worker_claim($1, $2, $3, $4)

-- name: renew
-- Keep leases, as a worker role.
SELECT * FROM {schema}.worker_renew($1, $2, $3)

-- name: give_back
-- Return leases, as a worker role.
SELECT {schema}.worker_give_back($1, $2)

-- name: answer
-- Answer a task, as a worker role.
SELECT {schema}.worker_answer($1, $2, $3::json)

-- name: pending
-- Give a pending answer and keep the task, as a worker role.
SELECT {schema}.worker_pending($1, $2, $3, $4::json)

-- name: taken
-- Whether an engine has taken a pending answer, as a worker role.
SELECT {schema}.worker_taken($1, $2, $3)

-- name: brakes
-- The brakes on its topics, as a worker role.
SELECT scope, ms FROM {schema}.worker_brakes()

-- name: heartbeat
-- Keep what a running task says of itself, as a worker role.
SELECT {schema}.worker_heartbeat($1, $2, $3, $4::json)

-- name: join
-- Take part in the mesh, as a worker role.
SELECT {schema}.worker_join($1, $2, $3::json)

-- name: seen
-- Be seen, as a worker role.
SELECT {schema}.worker_seen($1)

-- name: leave
-- Take part no more, as a worker role.
SELECT {schema}.worker_leave($1)
