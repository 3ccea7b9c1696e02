"""Data preparation: from source trees and published corpora to pairs, from pairs to token ids.

Mining, readers, splits, augmentation, vocabularies and text pipelines. Nothing here knows a network; the only tensors
are the padded batches that `batching` makes.
"""
