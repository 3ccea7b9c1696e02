"""The Transformer (Vaswani et al. 2017, arXiv 1706.03762): encoder-decoder with key/value caches and copying.

One network, whole. D is the model size, h the heads, d = D / h the features of a head. Training and decoding run the
same decoder: over T positions with an empty cache, or over one with the keys and values of those before it, which are
never computed again. Copying is the pointer-generator's (`pointer`), with weights from a head of its own or from
cross-attention.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, log_softmax, relu, scaled_dot_product_attention

from glosswright_model.errors import DataError
from glosswright_model.seq2seq.batch import PAD, Source, Target
from glosswright_model.seq2seq.embedding import TokenEmbedding
from glosswright_model.seq2seq.memory import Memory
from glosswright_model.seq2seq.network import Losses
from glosswright_model.seq2seq.objective import Objective
from glosswright_model.seq2seq.pointer import extended_log_probs
from glosswright_model.seq2seq.step import Step


@dataclass(frozen=True, slots=True)
class TransformerState:
    """What the decoder remembers of N hypotheses that have t tokens each."""

    memory: Memory
    cache: tuple[Tensor, ...]
    """Of each decoder layer the keys and values of its own positions, [N, t, 2 D]; none at first."""
    length: int = 0
    """t"""

    def reorder(self, index: Tensor) -> TransformerState:
        """The state of hypotheses `index` [M], in that order."""
        cache = tuple(part.index_select(0, index) for part in self.cache)
        return TransformerState(self.memory.reorder(index), cache, self.length)


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the decoder computed at T positions."""

    features: Tensor
    """[B, T, D]"""
    attention: Tensor | None
    """[B, T, S] mean over the heads of one layer's cross-attention, if asked for or needed for copying."""
    gates: Tensor | None
    """[B, T] logits of the copy gate, with copying."""
    copying: Tensor | None
    """[B, T, S] weights for copying, over copyable tokens alone."""


class Positions(nn.Module):
    """Embedded tokens to the input of the first layer: scaled, with positions added, and dropout (section 3.4, 5.4)."""

    def __init__(self, features: int, longest: int, *, learned: bool, dropout: float) -> None:
        super().__init__()
        self.scale = math.sqrt(features)
        self.longest = longest
        self.learned = nn.Parameter(torch.randn(longest, features) / self.scale) if learned else None
        self.waves: Tensor
        self.register_buffer("waves", sinusoids(0 if learned else longest, features), persistent=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, embedded: Tensor, first: int = 0) -> Tensor:
        """[B, T, D] tokens at positions first ... first + T - 1 -> [B, T, D]

        Raises:
            DataError: positions behind the longest, where each has a vector of its own; waves go on for ever.
        """
        last = first + embedded.size(1)
        if self.learned is not None:
            if last > self.longest:
                raise DataError(
                    f"a sequence of {last} tokens is longer than the {self.longest} this network was built for"
                )
            return self.dropout(self.scale * (embedded + self.learned[first:last]))
        waves = self.waves if last <= self.longest else sinusoids(last, embedded.size(2)).to(self.waves)
        return self.dropout(self.scale * embedded + waves[first:last])


def sinusoids(length: int, features: int) -> Tensor:
    """[length, features]: sin(p / 10000^(2i/D)) at 2i and the cosine at 2i + 1 (section 3.5)."""
    place = torch.arange(length, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, features, 2, dtype=torch.float32) * (-math.log(10000.0) / features))
    return torch.stack([torch.sin(place * rate), torch.cos(place * rate)], dim=-1).flatten(1)


