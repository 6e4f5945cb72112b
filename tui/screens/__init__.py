"""One screen a file; `frame` is what they share."""
