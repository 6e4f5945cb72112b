"""From text to a program: YAML with exact positions, `$ref`, the language's JSON Schema, the outline of the graphs, their shape.

The order of the data is the order of the modules: `files` reads, `composing` makes `nodes`, `references_between_files` joins files,
`checking` holds them against schemas/app.schema.json, `outline` picks out graphs, activities and edges, `shape` finds the tree in a
graph, `freezing` makes the `Program`.
"""
