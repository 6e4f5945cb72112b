"""Graphs of a program: as networkx, as pictures, as text.

In the order of the data: `words` and `labels` say conditions in words, `tooltips` everything else; `diagram` is what every picture shows;
`overlay` lays a run over it, `diff` compares two versions; `layout` places it on a grid; `svg`, `ascii`, `mermaid` and `dot` draw it;
`render` chooses. `build` and `analyse` are for questions rather than pictures.
"""
