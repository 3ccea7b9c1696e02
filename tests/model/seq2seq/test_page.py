"""docs/seq2seq.md: every number on it is computed again from those given, by the code that it names."""

from __future__ import annotations

import ast
import doctest
import re
import runpy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from glosswright_model.decoding.hypothesis import Normalisation
from glosswright_model.seq2seq.attention import AdditiveScore, MultiplicativeScore, attend, coverage_loss
from glosswright_model.seq2seq.batch import PAD, Source
from glosswright_model.seq2seq.discriminator import ConvolutionalEncoder
from glosswright_model.seq2seq.embedding import TokenEmbedding
from glosswright_model.seq2seq.explain import Explanation
from glosswright_model.seq2seq.objective import Objective
from glosswright_model.seq2seq.pointer import Copyable, extended_log_probs
from glosswright_model.seq2seq.recurrent import Recurrent
from glosswright_model.seq2seq.transformer import Attention, sinusoids

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "seq2seq.md"
Table = list[list[str]]
"""Rows of cells, without header and first column."""
Numbers = list[list[float]]
NUMBER = r"-?\d+\.?\d*"


def tables() -> dict[str, Table]:
    """The tables with a "computed" comment, by its name."""
    found: dict[str, Table] = {}
    for name, text in re.findall(r"<!-- computed: (.+?) -->\n((?:\|.*\n)+)", PAGE.read_text(encoding="utf-8")):
        rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in text.splitlines()]
        found[name] = [row[1:] for row in rows[2:]]
    return found


def numbers(row: list[str]) -> list[float]:
    """Every number of a row, in order."""
    return [float(number) for number in re.findall(NUMBER, " ".join(row))]


def given(name: str) -> float:
    """A number that the text gives: "$name = number$"."""
    (found,) = set(re.findall(rf"\${re.escape(name)} = ({NUMBER})\$", PAGE.read_text(encoding="utf-8")))
    return float(found)


def lstm(table: Table) -> Numbers:
    """Sums by hand; gates by their functions."""
    x, h, _ = numbers(TABLES["lstm state"][0])[:3]
    rows = [numbers(row)[:3] for row in table]
    sums = [w * x + u * h + b for w, u, b in rows]
    gates = [torch.tanh if number == 2 else torch.sigmoid for number in range(4)]
    return [[*row, total, gate(torch.tensor(total)).item()] for row, total, gate in zip(rows, sums, gates, strict=True)]


def lstm_state(table: Table) -> Numbers:
    """One step of the library's own layer with the weights of the other table."""
    x, h, c = numbers(table[0])[:3]
    recurrent = Recurrent("lstm", 1, 1, 1)
    weights = torch.tensor([numbers(row)[:3] for row in TABLES["lstm"]])
    layer = recurrent.layers[0]
    with torch.no_grad():
        layer.weight_ih_l0.copy_(weights[:, :1])
        layer.weight_hh_l0.copy_(weights[:, 1:2])
        layer.bias_ih_l0.copy_(weights[:, 2])
        layer.bias_hh_l0.zero_()
        _, (hidden, cell) = recurrent(torch.full((1, 1, 1), x), (torch.full((1, 1, 1), h), torch.full((1, 1, 1), c)))
    return [[x, h, c, cell.item(), hidden.item()]]


def attention(table: Table) -> Numbers:
    """Both scores of the library."""
    first, second, state = (numbers(row) for row in table[:3])
    encoded = torch.tensor([first, second]).T[None]  # [1, 3, 2]
    mask = torch.tensor([[True, True, False]])
    additive = AdditiveScore(2, 2)
    found = [first, second, state]
    with torch.no_grad():
        for weight in (additive.query.weight, additive.key.weight):
            weight.copy_(torch.eye(2))
        additive.key.bias.zero_()
        additive.energy.weight.fill_(1.0)
        for score in (MultiplicativeScore(2, 2, general=False), additive):
            scores = score(torch.tensor([[state]]), score.keys(encoded))
            weights, _ = attend(scores, mask, encoded)
            found += [scores[0, 0].tolist(), weights[0, 0].tolist()]
    return found


