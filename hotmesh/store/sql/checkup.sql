-- name: server
-- The server, the role, and how safe a commit is.
SELECT current_setting('server_version') AS version, current_database() AS database, current_user AS role,
       has_database_privilege(current_database(), 'CREATE') AS may_create,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')::int AS connections,
       current_setting('max_connections')::int AS max_connections,
       current_setting('synchronous_commit') AS synchronous_commit, current_setting('fsync') AS fsync

-- name: app
-- How an app stands, from samples and estimates: cheap with a million jobs.
SELECT greatest((SELECT count(*) FROM (SELECT FROM {schema}.jobs LIMIT 10000) j),
                (SELECT reltuples FROM pg_class WHERE oid = '{schema}.jobs'::regclass))::bigint AS jobs,
       pg_size_pretty(pg_total_relation_size('{schema}.jobs') + pg_total_relation_size('{schema}.jobs_attributes')) AS size,
       (SELECT version FROM {schema}.mesh) AS version,
       (SELECT count(*) FROM {schema}.members WHERE seen_at > hotmesh.now() - interval '90 seconds')::int AS members,
       (SELECT count(*) FROM (SELECT FROM (SELECT expired_at, completed_at FROM {schema}.jobs ORDER BY id LIMIT 10000) j
                              WHERE expired_at < hotmesh.now() - interval '1 hour' AND completed_at IS NOT NULL) e)::int AS expired,
       ((SELECT count(*) FROM {schema}.worker_streams) + (SELECT count(*) FROM {schema}.engine_streams WHERE visible_at IS NULL))::int AS waiting,
       ((SELECT count(*) FROM {schema}.worker_streams WHERE visible_at < hotmesh.now() - interval '1 minute')
        + (SELECT count(*) FROM {schema}.engine_streams WHERE visible_at < hotmesh.now() - interval '1 minute'))::int AS late,
       (SELECT count(*) FROM {schema}.dead_letters)::int AS dead
