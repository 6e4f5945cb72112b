-- name: state
-- The epoch and the active version.
SELECT epoch, version FROM {schema}.mesh

-- name: bump
-- Tell every member, with its next commit, that something of the mesh has changed.
UPDATE {schema}.mesh SET epoch = epoch + 1 RETURNING epoch

-- name: join
-- Take part, or say what has changed.
INSERT INTO {schema}.members (guid, topics, subscriptions, profile, seen_at) VALUES ($1, $2, $3, $4::json, hotmesh.now())
ON CONFLICT (guid) DO UPDATE SET topics = $2, subscriptions = $3, profile = $4::json, seen_at = hotmesh.now()

-- name: leave
-- Take part no more.
DELETE FROM {schema}.members WHERE guid = $1

-- name: heartbeat
-- Be seen; and forget those who were not for a while.
WITH gone AS (DELETE FROM {schema}.members WHERE seen_at < hotmesh.now() - interval '90 seconds' AND guid <> $1)
UPDATE {schema}.members SET seen_at = hotmesh.now(), profile = $2::json WHERE guid = $1 RETURNING guid

-- name: members
-- Who takes part.
SELECT guid, topics, subscriptions, profile::text, seen_at FROM {schema}.members WHERE seen_at > hotmesh.now() - interval '90 seconds'

-- name: throttles
-- Every brake.
SELECT scope, ms FROM {schema}.throttles

-- name: throttle
-- Set a brake.
INSERT INTO {schema}.throttles (scope, ms) VALUES ($1, $2) ON CONFLICT (scope) DO UPDATE SET ms = $2

-- name: unthrottle
-- Take a brake away.
DELETE FROM {schema}.throttles WHERE scope = $1
