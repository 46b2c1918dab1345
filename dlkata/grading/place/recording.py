"""One test of an attempt beside its shadow: which of its values are right, and which of the right ones it never has."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from dlkata.grading.place.doubt import doubtful
from dlkata.grading.place.hearing import Call
from dlkata.grading.place.nodes import Node
from dlkata.grading.place.noting import Key, Noted, alike, may_be_alike, opposite
from dlkata.grading.place.slicing import stacked


@dataclass(frozen=True)
class Yielded:
    """What a node yielded last in a call, and how often it did."""

    key: Key
    times: int
    traced: bool


Profile = dict[int, Yielded]  # of a node, by call


@dataclass
class Recording:
    """One test, with nothing put in any place."""

    calls: list[Call]
    # nodes of the attempt all of whose values are right: of the reference's, or a given one
    known: dict[int, int]
    doubtful: set[int]  # of these: what hands on a right value where the reference may not
    reads: set[int]  # of the attempt's nodes: what only reads an attribute
    foreign: set[int]  # of these: what the attempt gives no value to
    mine: dict[int, Profile]
    right: dict[int, Profile]
    names: Sequence[str]  # of what is given, and of what modules hold

    @property
    def edited(self) -> tuple[int, str] | None:
        """The first node behind which what was watched differs, and its name."""
        return next((call.edited for call in self.calls if call.edited is not None), None)

    @cached_property
    def held(self) -> set[int]:
        """The reference's nodes whose values the attempt has without doubt."""
        return {right for node, right in self.known.items() if node not in self.doubtful}

    def is_computed(self, node: int) -> bool:
        """No given value."""
        return node >= 0 or self.names[-1 - node].endswith(" afterwards")

    def is_flag(self, node: int) -> bool:
        return any(yielded.key.kind == "flag" for yielded in self.mine.get(node, {}).values())

    def is_telling(self, node: int) -> bool:
        """A number can be right by chance: of some size and wrong, it is another one's."""
        return any(yielded.key.size > 1 for yielded in self.mine.get(node, {}).values())

    def is_cut(self, mine: int, right: int) -> bool:
        """Gradients flow through the reference's value and not through the attempt's."""
        return _only_first(self.right.get(right, {}), self.mine.get(mine, {}))

    def is_traced_alike(self, mine: int, right: int) -> bool:
        """Gradients flow through both."""
        one, other = self.mine.get(mine, {}), self.right.get(right, {})
        return any(one[call].traced and other[call].traced for call in one.keys() & other.keys())

    def is_traced(self, mine: int, right: int) -> bool:
        """Gradients flow through the attempt's value and not through the reference's."""
        return _only_first(self.mine.get(mine, {}), self.right.get(right, {}))

    @cached_property
    def missing(self) -> list[int]:
        """The reference's nodes whose values the attempt never has; of several with the same values, the first."""
        held = self.held
        notes = _by_node([note for call in self.calls for note in call.right])
        values = [notes[node] for node in self.right if node in held]
        found: list[int] = []
        for node in self.right:
            own = notes[node]
            if node in held or not self.is_computed(node):
                continue
            if not any(len(own) == len(v) and all(map(_is_the_same, own, v)) for v in values):
                found.append(node)
                values.append(own)
        return found

    @classmethod
    def of(
        cls, calls: list[Call], mine: Sequence[Node], theirs: Sequence[Node], names: Sequence[str]
    ) -> "Recording":
        right = _profiles(calls, "right", lambda node: node >= 0 and theirs[node].kind == "name")
        known = {node: other for node, other in _known(calls).items() if other in right}
        profiles = _profiles(calls, "mine", lambda node: mine[node].kind == "name")
        reads = {node.number for node in mine if node.text.replace(".", "").isidentifier()}
        bound = {name for node in mine for name in node.binds}
        foreign = {number for number in reads if mine[number].text not in bound}
        return cls(calls, known, doubtful(calls, known, mine), reads, foreign, profiles, right, names)


def _is_the_same(one: Noted, other: Noted) -> bool:
    """Alike, and cut into axes of the same sizes."""
    return alike(one, other) and sorted(one.array.squeeze().shape) == sorted(other.array.squeeze().shape)


def _only_first(one: Profile, other: Profile) -> bool:
    """Gradients flow through one in a call in which they do not through the other."""
    return any(one[call].traced and not other[call].traced for call in one.keys() & other.keys())


def _known(calls: Sequence[Call]) -> dict[int, int]:
    """Nodes of the attempt whose every value, or all of them together, is one of the reference's, or a given one, in
    that call."""
    known: dict[int, int] = {}
    wrong: set[int] = set()
    for call in calls:
        right = _by_size(call.right)
        for node, notes in _by_node(call.mine).items():
            if node in wrong:
                continue
            matches = [_match(note, right) for note in notes]
            if None in matches:
                whole = stacked(notes)
                matches = [None if whole is None else _match(whole, right)]
            if matches[0] is None:
                wrong.add(node)
                known.pop(node, None)
            else:
                known.setdefault(node, matches[0].node)
    return known


def _match(note: Noted, right: dict[tuple[str, int], list[Noted]]) -> Noted | None:
    others = right.get((note.key.kind, note.key.size), []) if note.key is not None else []
    same = (other for other in others if may_be_alike(note, other) and alike(note, other))
    return next(same, None) or next((other for other in others if opposite(note, other)), None)


def _by_node(notes: Sequence[Noted]) -> dict[int, list[Noted]]:
    found: dict[int, list[Noted]] = {}
    for note in notes:
        if note.key is not None:
            found.setdefault(note.node, []).append(note)
    return found


def _by_size(notes: Sequence[Noted]) -> dict[tuple[str, int], list[Noted]]:
    """Each value once, and last what the steps of a loop are together."""
    found: dict[tuple[str, int], list[Noted]] = {}
    said: set[tuple[str, tuple[int, ...], bytes]] = set()
    together = [whole for steps in _by_node(notes).values() if (whole := stacked(steps)) is not None]
    for note in [*sorted(notes, key=lambda note: note.repeated), *together]:
        if note.key is not None:
            value = (note.key.kind, note.array.shape, note.array.tobytes())
            if value not in said:
                said.add(value)
                found.setdefault((note.key.kind, note.key.size), []).append(note)
    return found


def _profiles(calls: Sequence[Call], side: str, is_name: Callable[[int], bool]) -> dict[int, Profile]:
    found: dict[int, Profile] = {}
    for number, call in enumerate(calls):
        counts: Counter[int] = Counter()
        for note in getattr(call, side):
            if note.key is not None and not (note.repeated and is_name(note.node)):
                counts[note.node] += 1
                found.setdefault(note.node, {})[number] = Yielded(note.key, counts[note.node], note.traced)
    return found
