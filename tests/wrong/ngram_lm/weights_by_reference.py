# mistake: The caller's list of weights is kept and read later.
# bug: weights_kept
from itertools import accumulate
from math import exp, fsum, inf, log


class NgramLM:
    """One nested dict for each order: context → followers → count."""

    def __init__(self, sentences, n, k=0.0, weights=None):
        self.n = n
        self.k = k
        self.lambdas = weights
        self.tables = [{} for _ in range(n)]
        seen = set()
        for sentence in sentences:
            history = ("<s>",) * (n - 1)
            for token in (*sentence, "</s>"):
                seen.add(token)
                for j, table in enumerate(self.tables):
                    row = table.setdefault(history[n - 1 - j :], {})
                    row[token] = row.get(token, 0) + 1
                history = (*history, token)[1:]
        seen.discard("</s>")
        self.vocab = [*sorted(seen), "</s>"]

    def count(self, ngram):
        *c, w = ngram
        return self.tables[len(c)].get(tuple(c), {}).get(w, 0)

    def _row(self, context):
        history = (("<s>",) * (self.n - 1) + tuple(context))[len(context) :]
        V = len(self.vocab)
        total = [0.0] * V
        for j, table in enumerate(self.tables):
            weight = (j == self.n - 1) if self.lambdas is None else self.lambdas[j]
            row = table.get(history[self.n - 1 - j :], {})
            below = sum(row.values()) + self.k * V
            for i, w in enumerate(self.vocab):
                total[i] += weight * ((row.get(w, 0) + self.k) / below if below else 1 / V)
        return total

    def prob(self, token, context):
        return self._row(context)[self.vocab.index(token)]

    def log_prob(self, sentence):
        sentence = list(sentence)
        ps = [self.prob(w, sentence[:i]) for i, w in enumerate([*sentence, "</s>"])]
        return fsum(map(log, ps)) if all(ps) else -inf

    def perplexity(self, sentences):
        sentences = list(sentences)
        places = sum(map(len, sentences)) + len(sentences)
        return exp(-sum(map(self.log_prob, sentences)) / places)

    def next_token(self, context, u):
        ps = self._row(context)
        for total, token in zip(accumulate(ps), self.vocab):
            if total > u:
                return token
        return [w for w, p in zip(self.vocab, ps) if p > 0][-1]

    def sample(self, rng, max_tokens=20):
        out = []
        for _ in range(max_tokens):
            token = self.next_token(out, rng.random())
            if token == self.vocab[-1]:
                return out
            out.append(token)
        return out
