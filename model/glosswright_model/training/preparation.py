"""From a configuration to what a run trains: pairs, text pipeline, examples, and a network with its first weights.

Everything here is a function of the configuration and the corpus, so that a resumed run, and each process of a
distributed one, builds the same. Nothing is trained.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from glosswright_model.checkpoint import About, load_checkpoint, read_config, sha256
from glosswright_model.data.augment import AugmentOptions, augmented_examples
from glosswright_model.data.batching import Batches, BatchOptions, Example, encode_pairs, is_oversized
from glosswright_model.data.bpe_codec import BpeCodec, BpeCodecOptions
from glosswright_model.data.codec import Codec
from glosswright_model.data.codecs import build_codec
from glosswright_model.data.pairs import Pair
from glosswright_model.data.readers import read_corpus
from glosswright_model.data.word_codec import N_SPECIAL, WordCodec, WordCodecOptions
from glosswright_model.errors import ConfigError, DataError
from glosswright_model.seq2seq.build import Network, build, build_discriminator
from glosswright_model.seq2seq.config import DiscriminatorConfig, NetworkConfig
from glosswright_model.seq2seq.discriminator import Discriminator
from glosswright_model.seq2seq.vectors import initialise_embedding
from glosswright_model.training.config import Experiment, refuse_unknown
from glosswright_model.training.seeds import seed_of


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run, ready to begin."""

    codec: Codec
    config: NetworkConfig
    network: Network
    batches: Batches
    train: tuple[Pair, ...]
    dev: tuple[Pair, ...]
    validation: tuple[Example, ...]
    """`dev` as ids, without the pairs that nothing can be computed on."""
    about: About
    fingerprint: str
    training_pairs: int
    left_out: int
    """Training pairs that were empty or too long."""
    unreachable: int
    """Training pairs with a word that can be neither predicted nor copied."""


def prepare(experiment: Experiment) -> Prepared:
    """Read the corpus, build or load the vocabularies, and draw the first weights.

    Raises DataError (the corpus), ConfigError (codec, network), CheckpointError (`start_from`).
    """
    train, dev = read_parts(experiment)
    start = load_checkpoint(Path(experiment.start_from)) if experiment.start_from else None
    if start is not None and isinstance(start.codec, WordCodec | BpeCodec):
        _check_codec(experiment, start.codec)
    codec = start.codec if start else make_codec(experiment, train)
    config = experiment.network_config()
    torch.manual_seed(seed_of(experiment.training.seed, "weights"))
    network = build(config, codec.source_size, codec.target_size)
    if start is not None:
        if dataclasses.replace(start.config, **_dropouts(config)) != config:
            raise ConfigError("network: differs from that of the checkpoint in start_from in more than dropout.")
        network.load_state_dict(start.network.state_dict())
    take_vectors(experiment, network, codec)
    encoded = encode_pairs(codec, train, target_limit=experiment.data.target_limit)
    if not encoded.examples:
        raise DataError("There is no pair to train on: all were empty or longer than data.target_limit.")
    validation = encode_pairs(codec, dev, target_limit=experiment.data.target_limit)
    about = About(
        name=experiment.name,
        unit=experiment.unit,
        language=experiment.language,
        data=tuple(f"{experiment.data.corpus}/{part}" for part in experiment.data.train),
        licence=experiment.licence,
        context=experiment.data.context,
    )
    options = BatchOptions(size=experiment.training.batch_size, seed=experiment.training.seed)
    examples: Sequence[Example] | Callable[[int], Sequence[Example]] = encoded.examples
    if experiment.augment:
        ways = AugmentOptions.from_mapping(experiment.augment)
        seed, limit = seed_of(experiment.training.seed, "augment"), experiment.data.target_limit
        examples = augmented_examples(codec, train, ways, seed=seed, target_limit=limit)
    return Prepared(
        codec,
        config,
        network,
        Batches(examples, options),
        train,
        dev,
        validation.examples,
        about,
        fingerprint_of(experiment, train, dev),
        len(encoded.examples),
        encoded.too_long + encoded.empty,
        encoded.unreachable,
    )


def read_parts(experiment: Experiment) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
    """Training and validation pairs. Raises DataError where either is missing or empty."""
    data, path = experiment.data, Path(experiment.data.path).expanduser()
    train = tuple(pair for part in data.train for pair in read_corpus(data.corpus, path, part))
    dev = tuple(pair for pair in read_corpus(data.corpus, path, data.dev) if not is_oversized(pair))
    if data.context:
        train, dev = (tuple(pair.with_context() for pair in part) for part in (train, dev))
    if not train:
        raise DataError(f"{path} has no pair to train on in {', '.join(data.train) or 'no part'}.")
    if not dev:
        raise DataError(f"{path} has no pair in {data.dev} to validate on; mine more files, or name another part.")
    return train, dev


