"""The recurrent encoder-decoder: packed encoder, attention of Bahdanau or Luong, input feeding, coverage, copying.

One network, whole. Notation follows Luong et al. 2015 (arXiv 1508.04025): h_i is an encoded source position, s_t a
decoder state, c_t a context, and the *readout* s~_t = tanh(W_c [c_t; s_t]) is what words are predicted from (their eq.
5 and 6).
Training and decoding run the same decoder, over T positions or over one, so that the two cannot drift apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from glosswright_model.seq2seq.attention import Score, attend, coverage_loss
from glosswright_model.seq2seq.batch import Source, Target
from glosswright_model.seq2seq.embedding import Dropout, TokenEmbedding
from glosswright_model.seq2seq.memory import Memory
from glosswright_model.seq2seq.network import Losses
from glosswright_model.seq2seq.objective import Objective
from glosswright_model.seq2seq.packed import (
    Kept,
    Linear,
    Stepping,
    packed_log_softmax,
    packed_recurrent,
    packed_tanh,
    pays,
)
from glosswright_model.seq2seq.pointer import extended_log_probs
from glosswright_model.seq2seq.recurrent import Recurrent
from glosswright_model.seq2seq.step import Step


@dataclass(frozen=True, slots=True)
class Layers:
    """The largest layers of a step: the network's own, or the same packed for many steps."""

    recurrent: Stepping
    readout: Linear
    """[E + H] -> [R], tanh included"""
    output: Linear
    """[R] -> [V] (Luong et al. 2015, eq. 6), as log-probabilities"""


