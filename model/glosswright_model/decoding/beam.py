"""Beam search with length and coverage normalisation, n-best lists, constraints, and attention on request.

Promise: sources that are decided leave the batch at once. What a finished hypothesis is worth is `hypothesis`'s matter,
what may come next a constraint's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from glosswright_model.decoding.constraint import DeadEnd, Prefix
from glosswright_model.decoding.hypothesis import FORBIDDEN, Hypothesis, Normalisation, coverage_penalty
from glosswright_model.decoding.repetition import Repetition
from glosswright_model.decoding.step import StepModel
from glosswright_model.decoding.top import top
from glosswright_model.seq2seq.batch import BOS, EOS, PAD, Source

_IMPOSSIBLE = -1e4
"""Stands for log 0 under a constraint, which may leave nothing else."""


def beam_search(
    model: StepModel,
    source: Source,
    *,
    width: int,
    max_length: int,
    n_best: int = 1,
    normalisation: Normalisation | None = None,
    prefixes: Sequence[Prefix] | None = None,
    repetition: Repetition | None = None,
    attention: bool = False,
    exact: bool = False,
    go_on: Callable[[], bool] | None = None,
) -> list[list[Hypothesis]]:
    """The best hypotheses of each of the B sources, at most `n_best` each, best first.

    Each step keeps the `width` likeliest hypotheses of a source that run on, and takes out those among the likeliest
    `width` that end. A source is decided once `n_best` have ended and no running one can overtake them: judged by its
    score were it to end now, or, if `exact`, by the best score that any length up to `max_length` (tokens, EOS
    included) could give it. Fewer than `n_best` come back only if there are no more; those cut by the limit come after
    all that ended. `prefixes` are one for each source. `go_on` is asked before each step; False ends the search with
    what there is. Gradients are not recorded; put the network in evaluation mode first.
    """
    if width < 1 or max_length < 1 or not 1 <= n_best <= width:
        raise ValueError(f"cannot search with {width=}, {max_length=}, {n_best=}")
    search = _Search(
        source,
        width,
        max_length,
        n_best,
        normalisation or Normalisation(),
        repetition or Repetition(),
        attention,
        exact,
    )
    with torch.inference_mode():
        search.run(model, prefixes, go_on or (lambda: True))
    return search.results()


@dataclass(slots=True)
class _Record:
    """What one step appended to the hypotheses that run on after it, N' in number."""

    tokens: list[int]
    log_probs: list[float]
    origins: list[int]
    """The row of each before the step."""
    attention: Tensor | None
    """[N, S] of the rows before the step."""


@dataclass(slots=True)
class _Selection:
    """What goes on and what ends after a step, for A sources."""

    parents: Tensor
    """[A, K] row of the beam, below the width before the step, that each of K hypotheses continues."""
    tokens: Tensor
    """[A, K] what it continues with."""
    totals: Tensor
    """[A, K] its log-probability; -inf where there is no such hypothesis."""
    ends: list[tuple[int, int, float]]
    """(source's place among the A, row of the beam, log-probability) of those that end."""
    prefixes: list[Prefix | None]
    """A * K; empty without a constraint."""


