"""Plain dicts, one function for each quantity of the paper."""

import math


def count_ngrams(tokens, n):
    counts = {}
    for start in range(0, len(tokens) - n + 1):
        gram = tuple(tokens[start : start + n])
        counts[gram] = counts.get(gram, 0) + 1
    return counts


def clipped_matches(candidate, references, n):
    counts = count_ngrams(candidate, n)
    max_ref = {}
    for ref in references:
        for gram, count in count_ngrams(ref, n).items():
            max_ref[gram] = max(max_ref.get(gram, 0), count)
    m = sum(min(count, max_ref.get(gram, 0)) for gram, count in counts.items())
    return m, sum(counts.values())


def closest_length(candidate, references):
    best = None
    for ref in references:
        gap = abs(len(ref) - len(candidate))
        if best is None or gap < best[0] or (gap == best[0] and len(ref) < best[1]):
            best = (gap, len(ref))
    return best[1]


def bleu(candidates, references, max_n=4, smoothing=0.0):
    pairs = list(zip(candidates, references))
    c = sum(len(cand) for cand, _ in pairs)
    r = sum(closest_length(cand, refs) for cand, refs in pairs)
    if c == 0:
        return 0.0
    precisions = []
    for n in range(1, max_n + 1):
        both = [clipped_matches(cand, refs, n) for cand, refs in pairs]
        m, t = sum(b[0] for b in both), sum(b[1] for b in both)
        if t == 0:
            return 0.0
        precisions.append(m / t if n == 1 else (m + smoothing) / (t + smoothing))
    if min(precisions) == 0:
        return 0.0
    bp = 1.0 if c >= r else math.exp(1 - r / c)
    return bp * math.exp(sum(math.log(p) for p in precisions) / max_n)
