"""Which terminals may follow a prefix of a sentence, and how short its shortest ending is, for any grammar.

The LR(0) automaton of the grammar (Knuth 1965) is run nondeterministically: where its table has a conflict, a prefix
has several stacks, of which the wrong ones die at the next terminal. So grammars need not be LALR(1), and the answer
is exact: a terminal is allowed just if some sentence goes on so. Prefixes are interned and remember where each terminal
leads, so that in a search, whose hypotheses are alike, a step is mostly one look into a dictionary.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping
from itertools import count

from glosswright_model.decoding.grammar.notation import Grammar

END = "END"
"""The terminal behind every sentence."""

_Item = tuple[int, int]
"""A production's number, and how many symbols of its right side are behind."""


class _Stack:
    """A node of a stack that many prefixes share: a state of the automaton on top of another stack."""

    __slots__ = ("below", "ending", "state")

    def __init__(self, state: int, below: _Stack | None) -> None:
        self.state = state
        self.below = below
        self.ending: float | None = None
        """Cost of the shortest ending, once known."""


class Prefix:
    """A prefix of sentences, up to what matters for what may follow. Compare by identity. Made by a `Recognizer`."""

    __slots__ = ("_closure", "_following", "_owner", "_stacks")

    def __init__(self, owner: Recognizer, stacks: frozenset[_Stack]) -> None:
        self._owner = owner
        self._stacks = stacks
        self._closure: dict[str, list[_Stack]] | None = None
        self._following: dict[str, Prefix | None] = {}

    @property
    def allowed(self) -> Iterable[str]:
        """The terminals that may come next; END among them if this is a sentence."""
        return self._shifts().keys()

    def after(self, terminal: str) -> Prefix | None:
        """The prefix with `terminal` behind it; None if no sentence begins so."""
        try:
            return self._following[terminal]
        except KeyError:
            following = self._following[terminal] = self._owner._after(self._shifts().get(terminal), terminal)
            return following

    @property
    def ending(self) -> float:
        """The cost of the cheapest ending, END included; infinite if the costs rule out every one."""
        return min(self._owner._ending(stack) for stack in self._stacks)

    def _shifts(self) -> dict[str, list[_Stack]]:
        if self._closure is None:
            self._closure = self._owner._shifts(self._stacks)
        return self._closure


