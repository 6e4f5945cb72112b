-- name: send
-- Deliver a signal or keep it; which hook it met.
SELECT met, job_id, symbol, dimension FROM {schema}.send_signal($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
