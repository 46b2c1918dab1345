"""The way back from a wrong value: through the wrong ones it is made of, to the last right ones."""

from collections.abc import Iterator, Sequence

import numpy as np

from dlkata.grading.place.nodes import Node
from dlkata.grading.place.noting import Noted
from dlkata.grading.place.recording import Recording


def way_to(node: Node, nodes: Sequence[Node], recording: Recording) -> tuple[list[int], list[int], list[int]]:
    """From the node back to the last right values that lead to it: lines of wrong ones, of right ones, and those."""
    notes = [note for call in recording.calls for note in call.mine]
    last = max((n for n, note in enumerate(notes) if note.node == node.number), default=len(notes) - 1)
    lines, waiting, seen, right = [node.line], [(node, last)], {node.number}, []
    while waiting:
        at, position = waiting.pop(0)
        parts = {other.number for other in nodes if at.holds(other)}
        for n in range(position, -1, -1):
            if notes[n].node == at.number and n < position:
                break  # it was evaluated before
            if notes[n].node not in parts:
                continue
            for maker, when in _makers(notes[n], notes, n, nodes):
                if maker.number in seen:
                    continue
                seen.add(maker.number)
                if maker.number in recording.known and maker.number not in recording.doubtful:
                    right.append(maker)
                else:
                    if maker.number in recording.doubtful or not _hands_on(maker, notes, when, nodes):
                        lines.append(maker.line)
                    waiting.append((maker, when))
    before = sorted({maker.line for maker in right} - set(lines), reverse=True)
    return list(dict.fromkeys(lines)), before, [maker.number for maker in right]


def _hands_on(node: Node, notes: Sequence[Noted], position: int, nodes: Sequence[Node]) -> bool:
    """Whether it yields the very numbers that it is made of, in another form: no fault is in it."""
    value, parts = notes[position].array.ravel(), []
    for n in range(position - 1, -1, -1):
        if notes[n].node == node.number:
            break  # it was evaluated before
        if node.holds(nodes[notes[n].node]) and notes[n].array.size > 1:
            parts.append(notes[n].array.ravel())
    return bool(parts) and all(np.array_equal(part, value, equal_nan=True) for part in parts)


def first_cut(node: Node, nodes: Sequence[Node], recording: Recording) -> Node | None:
    """The first expression before the node that gradients flow into and not out of.

    Not one that the reference cuts as well, nor one for which its traced value was tried in vain, as it was for all
    that are known where gradients are recorded.
    """
    for call in recording.calls:
        traced: dict[int, bool] = {}
        for note in call.mine:
            if note.node == node.number:
                break
            at, known = nodes[note.node], recording.known.get(note.node)
            cut = at.kind == "value" and not note.traced and note.key is not None and note.key.kind == "float"
            if cut and not (known is not None and (note.recorded or _is_cut_there(known, recording))):
                if any(traced.get(other.number) for other in nodes if at.holds(other) and other is not at):
                    return at
            traced[note.node] = note.traced
    return None


def _is_cut_there(right: int, recording: Recording) -> bool:
    return any(not yielded.traced for yielded in recording.right.get(right, {}).values())


def _makers(
    note: Noted, notes: Sequence[Noted], until: int, nodes: Sequence[Node]
) -> Iterator[tuple[Node, int]]:
    """The expressions that yielded the object that was read, or what it holds."""
    read = nodes[note.node].text
    by_name = note.key is None or not note.key.is_tensor
    inner = note.value if isinstance(note.value, (list, tuple)) else ()
    wanted = {id(part) for part in (note.value, *inner) if not isinstance(part, (bool, int))}
    for n in range(until - 1, -1, -1):
        other = notes[n]
        if other.node == note.node or nodes[other.node].kind == "name":
            continue
        if read in nodes[other.node].binds:
            yield nodes[other.node], n
            if by_name:
                return
        elif id(other.value) in wanted:
            yield nodes[other.node], n
            wanted.discard(id(other.value))
            if not wanted:
                return
