"""Generators and zip; the precisions are multiplied with math.prod."""

from collections import Counter
from functools import reduce
from math import exp, prod
from operator import or_

grams = lambda s, n: Counter(zip(*(s[i:] for i in range(n))))


def clipped_matches(candidate, references, n):
    return (
        sum((grams(candidate, n) & reduce(or_, (grams(r, n) for r in references))).values()),
        max(0, len(candidate) + 1 - n),
    )


def closest_length(candidate, references):
    return sorted(map(len, references), key=lambda s: 2 * abs(s - len(candidate)) + (s > len(candidate)))[0]


def bleu(candidates, references, max_n=4, smoothing=0.0):
    rows = [
        (len(c), closest_length(c, rs), *(x for n in range(1, max_n + 1) for x in clipped_matches(c, rs, n)))
        for c, rs in zip(candidates, references)
    ]
    if not rows:
        return 0.0
    c, r, *mt = map(sum, zip(*rows))
    if not all(mt[1::2]) or not mt[0]:
        return 0.0
    k = [0] + [smoothing] * (max_n - 1)
    return min(1, exp(1 - r / c)) * prod((m + s) / (t + s) for m, t, s in zip(mt[::2], mt[1::2], k)) ** (
        1 / max_n
    )
