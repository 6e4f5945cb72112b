-- name: deploy
-- Store a program; one that is there already is replaced only while no job has it.
INSERT INTO {schema}.versions AS v (version, program, source, digest, deployed_at)
VALUES ($1, $2::json, $3, $4, hotmesh.now())
ON CONFLICT (version) DO UPDATE SET program = $2::json, source = $3, digest = $4, deployed_at = hotmesh.now()
WHERE v.digest <> $4 AND NOT EXISTS (SELECT FROM {schema}.jobs j WHERE j.version = v.version AND j.completed_at IS NULL)

-- name: digest
-- What is stored under a version.
SELECT digest FROM {schema}.versions WHERE version = $1

-- name: program
-- The program of a version.
SELECT program::text FROM {schema}.versions WHERE version = $1

-- name: source
-- The text that a version was deployed from.
SELECT source FROM {schema}.versions WHERE version = $1

-- name: list
-- Every version, the newest first.
SELECT v.version, v.digest, v.deployed_at, v.activated_at, v.version IS NOT DISTINCT FROM (SELECT m.version FROM {schema}.mesh m) AS active
FROM {schema}.versions v ORDER BY v.deployed_at DESC

-- name: activate
-- From this statement on, new jobs have this version.
WITH active AS (UPDATE {schema}.mesh SET version = $1, epoch = epoch + 1 WHERE EXISTS (SELECT FROM {schema}.versions WHERE version = $1) RETURNING epoch),
noted AS (UPDATE {schema}.versions SET activated_at = hotmesh.now() WHERE version = $1)
SELECT epoch FROM active
