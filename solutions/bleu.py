"""BLEU: how many n-grams of the candidates stand in a reference, and are the candidates long enough?

    BLEU = min(1, exp(1 − r/c)) · exp(1/N · Σₙ ln pₙ)
    pₙ = (mₙ + k) / (tₙ + k), without k for n = 1

m: clipped matches, t: n-grams of the candidates, c and r: lengths; all summed over the test set.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from math import exp, log


def ngrams(sentence: Sequence[Hashable], n: int) -> Counter:
    return Counter(tuple(sentence[i : i + n]) for i in range(len(sentence) - n + 1))


def clipped_matches(
    candidate: Sequence[Hashable], references: Sequence[Sequence[Hashable]], n: int
) -> tuple[int, int]:
    found = ngrams(candidate, n)
    ceiling = Counter()
    for reference in references:
        ceiling |= ngrams(reference, n)
    matched = found & ceiling
    return matched.total(), found.total()


def closest_length(candidate: Sequence[Hashable], references: Sequence[Sequence[Hashable]]) -> int:
    size = len(candidate)
    lengths = [len(reference) for reference in references]
    return min(lengths, key=lambda length: (abs(length - size), length))


def bleu(
    candidates: Iterable[Sequence[Hashable]],
    references: Iterable[Sequence[Sequence[Hashable]]],
    max_n: int = 4,
    smoothing: float = 0.0,
) -> float:
    orders = range(1, max_n + 1)
    m, t = Counter(), Counter()
    c = r = 0
    for candidate, given in zip(candidates, references, strict=True):
        c += len(candidate)
        r += closest_length(candidate, given)
        for n in orders:
            matched, total = clipped_matches(candidate, given, n)
            m[n] += matched
            t[n] += total
    log_mean = 0.0
    for n in orders:
        k = smoothing if n > 1 else 0.0
        if t[n] == 0 or m[n] + k == 0:
            return 0.0
        log_mean += log((m[n] + k) / (t[n] + k)) / max_n
    penalty = min(1.0, exp(1 - r / c))
    return penalty * exp(log_mean)