class _Search:
    """One search over a batch."""

    def __init__(
        self,
        source: Source,
        width: int,
        max_length: int,
        n_best: int,
        normalisation: Normalisation,
        repetition: Repetition,
        attention: bool,
        exact: bool,
    ) -> None:
        self._source = source
        self._width = width
        self._max_length = max_length
        self._n_best = n_best
        self._normalisation = normalisation
        self._repetition = repetition
        self._attention = attention
        self._exact = exact
        self._records: list[_Record] = []
        self._found: list[list[Hypothesis]] = [[] for _ in range(source.ids.shape[0])]
        self._cut: list[list[Hypothesis]] = [[] for _ in range(source.ids.shape[0])]

    def results(self) -> list[list[Hypothesis]]:
        """Best first."""
        return [(found + cut)[: self._n_best] for found, cut in zip(self._found, self._cut, strict=True)]

    def run(self, model: StepModel, prefixes: Sequence[Prefix] | None, go_on: Callable[[], bool]) -> None:
        device = self._source.ids.device
        active = list(range(self._source.ids.shape[0]))  # the A sources still searched
        beam = 1  # rows of each source: one at first, then `width` or as many as there are
        scores = torch.zeros((len(active), 1), device=device)  # [A, beam]
        previous = torch.full((len(active),), BOS, dtype=torch.long, device=device)
        running: list[Prefix | None] = list(prefixes) if prefixes is not None else []
        forbidden = torch.tensor(FORBIDDEN, device=device)
        coverage: Tensor | None = None  # [N, S] attention summed over steps
        emitted = previous.new_zeros((len(active), 0))  # [N, T], kept only for repetition
        state = model.start(self._source)
        for position in range(self._max_length):
            if not go_on():
                break
            step = model.step(previous, state)
            own = step.log_probs  # [N, E]
            allowed = self._repetition.apply(own.index_fill_(1, forbidden, -torch.inf), emitted, never=(EOS,))
            if self._normalisation.coverage:
                if step.attention is None:
                    raise ValueError("coverage normalisation needs a network with attention")
                coverage = step.attention if coverage is None else coverage + step.attention
            room = self._max_length - position - 1
            if running:
                chosen = self._select_allowed(scores, allowed, beam, running, room)
            else:
                chosen = self._select(scores, allowed, beam)
            looked = step.attention if self._attention else None
            for place, row, total in chosen.ends:
                origin = place * beam + row
                self._end(active[place], origin, total, own, looked, coverage)
            going = [
                place
                for place, best in enumerate(chosen.totals.amax(dim=1).tolist())
                if best > -torch.inf and not self._decided(active[place], best, position + 1)
            ]
            kept = torch.tensor(going, dtype=torch.long, device=device)
            rows = (kept[:, None] * beam + chosen.parents[kept]).flatten()
            previous = chosen.tokens[kept].flatten()
            log_probs = own[rows, previous]
            self._records.append(_Record(previous.tolist(), log_probs.tolist(), rows.tolist(), looked))
            active = [active[place] for place in going]
            scores = chosen.totals[kept]
            if not active:
                return
            size = chosen.tokens.shape[1]
            if running:
                running = [chosen.prefixes[place * size + row] for place in going for row in range(size)]
            if coverage is not None:
                coverage = coverage[rows]
            if not self._repetition.idle:
                emitted = torch.cat([emitted[rows], previous[:, None]], dim=1)
            beam = size
            state = step.state.reorder(rows)
        self._cut_off(active, beam, scores, coverage)

    def _select(self, scores: Tensor, log_probs: Tensor, beam: int) -> _Selection:
        """The likeliest of all continuations, without a constraint."""
        count = min(2 * self._width, beam * log_probs.shape[1])  # at most `width` of them end, so that enough run on
        best, parents, tokens = top(log_probs, scores, count)
        ending = tokens == EOS
        first = ending[:, : self._width] & (best[:, : self._width] > -torch.inf)
        places = first.nonzero().tolist()
        ends = [(place, int(parents[place, rank]), float(best[place, rank])) for place, rank in places]
        order = ending.long().argsort(dim=1, stable=True)[:, : self._width]
        best = best.masked_fill(ending, -torch.inf)
        return _Selection(parents.gather(1, order), tokens.gather(1, order), best.gather(1, order), ends, [])

    def _select_allowed(
        self, scores: Tensor, log_probs: Tensor, beam: int, prefixes: list[Prefix | None], room: int
    ) -> _Selection:
        """The likeliest of all continuations that the constraint allows: candidates are asked for best first."""
        size = log_probs.shape[1]
        possible = log_probs.clamp(min=_IMPOSSIBLE).view(-1, beam, size)
        sources = len(possible)
        chosen: list[list[tuple[int, int, float, Prefix | None]]] = [[] for _ in range(sources)]
        ends: list[tuple[int, int, float]] = []
        ended = [0] * sources
        todo = list(range(sources))
        seen, count = 0, min(4 * self._width, beam * size)
        while todo:
            found = [part[:, seen:].tolist() for part in top(possible[todo].flatten(0, 1), scores[todo], count)]
            for place, *candidates in zip(list(todo), *found, strict=True):
                going = chosen[place]
                for total, row, token in zip(*candidates, strict=True):
                    prefix = prefixes[place * beam + row]
                    if total == -torch.inf or prefix is None:
                        continue
                    after = prefix.after(token, room)
                    if after is None:
                        continue
                    if token != EOS:
                        going.append((row, token, total, after))
                    elif len(going) + ended[place] < self._width:
                        ended[place] += 1
                        ends.append((place, row, total))
                    if len(going) == self._width:
                        todo.remove(place)
                        break
            if count == beam * size:
                break
            seen, count = count, min(count * 8, beam * size)
        if any(not going and not ended[place] for place, going in enumerate(chosen)):
            raise DeadEnd
        for going in chosen:
            going += [(0, EOS, -torch.inf, None)] * (self._width - len(going))

        def column(number: int, dtype: torch.dtype) -> Tensor:
            return torch.tensor(
                [[each[number] for each in going] for going in chosen], dtype=dtype, device=scores.device
            )

        after = [each[3] for going in chosen for each in going]
        return _Selection(column(0, torch.long), column(1, torch.long), column(2, scores.dtype), ends, after)

    def _end(
        self, source: int, row: int, total: float, own: Tensor, attention: Tensor | None, coverage: Tensor | None
    ) -> None:
        """Take out the hypothesis of `row` before this step, which ends now with EOS."""
        ids, log_probs, weights = self._trace(row, len(self._records))
        if attention is not None:
            weights.append(attention[row])
        each = (*log_probs, float(own[row, EOS]))
        found = self._found[source]
        found.append(self._hypothesis(source, ids, each, total, weights, coverage, row, finished=True))
        found.sort(key=lambda hypothesis: -hypothesis.score)
        del found[self._n_best :]

    def _cut_off(self, active: list[int], beam: int, scores: Tensor, coverage: Tensor | None) -> None:
        """Keep what runs when the search ends, for sources that have not found enough."""
        for place, source in enumerate(active):
            if len(self._found[source]) >= self._n_best:
                continue
            for row, total in enumerate(scores[place].tolist()):
                if total > -torch.inf:
                    row += place * beam
                    ids, log_probs, weights = self._trace(row, len(self._records))
                    self._cut[source].append(
                        self._hypothesis(source, ids, tuple(log_probs), total, weights, coverage, row, finished=False)
                    )
            self._cut[source].sort(key=lambda hypothesis: -hypothesis.score)

    def _hypothesis(
        self,
        source: int,
        ids: list[int],
        log_probs: tuple[float, ...],
        total: float,
        weights: list[Tensor],
        coverage: Tensor | None,
        row: int,
        *,
        finished: bool,
    ) -> Hypothesis:
        penalty = 0.0
        if coverage is not None:
            mask = self._source.ids[source] != PAD
            penalty = float(coverage_penalty(coverage[row][None], mask[None]))
        return Hypothesis(
            ids=tuple(ids),
            score=self._normalisation.score(total, max(len(log_probs), 1), penalty),
            log_prob=sum(log_probs),
            token_log_probs=log_probs,
            finished=finished,
            attention=torch.stack(weights) if weights else None,
        )

    def _trace(self, row: int, count: int) -> tuple[list[int], list[float], list[Tensor]]:
        """Tokens, their log-probabilities and attention of the hypothesis in `row` after `count` steps."""
        ids, log_probs, weights = [], [], []
        for record in reversed(self._records[:count]):
            ids.append(record.tokens[row])
            log_probs.append(record.log_probs[row])
            row = record.origins[row]
            if record.attention is not None:
                weights.append(record.attention[row])
        return ids[::-1], log_probs[::-1], weights[::-1]

    def _decided(self, source: int, best: float, length: int) -> bool:
        """Whether no running hypothesis, the best of log-probability `best`, can still get among the best found."""
        found = self._found[source]
        if len(found) < self._n_best:
            return False
        reached = self._max_length if self._exact else length
        return self._normalisation.score(best, reached) <= found[-1].score
