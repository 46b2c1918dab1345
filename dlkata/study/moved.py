"""What a session moved: the concepts whose mark changed, or that grew firmer or weaker."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dlkata.content.index import ConceptEntry
from dlkata.progress.answers import Card
from dlkata.study.mastery import Known, Mark, Mastery

LITTLE = 0.005  # a change of strength that is not worth a word


@dataclass(frozen=True)
class Move:
    entry: ConceptEntry
    before: Known
    after: Known

    @property
    def crossed(self) -> bool:
        return self.before.mark is not self.after.mark

    @property
    def rose(self) -> bool:
        return self.after.share >= self.before.share


def moved(mastery: Mastery, before: Mapping[str, Card], answered: Iterable[str]) -> list[Move]:
    """`answered`: ids of questions; each concept once, in the order of its first answer."""
    earlier = Mastery(mastery.library, before, mastery.day)
    moves = []
    for name in dict.fromkeys(question.rpartition(".")[0] for question in answered):
        entry = mastery.library.index.concepts.get(name)
        if entry is None:
            continue  # a kata's bug, or a page that is gone
        move = Move(entry, earlier.of_concept(entry), mastery.of_concept(entry))
        if move.crossed or abs(move.after.share - move.before.share) > LITTLE:
            moves.append(move)
    return moves


def by_change(moves: Iterable[Move]) -> dict[str, list[Move]]:
    """Known now, fallen back, begun, firmer, weaker: in this order, those that there are."""
    groups: dict[str, list[Move]] = {"known": [], "fallen": [], "begun": [], "firmer": [], "weaker": []}
    for move in moves:
        if move.crossed and move.after.mark is Mark.KNOWN:
            groups["known"].append(move)
        elif move.crossed and move.before.mark is Mark.KNOWN:
            groups["fallen"].append(move)
        elif move.crossed:
            groups["begun"].append(move)
        else:
            groups["firmer" if move.rose else "weaker"].append(move)
    return {name: group for name, group in groups.items() if group}
