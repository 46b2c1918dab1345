"""Keeps the text itself and counts by scanning it: no table at all."""

import functools
import math


class NgramLM:
    def __init__(self, sentences, n, k=0.0, weights=None):
        self.n, self.k, self.weights = n, k, weights and tuple(weights)
        self.text = []  # one window of n tokens for each predicted place
        self.vocab = []
        for sentence in sentences:
            line = ("<s>",) * (n - 1) + tuple(sentence) + ("</s>",)
            self.text += zip(*(line[i:] for i in range(n)))
        self.vocab = sorted({w[-1] for w in self.text} - {"</s>"})
        self.vocab.append("</s>")
        self.scan = functools.lru_cache(None)(self.scan)

    def scan(self, gram, shift):
        """How many windows hold `gram`, `shift` places before their end."""
        start = self.n - len(gram) - shift
        return sum(window[start : start + len(gram)] == gram for window in self.text)

    def count(self, ngram):
        return self.scan(tuple(ngram), 0)

    def p(self, j, token, history):
        c = history[len(history) - j + 1 :] if j > 1 else ()
        below = self.scan(c, 1) + self.k * len(self.vocab) if c else len(self.text) + self.k * len(self.vocab)
        return (self.scan(c + (token,), 0) + self.k) / below if below else 1 / len(self.vocab)

    def prob(self, token, context):
        history = ("<s>",) * (self.n - 1) + tuple(context)
        if self.weights is None:
            return self.p(self.n, token, history)
        return sum(w * self.p(j, token, history) for j, w in enumerate(self.weights, 1))

    def log_prob(self, sentence):
        try:
            return sum(math.log(self.prob(t, sentence[:i])) for i, t in enumerate([*sentence, "</s>"]))
        except ValueError:
            return -math.inf

    def perplexity(self, sentences):
        logs = [(self.log_prob(s), len(s) + 1) for s in sentences]
        return math.exp(-sum(a for a, _ in logs) / sum(b for _, b in logs))

    def next_token(self, context, u):
        possible = [t for t in self.vocab if self.prob(t, context) > 0]
        acc = 0
        for t in possible:
            acc += self.prob(t, context)
            if acc > u:
                break
        return t

    def sample(self, rng, max_tokens=20, so_far=()):
        if len(so_far) == max_tokens:
            return list(so_far)
        token = self.next_token(so_far, rng.random())
        return list(so_far) if token == "</s>" else self.sample(rng, max_tokens, (*so_far, token))