@dataclass(frozen=True, slots=True)
class RnnState:
    """What the decoder remembers of N hypotheses."""

    layers: Layers
    memory: Memory
    hidden: tuple[Tensor, ...]
    """States of the recurrent layers, each [layers, N, H]: hidden and, in an LSTM, cell."""
    fed: Tensor | None
    """[N, R] readout of the step before, with input feeding."""
    coverage: Tensor | None
    """[N, S] sum of all attention so far, with coverage."""

    def reorder(self, index: Tensor) -> RnnState:
        """The state of hypotheses `index` [M], in that order."""
        return RnnState(
            self.layers,
            self.memory.reorder(index),
            tuple(part.index_select(1, index) for part in self.hidden),
            None if self.fed is None else self.fed.index_select(0, index),
            None if self.coverage is None else self.coverage.index_select(0, index),
        )


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the decoder computed at T positions."""

    readouts: Tensor
    """[B, T, R] s~_t"""
    gates: Tensor | None
    """[B, T] logits of the copy gate, with copying."""
    attention: Tensor
    """[B, T, S]"""
    coverage_loss: Tensor | None
    """[B, T] sum_i min(a_ti, k_ti) (See et al. 2017, eq. 12), with coverage."""


class RnnEncoder(nn.Module):
    """Source tokens to h_1 ... h_S and the first decoder state."""

    def __init__(
        self, embedding: TokenEmbedding, recurrent: Recurrent, dropout: Dropout, bridges: nn.ModuleList
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.recurrent = recurrent
        self.dropout = dropout
        self.bridges = bridges
        """One for each part of the decoder's state: [H] -> [decoder layers * H]."""

    def forward(self, ids: Tensor, lengths: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """[B, S] ids, [B] lengths (on the CPU) -> [B, S, E] and the parts of the decoder's state, [layers, B, H] each.

        s_0 = tanh(W h_last) for each layer (Bahdanau et al. 2015, section A.2.2), where h_last is the last state of the
        top layer, of both directions; the cell of an LSTM is bridged from the last cell likewise.
        """
        encoded, last = self.recurrent(self.embedding(ids), lengths=lengths)  # [B, S, E]
        directions = self.recurrent.directions
        parts = []
        for bridge, part in zip(self.bridges, last, strict=True):  # part: [layers * directions, B, H / directions]
            top = part[-directions:].transpose(0, 1).reshape(ids.size(0), -1)  # [B, H]
            first = torch.tanh(bridge(top)).unflatten(1, (-1, top.size(1)))  # [B, decoder layers, H]
            parts.append(first.transpose(0, 1).contiguous())
        return self.dropout(encoded), tuple(parts)


class RnnDecoder(nn.Module):
    """Previous tokens and the encoded source to readouts."""

    def __init__(
        self,
        embedding: TokenEmbedding,
        recurrent: Recurrent,
        score: Score,
        readout: nn.Linear,
        gate: nn.Linear | None,
        dropout: Dropout,
        *,
        attend_first: bool,
        input_feeding: bool,
        copy_feeding: bool,
        coverage: bool,
    ) -> None:
        super().__init__()
        self.embedding = embedding
        self.recurrent = recurrent
        self.score = score
        self.readout = readout
        """[E + H] -> [R]"""
        self.gate = gate
        """[E + H + embedding] -> [1]: p_gen's logits from c_t, s_t and x_t (See et al. 2017, eq. 8)."""
        self.dropout = dropout
        self.attend_first = attend_first
        """Bahdanau's order: look with s_{t-1}, and feed c_t into the step; else Luong's: look with s_t."""
        self.input_feeding = input_feeding
        self.copy_feeding = copy_feeding
        self.coverage = coverage

    def forward(self, ids: Tensor, state: RnnState) -> tuple[Decoded, RnnState]:
        """[B, T] previous tokens -> T readouts, and the state behind them.

        Without a path from one step's attention into the next step's recurrence, all T recurrent steps are one call;
        and without coverage all T attentions are one product.
        """
        embedded = self.embedding(ids)  # [B, T, X]
        if self.copy_feeding:
            embedded = torch.cat([embedded, state.memory.read(ids)], dim=-1)  # from here on X is both
        if not (self.attend_first or self.input_feeding):
            states, hidden = state.layers.recurrent(embedded, state.hidden)
            state = replace(state, hidden=hidden)
            if not self.coverage:
                return self._read(embedded, states, state)
            return self._in_turn(embedded, states, state)
        return self._in_turn(embedded, None, state)

    def _in_turn(self, embedded: Tensor, states: Tensor | None, state: RnnState) -> tuple[Decoded, RnnState]:
        """Step by step; `states` [B, T, H] are given where only the attention depends on the step before."""
        steps: list[Decoded] = []
        for t in range(embedded.size(1)):
            x = embedded[:, t : t + 1]  # [B, 1, X]
            if states is not None:
                step, state = self._read(x, states[:, t : t + 1], state)
            elif self.attend_first:
                step, state = self._bahdanau(x, state)
            else:
                assert state.fed is not None
                s, hidden = state.layers.recurrent(torch.cat([x, state.fed[:, None]], dim=-1), state.hidden)
                step, state = self._read(x, s, replace(state, hidden=hidden))
            steps.append(step)
        return (_join(steps) if len(steps) > 1 else steps[0]), state

    def _bahdanau(self, x: Tensor, state: RnnState) -> tuple[Decoded, RnnState]:
        """One step in Bahdanau's order: c_t from s_{t-1}, then s_t = f(s_{t-1}, x_t, c_t). x: [B, 1, X]"""
        before = state.hidden[0][-1][:, None]  # [B, 1, H], of the top layer
        weights, context = self._attend(before, state)
        s, hidden = state.layers.recurrent(torch.cat([x, context], dim=-1), state.hidden)
        return self._finish(x, s, weights, context, replace(state, hidden=hidden))

    def _read(self, x: Tensor, s: Tensor, state: RnnState) -> tuple[Decoded, RnnState]:
        """Luong's order: look with s_t. x: [B, T, X], s: [B, T, H]"""
        weights, context = self._attend(s, state)
        return self._finish(x, s, weights, context, state)

    def _attend(self, queries: Tensor, state: RnnState) -> tuple[Tensor, Tensor]:
        """[B, T, H] -> weights [B, T, S] and contexts [B, T, E]"""
        memory = state.memory
        coverage = None if state.coverage is None else memory.together(state.coverage[:, None])
        scores = self.score(memory.together(queries), memory.keys[0], coverage)
        weights, context = attend(scores, memory.mask, memory.encoded)
        return memory.apart(weights), memory.apart(context)

    def _finish(
        self, x: Tensor, s: Tensor, weights: Tensor, context: Tensor, state: RnnState
    ) -> tuple[Decoded, RnnState]:
        """s~_t = tanh(W_c [c_t; s_t]), the copy gate, and what the next step has to know."""
        seen = torch.cat([context, s], dim=-1)  # [B, T, E + H]
        readouts = self.dropout(state.layers.readout(seen))
        gates = None if self.gate is None else self.gate(torch.cat([seen, x], dim=-1)).squeeze(-1)
        loss = None
        if state.coverage is not None:
            loss = coverage_loss(weights, state.coverage[:, None])  # [B, T = 1]
            state = replace(state, coverage=state.coverage + weights[:, 0])
        if self.input_feeding:
            state = replace(state, fed=readouts[:, -1])
        return Decoded(readouts, gates, weights, loss), state


class RnnSeq2Seq(nn.Module):
    """Encoder, decoder and output: a `TrainableModel`."""

    def __init__(self, encoder: RnnEncoder, decoder: RnnDecoder, output: nn.Linear, *, coverage_weight: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.output = output
        """[R] -> [V] (Luong et al. 2015, eq. 6)"""
        self.coverage_weight = coverage_weight
        self._packed: Kept[Layers] = Kept()

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
        decoded, _ = self.decoder(target.ids[:, :-1] if inputs is None else inputs, state)
        objective = Objective(self.output, label_smoothing)
        copying = None
        if decoded.gates is not None:
            copyable = state.memory.copyable
            copying = (decoded.gates, copyable.renormalise(decoded.attention), copyable)
        log_probs, cost, mask = objective(decoded.readouts, target.ids[:, 1:], copying)
        coverage = decoded.coverage_loss
        if coverage is not None:
            coverage = coverage * mask
            cost = cost + self.coverage_weight * coverage
        return Losses(log_probs, cost, mask, decoded.attention if attention else None, coverage)

    def start(self, source: Source) -> RnnState:
        """Encode B sources; the state of B hypotheses that hold nothing but BOS."""
        encoded, hidden = self.encoder(source.ids, source.lengths)
        memory = Memory.of(source, encoded, (self.decoder.score.keys(encoded),))
        fed = encoded.new_zeros(encoded.size(0), self.output.in_features) if self.decoder.input_feeding else None
        coverage = encoded.new_zeros(source.ids.shape) if self.decoder.coverage else None
        return RnnState(self._layers(), memory, hidden, fed, coverage)

    def _layers(self) -> Layers:
        """The layers of a step, packed if that pays."""
        recurrent, readout, output = self.decoder.recurrent, self.decoder.readout, self.output

        def make() -> Layers:
            return Layers(packed_recurrent(recurrent), packed_tanh(readout), packed_log_softmax(output))

        if not pays(self):
            return make()
        weights = [weight for module in (recurrent, readout, output) for weight in module.parameters()]
        return self._packed.get(weights, make)

    def step(self, previous: Tensor, state: RnnState) -> Step:
        """Feed the last token of each hypothesis, `previous` [N] ids in the extended vocabulary; BOS at first."""
        decoded, state = self.decoder(previous[:, None], state)
        log_probs = state.layers.output(decoded.readouts[:, 0])  # [N, V]
        attention = decoded.attention[:, 0]  # [N, S]
        copyable = state.memory.copyable
        if decoded.gates is None:
            return Step(log_probs, state, attention)
        log_probs, copied = extended_log_probs(
            log_probs, decoded.gates[:, 0], copyable.renormalise(attention), copyable
        )
        return Step(log_probs, state, attention, copied)


def _join(steps: list[Decoded]) -> Decoded:
    """T steps of one position -> one value of T positions."""

    def cat(parts: list[Tensor | None]) -> Tensor | None:
        given = [part for part in parts if part is not None]
        return torch.cat(given, dim=1) if given else None

    readouts = torch.cat([step.readouts for step in steps], dim=1)
    attention = torch.cat([step.attention for step in steps], dim=1)
    return Decoded(
        readouts, cat([step.gates for step in steps]), attention, cat([step.coverage_loss for step in steps])
    )