def coverage(table: Table) -> Numbers:
    """Step after step, as the decoder does."""
    found = []
    seen = torch.zeros(1, 3)
    for row in table[:3]:
        weights = torch.tensor([[numbers(row)[:3]]])
        found.append([*numbers(row)[:3], coverage_loss(weights, seen[:, None]).item()])
        seen = seen + weights[:, 0]
    return [*found, seen[0].tolist()]


def mixture() -> tuple[torch.Tensor, torch.Tensor, Copyable, torch.Tensor]:
    """log P_vocab [1, 8], weights [1, 5], what is copyable, gate logits [1]. The tokens are 4 ... 7, `total` is 8."""
    generated = torch.full((1, 8), 1e-30)
    generated[0, 4:] = torch.tensor(numbers(TABLES["pointer"][0]))
    unknown, back, x, y, total, again = numbers(TABLES["pointer"][1])
    assert unknown == back == y == 0
    copies = torch.tensor([[PAD, PAD, 8, 8, 6]])  # give back total total x
    source = Source(torch.full_like(copies, 4), torch.tensor([5]), copies, 1)
    what = Copyable.of(source, torch.ones_like(copies, dtype=torch.bool))
    return generated.log(), torch.tensor([[0.0, 0.0, total, again, x]]), what, torch.tensor([given("g")]).logit()


def pointer(table: Table) -> Numbers:
    """The whole distribution, as decoding has it."""
    generated, weights, what, gate = mixture()
    log_probs, _ = extended_log_probs(generated, gate, weights, what)
    return [numbers(table[0]), numbers(table[1]), log_probs.exp()[0, 4:].tolist()]


def objective(table: Table) -> Numbers:
    """The same tokens the short way, as training has it. The vocabulary is the table's four tokens alone."""
    generated, weights, what, gate = mixture()
    output = nn.Linear(4, 4, bias=False)
    ids = what.ids.masked_fill(what.ids == 8, 4).masked_fill(what.ids == 6, 2)  # return is 1, x is 2, total is 4
    small = replace(what, ids=ids)
    with torch.no_grad():
        output.weight.copy_(torch.eye(4))
        found = []
        for gold in (2, 4):
            features = generated[:, None, 4:]
            copying = (gate[None], weights[None], small)
            log_probs, cost, _ = Objective(output, given("\\varepsilon"))(features, torch.tensor([[gold]]), copying)
            found.append([-log_probs.item(), -generated[0, 4:].mean().item(), cost.item()])
    return found


def causal(table: Table) -> Numbers:
    """One head, all projections the identity; the weights are those that give the outputs."""
    tokens = torch.tensor([numbers(row)[:2] for row in table])[None]
    layer = Attention(2, 1)
    with torch.no_grad():
        layer.project.weight.copy_(torch.eye(2).repeat(3, 1))
        layer.output.weight.copy_(torch.eye(2))
        made, _ = layer(*layer.of_itself(tokens), causal=True)
        found = []
        for position in range(3):
            mask = (torch.arange(3) <= position)[None]
            queries, both = layer.of_itself(tokens)
            _, weights = layer(queries[:, position : position + 1], both, mask, weights=True)
            assert weights is not None
            row = [*tokens[0, position].tolist(), *weights[0, 0].tolist(), *made[0, position].tolist()]
            found.append(row)
    return found


def waves(table: Table) -> Numbers:
    """Four of the positions."""
    return sinusoids(51, 4)[[0, 1, 2, 50]].tolist()


