"""The linter: what is wrong, doubtful or useless in an app that the schema alone can't tell.

`context` is what the rules look at, `rules` is the table of them, `ignoring` takes out what comments silence, `reports` writes findings
in six formats, `fixes` mends what is safe to mend.
"""
