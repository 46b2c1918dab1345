# mistake: Weights are divided by the sum of those whose context was seen, and V lacks the end.
# bug: v_without_end + unseen_is_left_out
import math


class NgramLM:
    def __init__(self, sentences, n, k=0.0, weights=None):
        self.n, self.k = n, k
        self.weights = [w for w in weights] if weights is not None else [0] * (n - 1) + [1]
        self.rows = []
        self.vocab = []
        for sentence in sentences:
            self.rows.append(["<s>"] * (n - 1) + list(sentence) + ["</s>"])
            for token in sentence:
                if token not in self.vocab:
                    self.vocab.append(token)
        self.vocab.sort()
        self.vocab.append("</s>")
        self.asked = {}

    def ends(self, context):
        """The tokens that follow a context, once for each time."""
        context = list(context)
        key = tuple(context)
        if key not in self.asked:
            found = []
            for row in self.rows:
                for i in range(self.n - 1, len(row)):
                    if row[i - len(context) : i] == context:
                        found.append(row[i])
            self.asked[key] = found
        return self.asked[key]

    def count(self, ngram):
        total = 0
        for token in self.ends(ngram[:-1]):
            if token == ngram[-1]:
                total += 1
        return total

    def prob(self, token, context):
        context = list(context)
        while len(context) < self.n - 1:
            context.insert(0, "<s>")
        V = len(self.vocab) - 1
        p = used = 0
        for j in range(1, self.n + 1):
            found = self.ends(context[len(context) - j + 1 :])
            below = len(found) + self.k * V
            if below == 0:
                continue
            else:
                pj = (found.count(token) + self.k) / below
            used += self.weights[j - 1]
            p = p + self.weights[j - 1] * pj
        return p / used if used else 1 / V

    def log_prob(self, sentence):
        total = 0
        for i in range(len(sentence) + 1):
            token = sentence[i] if i < len(sentence) else "</s>"
            p = self.prob(token, sentence[:i])
            total = total + math.log(p) if p > 0 else -math.inf
            if p == 0:
                break
        return total

    def perplexity(self, sentences):
        total = places = 0
        for sentence in sentences:
            total -= self.log_prob(sentence)
            places += len(list(sentence) + ["</s>"])
        return math.e ** (total / places)

    def next_token(self, context, u):
        probs = [self.prob(token, context) for token in self.vocab]
        for i in range(len(probs)):
            if sum(probs[: i + 1]) > u:
                return self.vocab[i]
        return [t for t, p in zip(self.vocab, probs) if p > 0][-1]

    def sample(self, rng, max_tokens=20):
        tokens = []
        while max_tokens > 0:
            token = self.next_token(tokens, rng.random())
            if token == "</s>":
                break
            tokens.append(token)
            max_tokens -= 1
        return tokens