def convolution(table: Table) -> Numbers:
    """The discriminator's encoder with its highway closed, so that what the filter found comes out."""
    words = numbers(table[0])
    embedding = TokenEmbedding(7, 1)
    encoder = ConvolutionalEncoder(embedding, 1, [2], 1).eval()
    (filter_,) = encoder.convolutions
    with torch.no_grad():
        embedding.table.weight[4:, 0] = torch.tensor(words)
        filter_.weight.copy_(torch.tensor([[[1.0, 0.5]]]))
        filter_.bias.zero_()
        encoder.highway.gate.weight.zero_()
        encoder.highway.gate.bias.fill_(-100.0)
        strongest = encoder(torch.tensor([[4, 5, 6]])).item()
        windows = [word + 0.5 * after for word, after in zip(words, [*words[1:], 0.0], strict=True)]
    return [words, windows, [*(max(0.0, window) for window in windows), strongest]]


def beam(table: Table) -> Numbers:
    """Scores by the normalisation that beam search uses."""
    found = []
    for row in table:
        log_prob, length = numbers(row)[:2]
        scores = [Normalisation(length=alpha).score(log_prob, int(length)) for alpha in (0.0, 1.0)]
        found.append([log_prob, length, *scores])
    return found


def explanation(table: Table) -> Numbers:
    """The weights that are shown."""
    looked, copied = (numbers(row) for row in table[:2])
    weights = Explanation(torch.zeros(1), torch.tensor([looked]), torch.tensor([copied])).weights
    return [looked, copied, weights[0].tolist()]


TABLES = tables()
COMPUTED: dict[str, Callable[[Table], Numbers]] = {
    "lstm": lstm,
    "lstm state": lstm_state,
    "attention": attention,
    "coverage": coverage,
    "pointer": pointer,
    "causal": causal,
    "sinusoids": waves,
    "objective": objective,
    "convolution": convolution,
    "beam": beam,
    "explanation": explanation,
}


def test_every_table_is_computed() -> None:
    """A new example without a computation, or one that lost its table, is noticed."""
    assert TABLES.keys() == COMPUTED.keys()


@pytest.mark.parametrize("name", COMPUTED)
def test_table(name: str) -> None:
    """Each number is the computed one, rounded to as many decimals as it is printed with."""
    printed = [re.findall(NUMBER, " ".join(row)) for row in TABLES[name]]
    expected = COMPUTED[name](TABLES[name])
    assert [len(row) for row in printed] == [len(row) for row in expected]
    for row, values in zip(printed, expected, strict=True):
        for number, value in zip(row, values, strict=True):
            decimals = len(number.partition(".")[2])
            assert abs(float(number) - value) <= 0.5 * 10**-decimals + 1e-6, (row, values)


def test_examples_run() -> None:
    """The code on the page does what stands below it."""
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert tried > 0
    assert failed == 0


def test_names_are_those_of_the_code() -> None:
    """A reader who follows a name must find it: each file exists, and has each class or function named beside it."""
    text = PAGE.read_text(encoding="utf-8").replace("\n", " ")
    references = re.findall(r"\[`\w+\.py`\]\(([^)]+)\):((?: `[\w.]+`,?)+)", text)
    assert len(references) > 15
    for path, names in references:
        file = (PAGE.parent / path).resolve()
        tree = ast.parse(file.read_text(encoding="utf-8"))
        known = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                members = [item.name for item in node.body if isinstance(item, ast.FunctionDef)]
                known |= {node.name, *(f"{node.name}.{member}" for member in members)}
            elif isinstance(node, ast.FunctionDef):
                known.add(node.name)
        assert set(re.findall(r"`([\w.]+)`", names)) <= known, file.name
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (PAGE.parent / link).exists(), link


def test_pictures_can_be_drawn_again(tmp_path: Path) -> None:
    """The script that drew them still runs; whether the network learned is `test_learns_to_copy`'s matter."""
    pytest.importorskip("matplotlib")
    script = runpy.run_path(str(ROOT / "scripts" / "attention_picture.py"))
    script["main"](["--folder", str(tmp_path), "--updates", "2"])
    for name in ("attention.png", "copied.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
        assert (PAGE.parent / "pictures" / name).exists()
