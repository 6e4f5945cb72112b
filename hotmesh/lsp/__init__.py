"""The language server: what editors ask about an app file.

`document` is a file as it is typed, `cursor` says where in it one stands, `symbols` knows where activities are named, `completion`,
`hover` and `actions` answer; `server` speaks the protocol (extra `lsp`). Everything but `server` is plain functions over texts.
"""
