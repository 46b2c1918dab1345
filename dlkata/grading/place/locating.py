"""Where an attempt goes wrong and how the value there differs, for its author to read."""

import re
from collections.abc import Sequence
from math import prod

import msgspec
import torch
from torch import Tensor

from dlkata.grading.collection import SuiteTest
from dlkata.grading.place.hearing import Exchange, chosen
from dlkata.grading.place.injection import Found, Injection
from dlkata.grading.place.nodes import Node, switched_off
from dlkata.grading.place.noting import Noted
from dlkata.grading.place.recording import Recording
from dlkata.grading.place.refining import unfinished
from dlkata.grading.place.relations import Pair, relate
from dlkata.grading.place.searching import COST, NEAR, search
from dlkata.grading.place.state import way_back, where_layer_is_made
from dlkata.grading.place.way import first_cut
from dlkata.grading.placing import Known, Place, Relation, seen

LINES = NEAR
COARSE = ("torch.float32", "torch.float", "torch.float16", "torch.half", "torch.bfloat16")
LAWLESS = ("entries", "number", "flag")
OF_DTYPES = ("dtype", "precision")
DRAWS = re.compile(r"\b(?:rand\w*|\w*uniform_?|\w*normal_?|bernoulli_?|multinomial|dropout\w*)\(")
SEEDS = (0, 1)  # a relation holds under both
FEW = 3  # failing tests
AGAIN = COST // 2  # for a second search


def locate(
    injection: Injection, failing: Sequence[SuiteTest], edited: Sequence[SuiteTest] = ()
) -> Place | None:
    """`failing`: those that say most first; `edited`: those of them that saw their input changed."""
    narrow = _narrow(injection, failing)
    if narrow is not None and 2 * narrow.mended > narrow.failing:
        return narrow
    place = _searched(injection, failing, edited)
    of_dtypes = place is not None and place.relation is not None and place.relation.kind in OF_DTYPES
    return narrow if narrow is not None and (place is None or of_dtypes) else place


def _searched(
    injection: Injection, failing: Sequence[SuiteTest], edited: Sequence[SuiteTest]
) -> Place | None:
    found = search(injection, failing)
    if found is None:
        return _edit(injection, edited[0], len(failing)) if edited else None
    relation, same = _relation(injection, found)
    if relation is None and same:
        if (place := _behind(injection, found)) is not None:
            return place
        # In this test the value there is right: another one may show what is wrong with it.
        others = [test for test in failing if test is not found.test]
        found = search(injection, [*others, found.test], AGAIN) if others else None
        if found is None:
            return None
        relation, same = _relation(injection, found)
    if relation is None:
        return None
    found, relation = _further_back(injection, found, relation, failing)
    if not _is_near(found, relation):
        return None
    if relation.kind == "number" and found.mended and injection.passes_with_another(found):
        return None
    return _place(injection, found, relation)


def _further_back(
    injection: Injection, found: Found, relation: Relation, failing: Sequence[SuiteTest]
) -> tuple[Found, Relation]:
    """Of a place that no law holds of: what it reads, if that is not done yet and a law says what is missing."""
    if relation.kind == "entries" and (earlier := unfinished(injection, found, failing)) is not None:
        other, _same = _relation(injection, earlier)
        if other is not None and other.kind not in LAWLESS and prod(other.mine) == prod(other.right):
            return earlier, other
    return found, relation


def _narrow(injection: Injection, failing: Sequence[SuiteTest]) -> Place | None:
    """Where the first digits are lost, if tests pass with all of them."""
    narrowed, mended = injection.narrowings(failing)
    if not mended or not narrowed:
        return None
    first, dtype = narrowed[0]
    named = [node for node in injection.mine if node.binds and node.text in COARSE]
    chosen_at = [
        one.line
        for one in named
        if any(re.search(rf"\b{re.escape(name)}\b", first.text) for name in one.binds)
    ]
    others = sorted({*chosen_at, *(node.line for node, _dtype in narrowed)} - {first.line})
    place = _at(first, Relation("narrow", name=dtype), len(failing))
    place.lines, place.also, place.mended = sorted({first.line, *others[: LINES - 1]}), others, mended
    return place


