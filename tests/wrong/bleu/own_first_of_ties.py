# mistake: bleu takes the nearest length itself, of ties the first, beside a right closest_length.
# bug: first_of_two
import math
from collections import Counter


def ngrams(sentence, n):
    return Counter(tuple(sentence[i : i + n]) for i in range(len(sentence) - n + 1))


def clipped_matches(candidate, references, n):
    mine = ngrams(candidate, n)
    best = Counter()
    for reference in references:
        best |= ngrams(reference, n)
    return sum((mine & best).values()), sum(mine.values())


def closest_length(candidate, references):
    c = len(candidate)
    return min((len(r) for r in references), key=lambda length: (abs(length - c), length))


def bleu(candidates, references, max_n=4, smoothing=0.0):
    matches, totals = [0] * max_n, [0] * max_n
    c = r = 0
    for candidate, refs in zip(candidates, references):
        c += len(candidate)
        r += min((len(x) for x in refs), key=lambda n: abs(n - len(candidate)))
        for n in range(1, max_n + 1):
            m, t = clipped_matches(candidate, refs, n)
            matches[n - 1] += m
            totals[n - 1] += t
    log_sum = 0.0
    for n in range(1, max_n + 1):
        k = smoothing if n > 1 else 0
        m, t = matches[n - 1], totals[n - 1]
        if t == 0 or m + k == 0:
            return 0.0
        log_sum += math.log((m + k) / (t + k))
    penalty = min(1.0, math.exp(1 - r / c))
    return penalty * math.exp(log_sum / max_n)
