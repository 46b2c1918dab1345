# mistake: The shortest reference gives the length, and the score is in percent.
# bug: shortest_reference + percent
from collections import defaultdict

import torch


class Scorer:
    def __init__(self, max_n):
        self.m = torch.zeros(max_n, dtype=torch.float64)
        self.t = torch.zeros(max_n, dtype=torch.float64)
        self.c = self.r = 0

    def update(self, candidate, references):
        for i in range(len(self.m)):
            m, t = clipped_matches(candidate, references, i + 1)
            self.m[i] += m
            self.t[i] += t
        self.c += len(candidate)
        self.r += closest_length(candidate, references)

    def score(self, smoothing):
        k = torch.full_like(self.m, smoothing)
        k[0] = 0
        if (self.t == 0).any() or (self.m + k == 0).any():
            return 0.0
        logs = torch.log(self.m + k) - torch.log(self.t + k)
        penalty = min(0.0, 1 - self.r / self.c)
        return torch.exp(logs.mean() + penalty).item() * 100


def tally(sentence, n):
    seen = defaultdict(int)
    window = []
    for token in sentence:
        window = (window + [token])[-n:]
        if len(window) == n:
            seen[tuple(window)] += 1
    return seen


def clipped_matches(candidate, references, n):
    mine = tally(candidate, n)
    theirs = [tally(reference, n) for reference in references]
    return sum(min(v, max(t[g] for t in theirs)) for g, v in mine.items()), sum(mine.values())


def closest_length(candidate, references):
    return min(len(s) for s in references)


def bleu(candidates, references, max_n=4, smoothing=0.0):
    scorer = Scorer(max_n)
    for candidate, given in zip(candidates, references):
        scorer.update(candidate, given)
    return scorer.score(smoothing)
