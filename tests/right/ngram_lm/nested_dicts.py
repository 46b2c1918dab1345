"""A dict of dicts for each order; the textbook way."""

import math

BOS, EOS = "<s>", "</s>"


class NgramLM:
    def __init__(self, sentences, n, k=0.0, weights=None):
        self.n = n
        self.k = k
        self.lambdas = tuple(weights) if weights is not None else None
        self.tables = []
        for _ in range(n):
            self.tables.append({})
        words = set()
        for sentence in sentences:
            words |= set(sentence)
            padded = [BOS] * (n - 1) + list(sentence) + [EOS]
            for order in range(1, n + 1):
                table = self.tables[order - 1]
                for end in range(n, len(padded) + 1):
                    gram = padded[end - order : end]
                    context, word = tuple(gram[:-1]), gram[-1]
                    table.setdefault(context, {})
                    table[context][word] = table[context].get(word, 0) + 1
        self.vocab = sorted(words)
        self.vocab.append(EOS)

    def count(self, ngram):
        table = self.tables[len(ngram) - 1]
        return table.get(tuple(ngram[:-1]), {}).get(ngram[-1], 0)

    def order_prob(self, order, word, padded):
        context = tuple(padded[len(padded) - order + 1 :])
        followers = self.tables[order - 1].get(context, {})
        total = sum(followers.values())
        V = len(self.vocab)
        if total + self.k * V == 0:
            return 1 / V
        return (followers.get(word, 0) + self.k) / (total + self.k * V)

    def prob(self, token, context):
        padded = [BOS] * (self.n - 1) + list(context)
        if self.lambdas is None:
            return self.order_prob(self.n, token, padded)
        return sum(lam * self.order_prob(j, token, padded) for j, lam in enumerate(self.lambdas, 1))

    def log_prob(self, sentence):
        result = 0.0
        so_far = []
        for token in list(sentence) + [EOS]:
            p = self.prob(token, so_far)
            if p == 0:
                return float("-inf")
            result += math.log(p)
            so_far.append(token)
        return result

    def perplexity(self, sentences):
        logs = []
        n = 0
        for s in sentences:
            logs.append(self.log_prob(s))
            n += len(s) + 1
        mean = sum(logs) / n
        return float("inf") if mean == float("-inf") else math.exp(-mean)

    def next_token(self, context, u):
        last = None
        for token in self.vocab:
            p = self.prob(token, context)
            if p == 0:
                continue
            if u < p:
                return token
            last, u = token, u - p
        return last

    def sample(self, rng, max_tokens=20):
        out = []
        for _ in range(max_tokens):
            token = self.next_token(out, rng.random())
            if token == EOS:
                return out
            out.append(token)
        return out
