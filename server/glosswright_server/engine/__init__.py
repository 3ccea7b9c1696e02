"""The engine: one request from document to checked suggestion, with no word of any editor protocol.

It puts intent, prompt, generation, shaping and verify together; `lsp` and the command line both call it.
"""
