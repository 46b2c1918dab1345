"""Counts in dense tensors of ids; probabilities as whole rows, memorised by context."""

import math

import torch


class NgramLM:
    def __init__(self, sentences, n, k=0.0, weights=None):
        sentences = [list(s) for s in sentences]
        self.n, self.k = n, k
        self.vocab = [*sorted({t for s in sentences for t in s}), "</s>"]
        self.ids = {t: i for i, t in enumerate(self.vocab)}
        self.mix = torch.tensor(
            [0.0] * (n - 1) + [1.0] if weights is None else list(weights), dtype=torch.float64
        )
        self.rows = [{} for _ in range(n)]
        for s in sentences:
            s = ["<s>"] * (n - 1) + s + ["</s>"]
            for i in range(n - 1, len(s)):
                for j in range(n):
                    row = self.rows[j].setdefault(
                        tuple(s[i - j : i]), torch.zeros(len(self.vocab), dtype=torch.float64)
                    )
                    row[self.ids[s[i]]] += 1
        self.known = {}

    def count(self, ngram):
        *context, token = ngram
        row = self.rows[len(context)].get(tuple(context))
        return int(row[self.ids[token]]) if row is not None and token in self.ids else 0

    def distribution(self, context):
        context = (["<s>"] * (self.n - 1) + list(context))[len(context) :]
        context = tuple(context)
        if context not in self.known:
            V = len(self.vocab)
            orders = []
            for j in range(self.n):
                row = (
                    self.rows[j].get(context[len(context) - j :], torch.zeros(V, dtype=torch.float64))
                    + self.k
                )
                orders.append(
                    row / row.sum() if row.sum() > 0 else torch.full((V,), 1 / V, dtype=torch.float64)
                )
            self.known[context] = (self.mix[:, None] * torch.stack(orders)).sum(0)
        return self.known[context]

    def prob(self, token, context):
        return self.distribution(context)[self.ids[token]].item()

    def log_prob(self, sentence):
        s = [*sentence, "</s>"]
        return (
            torch.stack([self.distribution(s[:i])[self.ids[t]] for i, t in enumerate(s)]).log().sum().item()
        )

    def perplexity(self, sentences):
        total, places = 0.0, 0
        for s in sentences:
            total, places = total + self.log_prob(s), places + len(s) + 1
        return math.exp(-total / places)

    def next_token(self, context, u):
        p = self.distribution(context)
        over = (p.cumsum(0) > u).nonzero()
        i = over[0, 0] if len(over) else p.nonzero()[-1, 0]
        return self.vocab[i]

    def sample(self, rng, max_tokens=20):
        tokens = []
        for _ in range(max_tokens):
            tokens.append(self.next_token(tokens, rng.random()))
            if tokens[-1] == "</s>":
                return tokens[:-1]
        return tokens