class Attention(nn.Module):
    """Multi-head scaled dot-product attention (eq. 1 and section 3.2.2): softmax(Q K^T / sqrt(d)) V."""

    def __init__(self, features: int, heads: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.project = nn.Linear(features, 3 * features)
        """Queries, keys and values, in that order: one product where all three are of the same tokens."""
        self.output = nn.Linear(features, features)
        nn.init.xavier_uniform_(self.project.weight)
        nn.init.xavier_uniform_(self.output.weight)
        nn.init.zeros_(self.project.bias)
        nn.init.zeros_(self.output.bias)

    def of_itself(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """[B, T, D] -> queries [B, T, D], and keys and values [B, T, 2 D]"""
        queries, both = self.project(x).split([x.size(-1), 2 * x.size(-1)], dim=-1)
        return queries, both

    def queries(self, x: Tensor) -> Tensor:
        """[B, T, D] -> [B, T, D]"""
        size = x.size(-1)
        return nn.functional.linear(x, self.project.weight[:size], self.project.bias[:size])

    def keys_and_values(self, x: Tensor) -> Tensor:
        """[B, S, D] -> [B, S, 2 D]"""
        size = x.size(-1)
        return nn.functional.linear(x, self.project.weight[size:], self.project.bias[size:])

    def forward(
        self,
        queries: Tensor,
        keys_and_values: Tensor,
        mask: Tensor | None = None,
        *,
        causal: bool = False,
        weights: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Look, and bring the heads together.

        Args:
            queries: [B, T, D]
            keys_and_values: [B, S, 2 D]
            mask: [B, S] bool, true where may be looked; None for everywhere.
            causal: a position sees itself and those before it (T = S).
            weights: also give the weights; not together with `causal`.

        Returns:
            [B, T, D], and [B, T, S] the mean of the heads' weights.
        """
        queries = queries.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # [B, h, T, d]
        keys, values = keys_and_values.unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)  # [B, h, S, d] each
        seen = None if mask is None else mask[:, None, None, :]  # [B, 1, 1, S]
        share = self.dropout if self.training else 0.0
        mean = None
        if weights:
            scores = torch.matmul(queries, keys.transpose(2, 3)) / math.sqrt(queries.size(-1))  # [B, h, T, S]
            if seen is not None:
                scores = scores.masked_fill(~seen, -math.inf)
            each = torch.softmax(scores, dim=-1)
            mean = each.mean(dim=1)
            mixed = torch.matmul(dropout(each, share) if share else each, values)  # [B, h, T, d]
        else:
            mixed = scaled_dot_product_attention(
                queries, keys, values, attn_mask=seen, dropout_p=share, is_causal=causal
            )
        return self.output(mixed.transpose(1, 2).flatten(2)), mean


class Residual(nn.Module):
    """Around each part of a layer: LayerNorm(x + part(x)) (section 5.4), or x + part(LayerNorm(x)) with `pre_norm`
    (Xiong et al. 2020, arXiv 2002.04745). A part calls `before`, works, and calls `after`."""

    def __init__(self, features: int, *, dropout: float, pre_norm: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(features)
        self.dropout = nn.Dropout(dropout)
        self.pre_norm = pre_norm

    def before(self, x: Tensor) -> Tensor:
        """[B, T, D] what the part works on."""
        return self.norm(x) if self.pre_norm else x

    def after(self, x: Tensor, made: Tensor) -> Tensor:
        """[B, T, D] the layer's input and what the part made of it, together."""
        total = x + self.dropout(made)
        return total if self.pre_norm else self.norm(total)


class FeedForward(nn.Module):
    """max(0, x W_1 + b_1) W_2 + b_2 (eq. 2)."""

    def __init__(self, features: int, inner: int, *, dropout: float) -> None:
        super().__init__()
        self.expand = nn.Linear(features, inner)
        self.contract = nn.Linear(inner, features)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, D] -> [B, T, D]"""
        return self.contract(self.dropout(relu(self.expand(x))))


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward (section 3.1)."""

    def __init__(self, attention: Attention, feedforward: FeedForward, residuals: Sequence[Residual]) -> None:
        super().__init__()
        self.attention = attention
        self.feedforward = feedforward
        self.around_attention, self.around_feedforward = residuals

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """[B, S, D], [B, S] -> [B, S, D]"""
        made, _ = self.attention(*self.attention.of_itself(self.around_attention.before(x)), mask)
        x = self.around_attention.after(x, made)
        return self.around_feedforward.after(x, self.feedforward(self.around_feedforward.before(x)))


class DecoderLayer(nn.Module):
    """Causal self-attention, attention to the source, and feed-forward (section 3.1)."""

    def __init__(
        self, attention: Attention, cross: Attention, feedforward: FeedForward, residuals: Sequence[Residual]
    ) -> None:
        super().__init__()
        self.attention = attention
        self.cross = cross
        self.feedforward = feedforward
        self.around_attention, self.around_cross, self.around_feedforward = residuals

    def forward(
        self,
        x: Tensor,
        source: Tensor,
        mask: Tensor,
        cache: Tensor | None,
        *,
        weights: bool,
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """One layer at T positions.

        Args:
            x: [B, T, D]; T = 1 where there is a cache.
            source: [A, S, 2 D] keys and values of the encoded sources; B = A K, K hypotheses of each in a row.
            mask: [A, S] bool, true at real source tokens.
            cache: [B, t, 2 D] keys and values of the positions before these.
            weights: also give the weights of the attention to the source.

        Returns:
            [B, T, D], the cache [B, t + T, 2 D] with these positions, and weights [B, T, S].
        """
        queries, here = self.attention.of_itself(self.around_attention.before(x))
        own = here if cache is None else torch.cat([cache, here], dim=1)
        made, _ = self.attention(queries, own, causal=cache is None)
        x = self.around_attention.after(x, made)
        queries = self.cross.queries(self.around_cross.before(x)).reshape(source.size(0), -1, x.size(2))  # [A, K T, D]
        made, seen = self.cross(queries, source, mask, weights=weights)
        x = self.around_cross.after(x, made.view_as(x))
        x = self.around_feedforward.after(x, self.feedforward(self.around_feedforward.before(x)))
        return x, own, None if seen is None else seen.view(*x.shape[:2], -1)


class TransformerEncoder(nn.Module):
    """Source tokens to encoded positions."""

    def __init__(
        self,
        embedding: TokenEmbedding,
        positions: Positions,
        layers: Sequence[EncoderLayer],
        norm: nn.Module,
        *,
        layer_dropout: float,
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.positions = positions
        self.layers = nn.ModuleList(layers)
        self.norm = norm
        """Behind the last layer: a LayerNorm with `pre_norm`, nothing without."""
        self.layer_dropout = layer_dropout

    def forward(self, ids: Tensor) -> Tensor:
        """[B, S] -> [B, S, D]"""
        mask = ids != PAD
        x = self.positions(self.embedding(ids))
        for layer in self.layers:
            if not _left_out(self):
                x = layer(x, mask)
        return self.norm(x)


class Pointer(nn.Module):
    """Weights and gate for copying, behind the last decoder layer."""

    def __init__(self, features: int, *, own: bool) -> None:
        super().__init__()
        self.query = nn.Linear(features, features) if own else None
        self.key = nn.Linear(features, features) if own else None
        self.gate = nn.Linear(2 * features, 1)
        """p_gen's logits from the context and the decoder's features (See et al. 2017, eq. 8, without x_t, which the
        residual path carries)."""

    def keys(self, encoded: Tensor) -> tuple[Tensor, ...]:
        """[B, S, D] -> what `forward` needs of a source: [B, S, D] with a head of its own, else nothing."""
        return () if self.key is None else (self.key(encoded),)

    def forward(self, features: Tensor, memory: Memory, attention: Tensor | None) -> tuple[Tensor, Tensor]:
        """[B, T, D], the source, cross-attention [B, T, S] -> gate logits [B, T] and weights [B, T, S]."""
        if self.query is not None:
            queries = memory.together(self.query(features))
            scores = memory.apart(torch.bmm(queries, memory.keys[-1].transpose(1, 2))) / math.sqrt(features.size(-1))
            weights = torch.softmax(scores.masked_fill(~memory.copyable.mask[:, None], -math.inf), dim=-1)
        else:
            assert attention is not None
            weights = memory.copyable.renormalise(attention).to(features.dtype)
        context = memory.mean(weights)  # [B, T, D]
        return self.gate(torch.cat([context, features], dim=-1)).squeeze(-1), weights


class TransformerDecoder(nn.Module):
    """Previous tokens and the encoded source to features of the next tokens."""

    def __init__(
        self,
        embedding: TokenEmbedding,
        positions: Positions,
        layers: Sequence[DecoderLayer],
        norm: nn.Module,
        pointer: Pointer | None,
        read: nn.Linear | None,
        *,
        explaining: int,
        layer_dropout: float,
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.positions = positions
        self.layers = nn.ModuleList(layers)
        self.norm = norm
        self.pointer = pointer
        self.read = read
        """[D] -> [D], with copy feeding: what the places that a token may be copied from add to its embedding."""
        self.explaining = explaining
        """The layer whose attention to the source is given, and copies if the pointer has no head of its own."""
        self.layer_dropout = layer_dropout

    def keys(self, encoded: Tensor) -> tuple[Tensor, ...]:
        """[B, S, D] -> keys and values [B, S, 2 D] of each layer, and the pointer's keys."""
        both = [layer.cross.keys_and_values(encoded) for layer in self.layers]
        return (*both, *(() if self.pointer is None else self.pointer.keys(encoded)))

    def forward(
        self, ids: Tensor, state: TransformerState, *, attention: bool, stepping: bool = False
    ) -> tuple[Decoded, TransformerState]:
        """[B, T] previous tokens, T = 1 when `stepping` -> features, and the state behind them.

        A decoder that is stepping leaves no layer out, even in training: each layer's cache has to know every position.
        """
        memory = state.memory
        wanted = attention or (self.pointer is not None and self.pointer.query is None)
        embedded = self.embedding(ids)  # [B, T, D]
        if self.read is not None:
            embedded = embedded + self.read(memory.read(ids)) / self.positions.scale
        x = self.positions(embedded, state.length)
        caches: list[Tensor] = []
        seen = None
        for number, layer in enumerate(self.layers):
            weights = wanted and number == self.explaining
            if not (stepping or weights) and _left_out(self):
                continue
            before = state.cache[number] if state.cache else None
            x, cache, here = layer(x, memory.keys[number], memory.mask, before, weights=weights)
            caches.append(cache)
            seen = here if weights else seen
        x = self.norm(x)
        gates, copying = (None, None) if self.pointer is None else self.pointer(x, memory, seen)
        return Decoded(x, seen, gates, copying), TransformerState(memory, tuple(caches), state.length + ids.size(1))


class TransformerSeq2Seq(nn.Module):
    """Encoder, decoder and output: a `TrainableModel`."""

    def __init__(self, encoder: TransformerEncoder, decoder: TransformerDecoder, output: nn.Linear) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.output = output
        """[D] -> [V]"""

    @property
    def target_size(self) -> int:
        """V: ids of the target vocabulary, without the extended ones."""
        return int(self.output.out_features)

    def forward(
        self,
        source: Source,
        target: Target,
        *,
        label_smoothing: float = 0.0,
        inputs: Tensor | None = None,
        attention: bool = False,
    ) -> Losses:
        """Score gold targets; see `TrainableModel.forward`."""
        state = self.start(source)
        decoded, _ = self.decoder(target.ids[:, :-1] if inputs is None else inputs, state, attention=attention)
        copying = None
        if decoded.gates is not None and decoded.copying is not None:
            copying = decoded.gates, decoded.copying, state.memory.copyable
        log_probs, cost, mask = Objective(self.output, label_smoothing)(decoded.features, target.ids[:, 1:], copying)
        return Losses(log_probs, cost, mask, decoded.attention if attention else None)

    def start(self, source: Source) -> TransformerState:
        """Encode B sources; the state of B hypotheses that hold nothing but BOS."""
        encoded = self.encoder(source.ids)
        memory = Memory.of(source, encoded, self.decoder.keys(encoded))
        return TransformerState(memory, ())

    def step(self, previous: Tensor, state: TransformerState) -> Step:
        """Feed the last token of each hypothesis, `previous` [N] ids in the extended vocabulary; BOS at first."""
        decoded, state = self.decoder(previous[:, None], state, attention=True, stepping=True)
        log_probs = log_softmax(self.output(decoded.features[:, 0]).float(), dim=-1)  # [N, V]
        assert decoded.attention is not None
        attention = decoded.attention[:, 0]  # [N, S]
        if decoded.gates is None or decoded.copying is None:
            return Step(log_probs, state, attention)
        weights = decoded.copying[:, 0]
        log_probs, copied = extended_log_probs(log_probs, decoded.gates[:, 0], weights, state.memory.copyable)
        return Step(log_probs, state, attention, copied)


def _left_out(stack: TransformerEncoder | TransformerDecoder) -> bool:
    """Whether to skip a layer in this training step (LayerDrop, Fan et al. 2020, arXiv 1909.11556, section 3.1)."""
    return bool(stack.training and stack.layer_dropout > 0.0 and torch.rand(()) < stack.layer_dropout)
