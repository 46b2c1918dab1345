"""One test of an attempt beside its shadow: which of its values are right, and which of the right ones it never has."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dlkata.grading.place.hearing import Call, Key, Noted, alike
from dlkata.grading.place.nodes import Node


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
    known: dict[
        int, int
    ]  # nodes of the attempt all of whose values are right: of the reference's, or a given one
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

    def is_cut(self, mine: int, right: int) -> bool:
        """Gradients flow through the reference's value and not through the attempt's."""
        ours, theirs = self.mine.get(mine, {}), self.right.get(right, {})
        return any(not ours[call].traced and theirs[call].traced for call in ours.keys() & theirs.keys())

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


def _known(calls: Sequence[Call]) -> dict[int, int]:
    """Nodes of the attempt whose every value is one of the reference's, or a given one, in that call."""
    known: dict[int, int] = {}
    wrong: set[int] = set()
    for call in calls:
        alike_in_size: dict[tuple[str, int], list[Noted]] = {}
        said: set[tuple[str, tuple[int, ...], bytes]] = set()
        for note in sorted(call.right, key=lambda note: note.repeated):
            if (
                note.key is not None
                and (value := (note.key.kind, note.array.shape, note.array.tobytes())) not in said
            ):
                said.add(value)
                alike_in_size.setdefault((note.key.kind, note.key.size), []).append(note)
        for note in call.mine:
            if note.key is None or note.node in wrong:
                continue
            others = alike_in_size.get((note.key.kind, note.key.size), ())
            match = next((other for other in others if alike(note, other)), None)
            if match is None:
                wrong.add(note.node)
                known.pop(note.node, None)
            else:
                known.setdefault(note.node, match.node)
    return known


def _profiles(calls: Sequence[Call], side: str, is_name: Callable[[int], bool]) -> dict[int, Profile]:
    found: dict[int, Profile] = {}
    for number, call in enumerate(calls):
        counts: Counter[int] = Counter()
        for note in getattr(call, side):
            if note.key is not None and not (note.repeated and is_name(note.node)):
                counts[note.node] += 1
                found.setdefault(note.node, {})[number] = Yielded(note.key, counts[note.node], note.traced)
    return found
