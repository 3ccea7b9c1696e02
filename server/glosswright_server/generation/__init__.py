"""Getting text out of a model server: the client, the local server's launcher, scheduling, debounce and caches.

This package speaks HTTP and knows the event loop. It does not know what the text is for: prompts come in as strings,
raw text goes out, and protocol types of editors never enter.
"""