class Recognizer:
    """Recognises prefixes of the sentences of a grammar. Not to be shared between threads without a lock."""

    def __init__(self, grammar: Grammar, start: str, costs: Mapping[str, float], *, remembered: int = 100_000) -> None:
        """`costs` prices terminals for the shortest ending: 1 where missing, `math.inf` for what must not be used.

        `remembered` limits the interned prefixes; beyond it all are forgotten and found anew.
        """
        self._productions = (("", (start, END)), *grammar.productions)
        self._by_name: dict[str, list[int]] = {}
        for number, (name, _) in enumerate(self._productions):
            self._by_name.setdefault(name, []).append(number)
        self._costs = _cheapest(self._productions, costs)
        self._items: list[frozenset[_Item]] = []
        self._numbers: dict[frozenset[_Item], int] = {}
        self._moves: list[dict[str, int] | None] = []
        self._reductions: list[list[tuple[str, int]]] = []
        self._remembered = remembered
        self._stack_table: dict[tuple[int, _Stack | None], _Stack] = {}
        self._prefix_table: dict[frozenset[_Stack], Prefix] = {}
        self._first_state = self._state(frozenset({(0, 0)}))

    @property
    def empty(self) -> Prefix:
        """The prefix of every sentence."""
        return self._prefix(frozenset({self._stack(self._first_state, None)}))

    def _prefix(self, stacks: frozenset[_Stack]) -> Prefix:
        found = self._prefix_table.get(stacks)
        if found is None:
            if len(self._prefix_table) >= self._remembered:
                self._prefix_table.clear()
                self._stack_table.clear()
            found = self._prefix_table[stacks] = Prefix(self, stacks)
        return found

    def _stack(self, state: int, below: _Stack | None) -> _Stack:
        key = (state, below)
        found = self._stack_table.get(key)
        if found is None:
            found = self._stack_table[key] = _Stack(state, below)
        return found

    def _shifts(self, stacks: Iterable[_Stack]) -> dict[str, list[_Stack]]:
        """For each terminal that may come next, the stacks on which it can be shifted: after any reductions."""
        found: dict[str, list[_Stack]] = {}
        todo = list(stacks)
        seen = set(todo)
        while todo:
            stack = todo.pop()
            for symbol in self._moves_of(stack.state):
                if symbol not in self._by_name:
                    found.setdefault(symbol, []).append(stack)
            for name, length in self._reductions[stack.state]:
                reduced = self._goto(_below(stack, length), name)
                if reduced not in seen:
                    seen.add(reduced)
                    todo.append(reduced)
        return found

    def _after(self, stacks: list[_Stack] | None, terminal: str) -> Prefix | None:
        if stacks is None:
            return None
        return self._prefix(frozenset(self._goto(stack, terminal) for stack in stacks))

    def _goto(self, stack: _Stack, symbol: str) -> _Stack:
        return self._stack(self._moves_of(stack.state)[symbol], stack)

    def _ending(self, stack: _Stack) -> float:
        """Dijkstra over stacks: an edge finishes one of the productions that the state on top is in the midst of."""
        if stack.ending is not None:
            return stack.ending
        tie = count()
        heap: list[tuple[float, int, _Stack | None]] = [(0.0, next(tie), stack)]
        done: set[_Stack] = set()
        stack.ending = math.inf
        while heap:
            cost, _, top = heapq.heappop(heap)
            if top is None:
                stack.ending = cost
                break
            if top in done:
                continue
            done.add(top)
            if top is not stack and top.ending is not None:
                heapq.heappush(heap, (cost + top.ending, next(tie), None))
                continue
            for number, dot in self._items[top.state]:
                name, right = self._productions[number]
                rest = cost + sum(self._costs[symbol] for symbol in right[dot:])
                if rest == math.inf or (dot == 0 and number != 0):
                    continue
                following = None if number == 0 else self._goto(_below(top, dot), name)
                heapq.heappush(heap, (rest, next(tie), following))
        return stack.ending

    def _moves_of(self, state: int) -> dict[str, int]:
        """Where each symbol leads from a state. States are made when a prefix first needs them."""
        moves = self._moves[state]
        if moves is None:
            kernels: dict[str, set[_Item]] = {}
            for number, dot in self._closed(self._items[state]):
                right = self._productions[number][1]
                if dot < len(right):
                    kernels.setdefault(right[dot], set()).add((number, dot + 1))
            moves = {symbol: self._state(frozenset(kernel)) for symbol, kernel in kernels.items()}
            self._moves[state] = moves
        return moves

    def _state(self, kernel: frozenset[_Item]) -> int:
        number = self._numbers.get(kernel)
        if number is None:
            number = self._numbers[kernel] = len(self._items)
            self._items.append(kernel)
            self._moves.append(None)
            complete = [self._productions[each] for each, dot in kernel if dot == len(self._productions[each][1])]
            self._reductions.append([(name, len(right)) for name, right in complete if name])
        return number

    def _closed(self, kernel: frozenset[_Item]) -> set[_Item]:
        items = set(kernel)
        todo = list(kernel)
        while todo:
            number, dot = todo.pop()
            right = self._productions[number][1]
            if dot < len(right):
                for other in self._by_name.get(right[dot], ()):
                    if (other, 0) not in items:
                        items.add((other, 0))
                        todo.append((other, 0))
        return items


def _below(stack: _Stack, count: int) -> _Stack:
    """The stack without its `count` topmost states."""
    found: _Stack | None = stack
    for _ in range(count):
        assert found is not None  # a production is only complete when its symbols lie on the stack
        found = found.below
    assert found is not None
    return found


def _cheapest(productions: Iterable[tuple[str, tuple[str, ...]]], costs: Mapping[str, float]) -> dict[str, float]:
    """The cost of the cheapest sentence of each symbol, by relaxation until nothing changes."""
    productions = tuple(productions)
    rules = {name for name, _ in productions}
    found = {symbol: costs.get(symbol, 1.0) for _, right in productions for symbol in right if symbol not in rules}
    found |= dict.fromkeys(rules, math.inf)
    changed = True
    while changed:
        changed = False
        for name, right in productions:
            cost = sum(found[symbol] for symbol in right)
            if cost < found[name]:
                found[name] = cost
                changed = True
    return found
