# mistake: Matches are not clipped, and the root is missing.
# bug: not_clipped + product
def equal(a, i, b, j, n):
    for k in range(n):
        if a[i + k] != b[j + k]:
            return False
    return True


def occurrences(sentence, other, i, n):
    count = 0
    for j in range(len(sentence) - n + 1):
        if equal(other, i, sentence, j, n):
            count += 1
    return count


def clipped_matches(candidate, references, n):
    m = t = 0
    for i in range(len(candidate) - n + 1):
        t += 1
        # the how-manieth of its kind is it?
        before = 0
        for j in range(i):
            if equal(candidate, i, candidate, j, n):
                before += 1
        ceiling = 0
        for reference in references:
            found = occurrences(reference, candidate, i, n)
            if found > ceiling:
                ceiling = found
        if ceiling > 0:
            m += 1
    return (m, t)


def closest_length(candidate, references):
    best = len(references[0])
    for reference in references:
        length = len(reference)
        gap, best_gap = length - len(candidate), best - len(candidate)
        if gap < 0:
            gap = -gap
        if best_gap < 0:
            best_gap = -best_gap
        if gap < best_gap:
            best = length
        if gap == best_gap and length < best:
            best = length
    return best


def bleu(candidates, references, max_n=4, smoothing=0.0):
    e = 2.718281828459045
    ms, ts = [0] * max_n, [0] * max_n
    c = r = 0
    references = iter(references)
    for candidate in candidates:
        mine = next(references)
        c += len(candidate)
        r += closest_length(candidate, mine)
        for n in range(max_n):
            m, t = clipped_matches(candidate, mine, n + 1)
            ms[n] += m
            ts[n] += t
    result = 1.0
    for n in range(max_n):
        up, down = ms[n], ts[n]
        if down == 0:
            return 0.0
        if n > 0:
            up, down = up + smoothing, down + smoothing
        result *= up / down
    if result == 0:
        return 0.0
    if r > c:
        result *= e ** (1 - r / c)
    return result
