"""The model server: one process per user that loads a model and answers an OpenAI-compatible completions API.

`state_file` says where it is found, `lifetime` starts and ends it, `app` answers HTTP, `admission` shares the back end
out. Importing this package imports none of them; the wire format is written down in `docs/model-server.md`.
"""