def _is_near(found: Found, relation: Relation) -> bool:
    """Else the tests say as much: a long way from the mistake, or what few tests pass for and no law holds of."""
    lawful = relation.kind not in LAWLESS
    if not found.mended:
        return len(found.chain) == 1 and lawful and relation.kind != "shape"
    if relation.kind == "flag" and found.mended == 1:
        return False  # a test that passes on another path may only ask for less there
    by_chance = found.failing > FEW or found.node.number in found.recording.known
    if relation.kind == "number" and found.mended == 1 and by_chance:
        return False
    if not found.mends_most:
        return len(found.chain) <= LINES and lawful
    return len(found.chain) <= 2 * LINES or lawful


def _place(injection: Injection, found: Found, relation: Relation) -> Place:
    node = found.node
    lines, known = _lines(injection, found)
    right = found.recording.known
    reads = [(injection.mine[part], _name(injection, right[part])) for part in found.read if part in right]
    sure = {
        node.line
        for node, _called_right in reads
        if found.recording.is_telling(node.number) and _ends_right(injection, found.recording, node.line)
    }
    return Place(
        lines=lines,
        line=node.line,
        end_line=node.end_line,
        columns=(node.column, node.end_column),
        text=node.text,
        right=_name(injection, found.exchange.right),
        mended=found.mended,
        failing=found.failing,
        also=sorted({injection.mine[one.mine].line for one in found.exchanges} - {node.line}),
        known=[
            Known(line, *_called([(n, r) for n, r in reads if n.line == line]))
            for line in known
            if line in sure
        ],
        whole=len(found.chain) <= LINES and found.mends_most,
        near=len(found.chain) == len(found.exchanges) == 1 and found.mends_most,
        relation=relation,
        first=not found.mended,
        unfinished=found.unfinished,
    )


def _edit(injection: Injection, test: SuiteTest, failing: int) -> Place | None:
    """The first expression behind which what was given is not what it was."""
    edited = injection.watch_edits(test).edited
    if edited is None:
        return None
    node, name = injection.mine[edited[0]], edited[1]
    place = _at(node, Relation("edited", name=name), failing)
    alias = next(
        (other.line for other in injection.mine if node.text in other.binds and other.text == name), node.line
    )
    place.lines = sorted({node.line, alias})
    return place


def _behind(injection: Injection, found: Found) -> Place | None:
    """A right value with which tests fail: it is edited afterwards, or it or a part of it is on the graph or off it
    where the reference's is not."""
    recording = injection.watch_edits(found.test, found.node.number)
    if recording.edited is not None and injection.passes_with_a_copy(found.test, found.node.number):
        return _at(
            injection.mine[recording.edited[0]], Relation("overwritten", name=found.node.text), found.failing
        )
    if recording.is_traced(found.node.number, found.exchange.right):
        return _at(found.node, Relation("traced"), found.failing)
    back = found.node.text.partition(".apply(")[0]
    if recording.is_traced_alike(found.node.number, found.exchange.right) and back != found.node.text:
        if injection.passes_without_a_way_back(found):
            return None  # it is not for its gradient that the test fails
        place = _at(found.node, Relation("backward"), found.failing)
        place.lines = sorted({found.node.line, *way_back(injection.source, back)})
        place.mended = found.mended
        return place
    if injection.goes_back_by_hand:
        return None  # within a function of autograd's nothing is traced
    cut = first_cut(found.node, injection.mine, recording)
    return None if cut is None else _cut_at(injection, cut, found.failing)


def _cut_at(injection: Injection, node: Node, failing: int) -> Place:
    place = _at(node, Relation("cut", name="unknown"), failing)
    off = switched_off(injection.source, node.line)
    place.lines = sorted({node.line, *([off] if off is not None else [])})
    return place


