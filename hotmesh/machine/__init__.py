"""The pure core: a job, an event and the time give effects. Nothing here waits, reads a clock or knows a database."""
