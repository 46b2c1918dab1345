"""Crosses matches off: each n-gram of the candidate, in turn, takes one from each reference's heap."""

import itertools
import math
from functools import reduce


def windows(sentence, n):
    return list(zip(*(itertools.islice(iter(sentence), i, None) for i in range(n))))


def clipped_matches(candidate, references, n):
    heaps = []
    for reference in references:
        heap = {}
        for gram in windows(reference, n):
            heap[gram] = heap.get(gram, 0) + 1
        heaps.append(heap)
    m = t = 0
    for gram in windows(candidate, n):
        t += 1
        hit = False
        for heap in heaps:
            if heap.get(gram, 0) > 0:
                heap[gram] -= 1
                hit = True
        m += hit
    return m, t


def closest_length(candidate, references):
    lengths = sorted(map(len, references))
    return lengths[min(range(len(lengths)), key=lambda i: abs(lengths[i] - len(candidate)))]


def bleu(candidates, references, max_n=4, smoothing=0.0):
    orders = range(1, max_n + 1)

    def one(pair):
        cand, refs = pair
        return [len(cand), closest_length(cand, refs)] + [
            x for n in orders for x in clipped_matches(cand, refs, n)
        ]

    def add(a, b):
        return [x + y for x, y in zip(a, b)]

    c, r, *rest = reduce(add, map(one, zip(candidates, references)), [0] * (2 + 2 * max_n))
    ms, ts = rest[::2], rest[1::2]
    tops = [m + (smoothing if n > 1 else 0) for n, m in zip(orders, ms)]
    lows = [t + (smoothing if n > 1 else 0) for n, t in zip(orders, ts)]
    if not all(ts) or not all(tops):
        return 0.0
    mean = math.prod((a / b) ** (1 / max_n) for a, b in zip(tops, lows))
    return mean * math.exp(min(0.0, 1 - r / c))
