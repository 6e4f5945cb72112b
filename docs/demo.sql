-- What `make demo` left behind: the jobs, and everything that is known about the newest one.
SET search_path TO orders;

SELECT key AS job_key, topic, entity, status AS semaphore, revision, created_at FROM jobs ORDER BY created_at DESC LIMIT 3;

SELECT a.symbol AS attribute, a.dimension, left(a.value::text, 100) AS value
FROM jobs j JOIN jobs_attributes a ON a.job_id = j.id
WHERE j.id = (SELECT id FROM jobs ORDER BY created_at DESC LIMIT 1)
ORDER BY a.symbol, a.dimension;
