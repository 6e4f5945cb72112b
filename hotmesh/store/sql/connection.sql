-- name: server
-- What `connect` checks: version, database, role, whether the role may create schemas here.
SELECT current_setting('server_version_num')::int AS version, current_database() AS database, current_user AS role,
       has_database_privilege(current_database(), 'CREATE') AS may_create,
       pg_is_in_recovery() AS standby

-- name: notify_one
-- Wake the members that listen, when the transaction this is in commits.
SELECT pg_notify($1::text, $2::text)

-- name: notify
-- Wake the members that listen; never inside a transaction with other work.
SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload

-- name: nothing
-- Begins a transaction where a driver waits for the first statement.
SELECT 1
