-- name: send
-- Deliver a signal or keep it; how many hooks it met.
SELECT {schema}.send_signal($1, $2, $3, $4, $5, $6, $7, $8)
