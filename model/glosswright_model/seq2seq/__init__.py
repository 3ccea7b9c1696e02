"""The classic encoder-decoder: embeddings, encoders, attention, decoders with copy, and the discriminator.

Each network is one readable file with the shape on every tensor and the equations cited; `docs/seq2seq.md` explains the
mathematics beside them. Nothing here trains (`training`), searches (`decoding`) or reads text (`data`).
"""