def make_codec(experiment: Experiment, train: Sequence[Pair]) -> Codec:
    """The text pipeline of the training pairs. Raises ConfigError, DataError (an option's value, no words)."""
    options = dict(experiment.codec)
    kind = options.pop("kind", "word")
    kinds: dict[str, type] = {"word": WordCodecOptions, "bpe": BpeCodecOptions}
    if kind not in kinds:
        raise ConfigError(f"codec.kind is one of {', '.join(kinds)}, not {kind!r}.")
    refuse_unknown(options, (field.name for field in dataclasses.fields(kinds[kind])), "codec")
    texts = [pair for pair in train if not is_oversized(pair)]
    return build_codec(kind, texts, {"source_limit": experiment.data.source_limit, **options})


def _check_codec(experiment: Experiment, codec: WordCodec | BpeCodec) -> None:
    """A checkpoint brings its text pipeline along: one that is asked for must be that. Raises ConfigError."""
    its = {"kind": codec.kind, **dataclasses.asdict(codec.options)}
    asked = dict(experiment.codec) if "codec" in experiment.model_fields_set else {}
    refuse_unknown(asked, its, "codec")
    where = {key: f"codec.{key}" for key in asked}
    if "source_limit" in experiment.data.model_fields_set and "source_limit" not in asked:
        asked["source_limit"], where["source_limit"] = experiment.data.source_limit, "data.source_limit"
    for key, value in asked.items():
        if value != its[key]:
            raise ConfigError(
                f"{where[key]}: is {value!r}, but the vocabulary of start_from was made with {its[key]!r}; use that, "
                "or leave it out."
            )


def take_vectors(experiment: Experiment, network: Network, codec: Codec) -> None:
    """Begin with pretrained word vectors, where the configuration names files. Raises ConfigError, DataError."""
    files = experiment.vectors
    if files.source is None and files.target is None:
        return
    if not isinstance(codec, WordCodec):
        raise ConfigError("vectors: are for words; use codec.kind: word, or leave vectors out.")
    if experiment.start_from:
        raise ConfigError("vectors: would undo what start_from learned; use one of the two.")
    for path, embedding, words in (
        (files.source, network.encoder.embedding, codec.source_words),
        (files.target, network.decoder.embedding, codec.target_words),
    ):
        if path is not None:
            ids = [""] * N_SPECIAL + list(words)  # special ids have no vector
            ids += [""] * (embedding.size - len(ids))  # nor have numbered unknown words
            initialise_embedding(embedding.table, ids, Path(path).expanduser())


def build_adversary(experiment: Experiment, codec: Codec) -> Discriminator:
    """The discriminator of adversarial training, with its first weights. Raises ConfigError, naming the field."""
    values = dict(experiment.tune.discriminator)
    refuse_unknown(values, (field.name for field in dataclasses.fields(DiscriminatorConfig)), "tune.discriminator")
    if isinstance(values.get("widths"), list):
        values["widths"] = tuple(values["widths"])
    torch.manual_seed(seed_of(experiment.training.seed, "discriminator"))
    try:
        return build_discriminator(DiscriminatorConfig(**values), codec.source_size, codec.target_size)
    except ConfigError as error:
        raise ConfigError(f"tune.discriminator.{error}") from error


def fingerprint_of(experiment: Experiment, train: Sequence[Pair], dev: Sequence[Pair]) -> str:
    """A hash of everything that decides what a run ends with: settings, pairs, and the checkpoint it starts from."""
    document = experiment.model_dump(
        mode="json", exclude={"record": True, "data": {"path"}, "start_from": True, "vectors": True}
    )
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode())
    for pair in (*train, *dev):
        digest.update(json.dumps([pair.source, pair.target, pair.split]).encode())
    for vectors in (experiment.vectors.source, experiment.vectors.target):
        if vectors is not None and (file := Path(vectors).expanduser()).is_file():
            digest.update(sha256(file).encode())
    if experiment.start_from:
        read_config(Path(experiment.start_from))
        digest.update(sha256(Path(experiment.start_from) / "config.json").encode())
    return digest.hexdigest()


def _dropouts(config: NetworkConfig) -> Mapping[str, Any]:
    """What may change between pre-training and tuning: no tensor depends on it."""
    return {
        field.name: getattr(config, field.name)
        for field in dataclasses.fields(config)
        if field.name.endswith("dropout") or field.name in ("variational", "coverage_weight")
    }
