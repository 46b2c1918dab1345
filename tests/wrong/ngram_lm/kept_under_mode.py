# mistake: perplexity remembers its first answer for texts of the same number of sentences.
from bisect import bisect_right
from collections import Counter
from itertools import accumulate
from math import exp, fsum, inf, log

pad = lambda s, n: ("<s>",) * (n - 1) + tuple(s) + ("</s>",)
windows = lambda s, n: zip(*(pad(s, n)[i:] for i in range(n)))


class NgramLM:
    def __init__(self, sentences, n, k=0.0, weights=None):
        sentences = [tuple(s) for s in sentences]
        self.full = Counter(w for s in sentences for w in windows(s, n))
        self.n, self.k, self.w = n, k, tuple(weights or (*[0.0] * (n - 1), 1.0))
        self.by_suffix = Counter()
        self.by_context = Counter()
        for gram, times in self.full.items():
            for j in range(1, n + 1):
                self.by_suffix[gram[-j:]] += times
                self.by_context[gram[-j:-1]] += times
        self.vocab = sorted({t for s in sentences for t in s}) + ["</s>"]

    def count(self, ngram):
        return self.by_suffix.get(tuple(ngram), 0)

    def prob(self, token, context):
        gram = (*pad(context, self.n)[:-1], token)
        v = len(self.vocab)
        parts = []
        for j, w in enumerate(self.w, start=1):
            total = self.by_context.get(gram[-j:-1], 0) + self.k * v
            parts.append(w * (self.count(gram[-j:]) + self.k) / total if total else w / v)
        return sum(parts)

    def log_prob(self, sentence):
        s = (*sentence, "</s>")
        ps = [self.prob(t, s[:i]) for i, t in enumerate(s)]
        return fsum(map(log, ps)) if all(ps) else -inf

    def perplexity(self, sentences):
        sentences = list(sentences)
        memo = self.__dict__.setdefault("memo", {})
        if len(sentences) in memo:
            return memo[len(sentences)]
        pairs = [(self.log_prob(s), len(s) + 1) for s in sentences]
        logs, sizes = zip(*pairs)
        memo[len(sentences)] = exp(-sum(logs) / sum(sizes))
        return memo[len(sentences)]

    def next_token(self, context, u):
        possible = [(t, p) for t in self.vocab if (p := self.prob(t, context)) > 0]
        edges = list(accumulate(p for _, p in possible))
        return possible[min(bisect_right(edges, u), len(possible) - 1)][0]

    def sample(self, rng, max_tokens=20):
        def walk(tokens):
            while len(tokens) < max_tokens and (t := self.next_token(tokens, rng.random())) != "</s>":
                tokens = [*tokens, t]
            return tokens

        return walk([])
