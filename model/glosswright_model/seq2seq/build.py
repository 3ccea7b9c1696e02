"""From a configuration to a network: the one place that knows both.

Networks get modules, numbers and switches; which of them follow from which option is decided here.
"""

from __future__ import annotations

from torch import nn

from glosswright_model.errors import ConfigError
from glosswright_model.seq2seq.attention import AdditiveScore, MultiplicativeScore, Score
from glosswright_model.seq2seq.config import DiscriminatorConfig, NetworkConfig, RnnConfig, TransformerConfig
from glosswright_model.seq2seq.discriminator import ConvolutionalEncoder, Discriminator, RecurrentEncoder
from glosswright_model.seq2seq.embedding import Dropout, TokenEmbedding
from glosswright_model.seq2seq.recurrent import Recurrent
from glosswright_model.seq2seq.rnn import RnnDecoder, RnnEncoder, RnnSeq2Seq
from glosswright_model.seq2seq.transformer import (
    Attention,
    DecoderLayer,
    EncoderLayer,
    FeedForward,
    Pointer,
    Positions,
    Residual,
    TransformerDecoder,
    TransformerEncoder,
    TransformerSeq2Seq,
)

Network = RnnSeq2Seq | TransformerSeq2Seq


def build(config: NetworkConfig, source_size: int, target_size: int) -> Network:
    """A freshly initialised network, a `TrainableModel` and a `torch.nn.Module`, for vocabularies of these sizes.

    Raises:
        ConfigError: `tie_embeddings` with vocabularies of different sizes.
    """
    if config.tie_embeddings and source_size != target_size:
        raise ConfigError(
            f"tie_embeddings: the source vocabulary has {source_size} tokens, the target vocabulary {target_size}; "
            "use one vocabulary for both, or false"
        )
    if isinstance(config, RnnConfig):
        return _rnn(config, source_size, target_size)
    return _transformer(config, source_size, target_size)


def build_discriminator(config: DiscriminatorConfig, source_size: int, target_size: int) -> Discriminator:
    """A freshly initialised discriminator for vocabularies of these sizes."""

    def encoder(size: int) -> nn.Module:
        embedding = TokenEmbedding(size, config.embedding_size, dropout=config.embedding_dropout)
        if config.kind == "convolutional":
            return ConvolutionalEncoder(embedding, config.embedding_size, config.widths, config.filters)
        sizes = config.embedding_size, config.hidden_size, config.layers
        return RecurrentEncoder(embedding, Recurrent("gru", *sizes, bidirectional=True, dropout=config.dropout))

    if config.kind == "convolutional":
        features = config.filters * len(config.widths)
    else:
        features = 2 * config.hidden_size
    judge = nn.Sequential(
        nn.Dropout(config.dropout), nn.Linear(3 * features, features), nn.ReLU(), nn.Linear(features, 1)
    )
    return Discriminator(encoder(source_size), encoder(target_size), judge)


def _rnn(config: RnnConfig, source_size: int, target_size: int) -> RnnSeq2Seq:
    def embedding(size: int) -> TokenEmbedding:
        return TokenEmbedding(
            size,
            config.embedding_size,
            dropout=config.embedding_dropout,
            word_dropout=config.word_dropout,
            variational=config.variational,
        )

    hidden, features = config.hidden_size, config.embedding_size
    source_embedding = embedding(source_size)
    target_embedding = source_embedding if config.tie_embeddings else embedding(target_size)
    dropout = Dropout(config.dropout, variational=config.variational)
    encoder_recurrent = Recurrent(
        config.cell,
        features,
        hidden // 2 if config.bidirectional else hidden,
        config.encoder_layers,
        bidirectional=config.bidirectional,
        dropout=config.dropout,
        recurrent_dropout=config.recurrent_dropout,
        variational=config.variational,
    )
    readout_size = features if config.tie_output else hidden
    attend_first = config.attention == "bahdanau"
    token = features + (hidden if config.copy_feeding else 0)
    decoder_recurrent = Recurrent(
        config.cell,
        token + (hidden if attend_first else readout_size if config.input_feeding else 0),
        hidden,
        config.decoder_layers,
        dropout=config.dropout,
        recurrent_dropout=config.recurrent_dropout,
        variational=config.variational,
    )
    bridges = nn.ModuleList(nn.Linear(hidden, config.decoder_layers * hidden) for _ in range(encoder_recurrent.parts))
    score: Score
    if config.attention in ("bahdanau", "concat"):
        score = AdditiveScore(hidden, hidden, coverage=config.coverage)
    else:
        score = MultiplicativeScore(hidden, hidden, general=config.attention == "general", coverage=config.coverage)
    output = nn.Linear(readout_size, target_size)
    if config.tie_output:
        output.weight = target_embedding.table.weight
    return RnnSeq2Seq(
        RnnEncoder(source_embedding, encoder_recurrent, dropout, bridges),
        RnnDecoder(
            target_embedding,
            decoder_recurrent,
            score,
            nn.Linear(2 * hidden, readout_size),
            nn.Linear(2 * hidden + token, 1) if config.copy else None,
            dropout,
            attend_first=attend_first,
            input_feeding=config.input_feeding,
            copy_feeding=config.copy_feeding,
            coverage=config.coverage,
        ),
        output,
        coverage_weight=config.coverage_weight,
    )


def _transformer(config: TransformerConfig, source_size: int, target_size: int) -> TransformerSeq2Seq:
    size = config.model_size

    def embedding(vocabulary: int) -> TokenEmbedding:
        return TokenEmbedding(vocabulary, size, word_dropout=config.word_dropout)

    def positions() -> Positions:
        learned = config.positions == "learned"
        return Positions(size, config.max_positions, learned=learned, dropout=config.dropout)

    def attention() -> Attention:
        return Attention(size, config.heads, dropout=config.attention_dropout)

    def feedforward() -> FeedForward:
        return FeedForward(size, config.feedforward_size, dropout=config.activation_dropout)

    def residuals(parts: int) -> list[Residual]:
        return [Residual(size, dropout=config.dropout, pre_norm=config.pre_norm) for _ in range(parts)]

    def norm() -> nn.Module:
        return nn.LayerNorm(size) if config.pre_norm else nn.Identity()

    source_embedding = embedding(source_size)
    target_embedding = source_embedding if config.tie_embeddings else embedding(target_size)
    output = nn.Linear(size, target_size)
    if config.tie_output:
        output.weight = target_embedding.table.weight
    return TransformerSeq2Seq(
        TransformerEncoder(
            source_embedding,
            positions(),
            [EncoderLayer(attention(), feedforward(), residuals(2)) for _ in range(config.encoder_layers)],
            norm(),
            layer_dropout=config.layer_dropout,
        ),
        TransformerDecoder(
            target_embedding,
            positions(),
            [DecoderLayer(attention(), attention(), feedforward(), residuals(3)) for _ in range(config.decoder_layers)],
            norm(),
            Pointer(size, own=config.copy_from == "own") if config.copy else None,
            nn.Linear(size, size, bias=False) if config.copy_feeding else None,
            explaining=config.copy_layer % config.decoder_layers,
            layer_dropout=config.layer_dropout,
        ),
        output,
    )
