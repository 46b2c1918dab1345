# mistake: Each row is averaged, then the rows.
# bug: mean_of_rows
import torch
from torch import nn


def gru_step(x, h, w_ih, w_hh, b_ih, b_hh):
    """One step for one row."""
    size = h.shape[0]
    a, b = w_ih @ x + b_ih, w_hh @ h + b_hh
    r = torch.sigmoid(a[:size] + b[:size])
    z = torch.sigmoid(a[size : 2 * size] + b[size : 2 * size])
    n = torch.tanh(a[2 * size :] + r * b[2 * size :])
    return (1 - z) * n + z * h


class Encoder(nn.Module):
    def __init__(self, vocab_size, embed_size, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.rnn = nn.GRU(embed_size, hidden_size, batch_first=True)

    def forward(self, source, lengths):
        rnn = self.rnn
        rows, lasts = [], []
        for b in range(source.shape[0]):
            h = rnn.weight_hh_l0.new_zeros(rnn.hidden_size)
            states = []
            for s in range(source.shape[1]):
                if s < int(lengths[b]):
                    x = self.embedding.weight[source[b, s]]
                    h = gru_step(x, h, rnn.weight_ih_l0, rnn.weight_hh_l0, rnn.bias_ih_l0, rnn.bias_hh_l0)
                    states.append(h)
                else:
                    states.append(torch.zeros_like(h))
            rows.append(torch.stack(states))
            lasts.append(h)
        return torch.stack(rows), torch.stack(lasts)


class AdditiveAttention(nn.Module):
    def __init__(self, query_size, key_size, hidden_size):
        super().__init__()
        self.query = nn.Linear(query_size, hidden_size, bias=False)
        self.key = nn.Linear(key_size, hidden_size, bias=False)
        self.score = nn.Linear(hidden_size, 1, bias=False)

    def forward(self, query, keys, lengths):
        contexts, all_weights = [], []
        for b in range(len(query)):
            powers = []
            for s in range(int(lengths[b])):
                hidden = torch.tanh(self.query.weight @ query[b] + self.key.weight @ keys[b, s])
                powers.append((self.score.weight[0] * hidden).sum())
            highest = max(p.item() for p in powers)
            powers = [torch.exp(p - highest) for p in powers]
            total = sum(powers)
            shares = [p / total for p in powers]
            contexts.append(sum(share * keys[b, s] for s, share in enumerate(shares)))
            nothing = torch.zeros_like(total)
            all_weights.append(torch.stack(shares + [nothing] * (keys.shape[1] - len(shares))))
        return torch.stack(contexts), torch.stack(all_weights)


class Decoder(nn.Module):
    def __init__(self, vocab_size, embed_size, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.attention = AdditiveAttention(hidden_size, hidden_size, hidden_size)
        self.cell = nn.GRUCell(embed_size + hidden_size, hidden_size)
        self.out = nn.Linear(hidden_size, vocab_size)

    def forward(self, tokens, state, keys, lengths):
        context, weights = self.attention(state, keys, lengths)
        cell, states = self.cell, []
        for b in range(len(tokens)):
            x = torch.cat([self.embedding.weight[tokens[b]], context[b]])
            states.append(gru_step(x, state[b], cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh))
        logits = [self.out.weight @ h + self.out.bias for h in states]
        return torch.stack(logits), torch.stack(states), weights


class Seq2Seq(nn.Module):
    def __init__(self, source_vocab, target_vocab, embed_size, hidden_size, bos, eos):
        super().__init__()
        self.encoder = Encoder(source_vocab, embed_size, hidden_size)
        self.decoder = Decoder(target_vocab, embed_size, hidden_size)
        self.bos, self.eos = bos, eos

    def forward(self, source, lengths, targets):
        results = []
        for b in range(source.shape[0]):
            row = slice(b, b + 1)
            keys, state = self.encoder(source[row], lengths[row])
            token, steps = torch.tensor([self.bos], device=source.device), []
            for t in range(targets.shape[1]):
                logits, state, _ = self.decoder(token, state, keys, lengths[row])
                steps.append(logits[0])
                token = targets[row, t]
            results.append(torch.stack(steps))
        return torch.stack(results)

    @torch.no_grad()
    def greedy(self, source, lengths, max_tokens):
        texts = []
        for b in range(source.shape[0]):
            row = slice(b, b + 1)
            keys, state = self.encoder(source[row], lengths[row])
            token, text = self.bos, []
            for _ in range(max_tokens):
                fed = torch.tensor([token], device=source.device)
                logits, state, _ = self.decoder(fed, state, keys, lengths[row])
                token = int(logits[0].argmax())
                if token == self.eos:
                    break
                text.append(token)
            texts.append(text)
        return texts


def masked_loss(logits, targets, lengths):
    means = []
    for b in range(len(targets)):
        terms = []
        for t in range(int(lengths[b])):
            scores = logits[b, t]
            terms.append(torch.logsumexp(scores, 0) - scores[targets[b, t]])
        means.append(sum(terms) / len(terms))
    return sum(means) / len(means)
