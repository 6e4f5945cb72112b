"""The terminal app, `hotmesh tui`: what an app's mesh does, as it happens.

`core/` decides what is shown, in lines of spans, without a terminal; `widgets/` and `screens/` show it; `feed` is the only place that
awaits the client.
"""