def _at(node: Node, relation: Relation, failing: int) -> Place:
    return seen(node.line, node.end_line, (node.column, node.end_column), node.text, relation, failing)


def _ends_right(injection: Injection, recording: Recording, line: int) -> bool:
    """Whether all that a line comes to is right, and not a part of it alone."""
    here = [node for node in injection.mine if node.line == line and node.number in recording.mine]
    whole = [node for node in here if not any(other.holds(node) for other in here if other is not node)]
    return all(node.number in recording.known for node in whole)


def _called(reads: Sequence[tuple[Node, str]]) -> tuple[str, str]:
    """What attempt and reference call a right value."""
    return next(((min(node.binds), name) for node, name in reads if node.binds and name), ("", ""))


def _lines(injection: Injection, found: Found) -> tuple[list[int], list[int]]:
    """The faulty lines, and those of the last right values."""
    several = [injection.mine[exchange.mine].line for exchange in found.exchanges]
    chain = [line for line in found.chain if line not in several]
    if len(several) == 1 and not chain:
        made = where_layer_is_made(injection.source, found.node.text)
        chain = [made] if made is not None else []
    chain += [line for line in found.beside if line not in several]
    faulty = [*several, *chain][: max(LINES, len(several))]
    known = list(found.before[:1]) if len(faulty) < LINES else []
    return sorted({*faulty, *known}), known


def _name(injection: Injection, right: int) -> str:
    """What the reference calls the value: a name, never how it is computed."""
    if right < 0:
        return ""  # it was given
    node: Node = injection.theirs[right]
    return next(
        (name for name in sorted(node.binds) if name.isidentifier()),
        node.text if node.text.isidentifier() else "",
    )


def _relation(injection: Injection, found: Found) -> tuple[Relation | None, bool]:
    """Of the values at the place, with all others of the exchanges put right; and whether they are the same."""
    pairs: list[Pair] = []
    sizes: dict[str, int] = {}
    cut = False
    for seed in SEEDS:
        _passed, recording = injection.record(found.test, found.others, seed=seed)
        pairs += _side_by_side(recording, found.exchange)
        cut = cut or recording.is_cut(found.exchange.mine, found.exchange.right)
        for call in recording.calls:
            for name, tensor in call.given.items():
                sizes |= {
                    f"{name}.shape[{axis - tensor.dim()}]": size for axis, size in enumerate(tensor.shape)
                }
    same = not any(pair.differs for pair in pairs)
    relation = Relation("cut") if same and cut else relate(pairs, sizes)
    if found.mended and (relation is None or relation.kind in ("precision", *LAWLESS)):
        if (dtypes := injection.dtypes_that_matter(found)) is not None:
            return Relation("dtype", name=dtypes[0], wish=dtypes[1]), same
    if relation is not None and relation.kind == "number" and found.recording.is_flag(found.node.number):
        relation = msgspec.structs.replace(relation, kind="flag")
    if relation is not None and relation.kind in LAWLESS and DRAWS.search(found.node.text):
        relation = Relation("drawn")
    return relation, same


def _side_by_side(recording: Recording, exchange: Exchange) -> list[Pair]:
    """What the attempt had, and what was put in its place: in that form, for what it passes with, no fault lies in."""
    found = []
    for call in recording.calls:
        wrong = _numbers(call.mine, exchange.mine)
        right = _numbers(call.right, exchange.right)
        if exchange.negated:
            right = [value.bool() for value in right]
        for time, value in enumerate(wrong):
            put = chosen(right, exchange, time, value)
            if put is not None:
                found.append(Pair(value.numpy(), put.double().numpy()))
    return found


def _numbers(notes: Sequence[Noted], node: int) -> list[Tensor]:
    return [torch.from_numpy(note.array) for note in notes if note.node == node and note.key is not None]
