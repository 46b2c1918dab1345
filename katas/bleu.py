from collections.abc import Hashable, Iterable, Sequence


def clipped_matches(
    candidate: Sequence[Hashable], references: Sequence[Sequence[Hashable]], n: int
) -> tuple[int, int]:
    raise NotImplementedError


def closest_length(candidate: Sequence[Hashable], references: Sequence[Sequence[Hashable]]) -> int:
    raise NotImplementedError


def bleu(
    candidates: Iterable[Sequence[Hashable]],
    references: Iterable[Sequence[Sequence[Hashable]]],
    max_n: int = 4,
    smoothing: float = 0.0,
) -> float:
    raise NotImplementedError
