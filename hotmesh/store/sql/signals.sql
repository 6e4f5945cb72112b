-- name: send
-- Deliver a signal or keep it; which hook it met.
SELECT met, job_id, symbol, dimension FROM {schema}.send_signal(
  $1::uuid, $2::text, $3::text[], $4::text, $5::bool, $6::text, $7::bool, $8::float8, $9::text, $10::float8, $11::bigint)

-- name: take_back
-- Forget a signal that is kept for a hook that does not wait yet.
DELETE FROM {schema}.waits WHERE signal_id = $1::uuid AND job_id IS NULL
