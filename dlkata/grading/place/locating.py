"""Where an attempt goes wrong and how the value there differs, for its author to read."""

from collections.abc import Sequence

import msgspec
import torch
from torch import Tensor

from dlkata.grading.collection import SuiteTest
from dlkata.grading.place.hearing import Exchange, chosen
from dlkata.grading.place.injection import COST, NEAR, Found, Injection
from dlkata.grading.place.nodes import Node, switched_off
from dlkata.grading.place.noting import Noted
from dlkata.grading.place.recording import Recording
from dlkata.grading.place.relations import Pair, relate
from dlkata.grading.place.way import first_cut
from dlkata.grading.placing import Known, Place, Relation, seen

LINES = NEAR
LAWLESS = ("entries", "number", "flag")
SEEDS = (0, 1)  # a relation holds under both
FEW = 3  # failing tests
AGAIN = COST // 2  # for a second search


def locate(
    injection: Injection, failing: Sequence[SuiteTest], edited: Sequence[SuiteTest] = ()
) -> Place | None:
    """`failing`: those that say most first; `edited`: those of them that saw their input changed."""
    found = injection.search(failing)
    if found is None:
        return _edit(injection, edited[0], len(failing)) if edited else None
    relation, same = _relation(injection, found)
    if relation is None and same:
        if (place := _behind(injection, found)) is not None:
            return place
        # In this test the value there is right: another one may show what is wrong with it.
        others = [test for test in failing if test is not found.test]
        found = injection.search([*others, found.test], AGAIN) if others else None
        if found is None:
            return None
        relation, same = _relation(injection, found)
    return _place(injection, found, relation) if relation is not None and _is_near(found, relation) else None


def _is_near(found: Found, relation: Relation) -> bool:
    """Else the tests say as much: a long way from the mistake, or what nothing passes for and no law holds of."""
    lawless = relation.kind in LAWLESS
    if not found.mended:
        return len(found.chain) == 1 and not lawless
    if relation.kind in ("number", "flag") and found.mended == 1 and found.failing > FEW:
        return False  # one number or flag that one test of many passes with: it may be by chance
    return len(found.chain) <= LINES or not lawless


def _place(injection: Injection, found: Found, relation: Relation) -> Place:
    node = found.node
    lines, known = _lines(injection, found)
    right = found.recording.known
    reads = [(injection.mine[part], _name(injection, right[part])) for part in found.read if part in right]
    sure = {node.line for node, _called_right in reads if _is_telling(found.recording, node.number)}
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
        whole=len(found.chain) <= LINES and found.mended == found.failing,
        near=len(found.chain) == len(found.exchanges) == 1 and found.mended == found.failing,
        relation=relation,
        first=not found.mended,
    )


def _edit(injection: Injection, test: SuiteTest, failing: int) -> Place | None:
    """The first expression behind which what was given is not what it was."""
    edited = injection.watch_edits(test).edited
    return (
        None
        if edited is None
        else _at(injection.mine[edited[0]], Relation("edited", name=edited[1]), failing)
    )


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


def _is_telling(recording: Recording, node: int) -> bool:
    """A number can be right by chance: of some size and wrong, it is another one's."""
    return any(yielded.key.size > 1 for yielded in recording.mine.get(node, {}).values())


def _called(reads: Sequence[tuple[Node, str]]) -> tuple[str, str]:
    """What attempt and reference call a right value."""
    return next(((min(node.binds), name) for node, name in reads if node.binds and name), ("", ""))


def _lines(injection: Injection, found: Found) -> tuple[list[int], list[int]]:
    """The faulty lines, and those of the last right values."""
    several = [injection.mine[exchange.mine].line for exchange in found.exchanges]
    chain = [line for line in found.chain if line not in several]
    if len(several) == 1 and len(chain) >= LINES:
        chain = [*chain[: LINES - 2], min(chain[LINES - 2 :])]  # the nearest, and where it begins
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
    others = [exchange for exchange in found.exchanges if exchange != found.exchange]
    pairs: list[Pair] = []
    sizes: dict[str, int] = {}
    cut = False
    for seed in SEEDS:
        _passed, recording = injection.record(found.test, others, seed=seed)
        pairs += _side_by_side(recording, found.exchange)
        cut = cut or recording.is_cut(found.exchange.mine, found.exchange.right)
        for call in recording.calls:
            for name, tensor in call.given.items():
                sizes |= {
                    f"{name}.shape[{axis - tensor.dim()}]": size for axis, size in enumerate(tensor.shape)
                }
    same = not any(pair.differs for pair in pairs)
    relation = Relation("cut") if same and cut else relate(pairs, sizes)
    if relation is not None and relation.kind == "number" and found.recording.is_flag(found.node.number):
        relation = msgspec.structs.replace(relation, kind="flag")
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
