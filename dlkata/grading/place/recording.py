"""One test of an attempt beside its shadow: which of its values are right, and which of the right ones it never has."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dlkata.grading.place.hearing import Call
from dlkata.grading.place.nodes import Node
from dlkata.grading.place.noting import Key, Noted, alike, opposite
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
    mine: dict[int, Profile]
    right: dict[int, Profile]
    names: Sequence[str]  # of what is given, and of what modules hold

    @property
    def edited(self) -> tuple[int, str] | None:
        """The first node behind which what was watched differs, and its name."""
        return next((call.edited for call in self.calls if call.edited is not None), None)

    def is_computed(self, node: int) -> bool:
        """No given value."""
        return node >= 0 or self.names[-1 - node].endswith(" afterwards")

    def is_flag(self, node: int) -> bool:
        return any(yielded.key.kind == "flag" for yielded in self.mine.get(node, {}).values())

    def is_cut(self, mine: int, right: int) -> bool:
        """Gradients flow through the reference's value and not through the attempt's."""
        return _only_first(self.right.get(right, {}), self.mine.get(mine, {}))

    def is_traced(self, mine: int, right: int) -> bool:
        """Gradients flow through the attempt's value and not through the reference's."""
        return _only_first(self.mine.get(mine, {}), self.right.get(right, {}))

    def missing(self) -> list[int]:
        """The reference's nodes whose values the attempt never has; of several with the same values, the first."""
        held = set(self.known.values())
        found: list[int] = []
        values: list[list[Noted]] = []
        for node in self.right:
            if node in held or not self.is_computed(node):
                continue
            own = [note for call in self.calls for note in call.right if note.node == node]
            if not any(len(own) == len(v) and all(map(alike, own, v)) for v in values):
                found.append(node)
                values.append(own)
        return found

    @classmethod
    def of(
        cls, calls: list[Call], mine: Sequence[Node], theirs: Sequence[Node], names: Sequence[str]
    ) -> "Recording":
        right = _profiles(calls, "right", lambda node: node >= 0 and theirs[node].kind == "name")
        known = {node: other for node, other in _known(calls).items() if other in right}
        return cls(
            calls, known, _profiles(calls, "mine", lambda node: mine[node].kind == "name"), right, names
        )


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
    same = (other for other in others if alike(note, other))
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
