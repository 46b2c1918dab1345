"""Which of the reference's values are worth trying in the place of which of the attempt's, and in what order."""

from collections.abc import Iterator, Sequence

from dlkata.grading.place.hearing import Exchange
from dlkata.grading.place.noting import Key
from dlkata.grading.place.recording import Profile, Recording, Yielded


def worth_trying(recording: Recording, narrow: Sequence[str] = ()) -> Iterator[Exchange]:
    """An expression of the attempt's and one of the reference's: first those that match nothing."""
    mine, theirs, known = recording.mine, recording.right, recording.known
    held = recording.held
    wrong = [node for node in mine if node not in known or node in recording.doubtful]
    own = [node for node in wrong if node not in recording.foreign]
    right = [node for node in mine if node in known]
    missing = recording.missing
    found = [node for node in theirs if node in held and recording.is_computed(node)]
    computed = [node for node in right if node not in recording.reads]
    cut = [node for node in right if recording.is_cut(node, known[node])]
    ways = [
        (cut, None, "tensors"), (wrong, missing, "negated"), (wrong, missing, "tensors"), (own, missing, "others"), (wrong, missing, "resized"),
        (wrong, missing, "uneven"), (wrong, found, "tensors"), (right[::-1], missing, "tensors"), (right, None, "tensors"),
        (own, found, "others"), (computed, missing, "others"), (right, None, "shaped"),
    ]  # fmt: skip
    seen: set[Exchange] = set()
    if narrow:
        ways = [(own, missing, how) for how in narrow]
    for ones, others, how in ways:
        for node in ones:
            for other in [known[node]] if others is None else others:
                exchange = _exchange(node, other, mine[node], theirs[other], how)
                if exchange is not None and exchange not in seen:
                    seen.add(exchange)
                    yield exchange


def exchanges_of(recording: Recording, node: int, other: int) -> Iterator[Exchange]:
    """The ways in which one value may stand for the other."""
    if node not in recording.mine or other not in recording.right:
        return
    for how in ("tensors", "others"):
        exchange = _exchange(node, other, recording.mine[node], recording.right[other], how)
        if exchange is not None:
            yield exchange


def still_to_become(recording: Recording, node: int) -> Iterator[Exchange]:
    """What a right tensor may still have to become: of its kind and size, and never had."""
    keys = {note.key for call in recording.calls for note in call.mine if note.node == node}
    for other in recording.missing:
        theirs = [yielded.key for yielded in recording.right[other].values()]
        if all(key is not None and key.is_tensor and key.size > 1 for key in keys) and any(
            (key.kind, key.size) == (their.kind, their.size)
            for key in keys
            if key is not None
            for their in theirs
        ):
            yield Exchange(node, other)


def _exchange(node: int, other: int, mine: Profile, theirs: Profile, how: str) -> Exchange | None:
    calls = mine.keys() & theirs.keys()
    if not calls:
        return None
    if how == "tensors" and all(_steps(mine[c], theirs[c]) for c in calls):
        return Exchange(node, other, steps=True)
    if how == "shaped":
        shaped = any(mine[c].key.axes != theirs[c].key.axes for c in calls)
        return Exchange(node, other, whole=True) if shaped and other >= 0 else None
    if any(not _exchangeable(mine[c].key, theirs[c].key, how) for c in calls):
        return None
    if all(mine[c].times == theirs[c].times for c in calls):
        return Exchange(node, other, negated=how == "negated")
    if how == "uneven":  # loops that part once a value is wrong: as many as there are
        return Exchange(node, other) if all(min(mine[c].times, theirs[c].times) > 1 for c in calls) else None
    return Exchange(node, other, last=True) if other < 0 or all(mine[c].times == 1 for c in calls) else None


def _steps(one: Yielded, other: Yielded) -> bool:
    """What one side has in several steps the other has at once."""
    if one.key.kind != other.key.kind or not one.key.is_tensor or (one.times > 1) == (other.times > 1):
        return False
    return one.key.size * one.times == other.key.size * other.times


def _exchangeable(one: Key, other: Key, how: str) -> bool:
    """Of one kind, and of one size; or of one number of axes."""
    if one.kind != other.kind or (how == "negated" and one.kind != "bool"):
        return False
    if how != "uneven" and one.is_tensor == (how == "others"):
        return False
    return one.axes == other.axes and one.size != other.size if how == "resized" else one.size == other.size
