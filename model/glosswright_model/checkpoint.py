"""A checkpoint folder: a network with its text pipeline, written and read (docs/decisions/0018-seq2seq.md)."""
