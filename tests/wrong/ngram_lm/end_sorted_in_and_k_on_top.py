# mistake: </s> is sorted in among the tokens, and k is only added at the highest order.
# bug: end_sorted_in + only_the_highest_smoothed
import math
from collections import Counter


class NgramLM:
    def __init__(self, sentences, n, k=0.0, weights=None):
        self.n, self.k = n, k
        self.weights = [0.0] * (n - 1) + [1.0] if weights is None else list(weights)
        self.counts = Counter()
        self.contexts = Counter()
        words = set()
        for sentence in sentences:
            words.update(sentence)
            padded = ["<s>"] * (n - 1) + list(sentence) + ["</s>"]
            for end in range(n, len(padded) + 1):
                for j in range(1, n + 1):
                    gram = tuple(padded[end - j : end])
                    self.counts[gram] += 1
                    self.contexts[gram[:-1]] += 1
        self.vocab = sorted(words | {"</s>"})

    def count(self, ngram):
        return self.counts[tuple(ngram)]

    def prob(self, token, context):
        V = len(self.vocab)
        context = ["<s>"] * (self.n - 1) + list(context)
        p = 0.0
        for j in range(1, self.n + 1):
            k = self.k if j == self.n else 0
            c = tuple(context[len(context) - j + 1 :])
            below = self.contexts[c] + k * V
            p_j = (self.counts[c + (token,)] + k) / below if below > 0 else 1 / V
            p += self.weights[j - 1] * p_j
        return p

    def log_prob(self, sentence):
        total = 0.0
        tokens = list(sentence) + ["</s>"]
        for i, token in enumerate(tokens):
            p = self.prob(token, tokens[:i])
            if p == 0:
                return -math.inf
            total += math.log(p)
        return total

    def perplexity(self, sentences):
        total, places = 0.0, 0
        for sentence in sentences:
            total += self.log_prob(sentence)
            places += len(sentence) + 1
        return math.exp(-total / places)

    def next_token(self, context, u):
        total = 0.0
        last = None
        for token in self.vocab:
            p = self.prob(token, context)
            if p > 0:
                last = token
            total += p
            if total > u:
                return token
        return last

    def sample(self, rng, max_tokens=20):
        tokens = []
        while len(tokens) < max_tokens:
            token = self.next_token(tokens, rng.random())
            if token == "</s>":
                break
            tokens.append(token)
        return tokens
