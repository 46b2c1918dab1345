"""The keys are projected once a sentence, as a fast implementation does."""

import torch
import torch.nn.functional as F
from torch import nn


class Encoder(nn.Module):
    def __init__(self, vocab_size, embed_size, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.rnn = nn.GRU(embed_size, hidden_size, batch_first=True)

    def forward(self, source, lengths):
        x = F.embedding(source, self.embedding.weight).transpose(0, 1)  # (S, B, E)
        state = x.new_zeros(len(source), self.rnn.hidden_size)
        states = []
        for s, x_s in enumerate(x):
            going_on = (s < lengths)[:, None]
            new = torch.gru_cell(x_s, state, *self.rnn.parameters())
            state = torch.where(going_on, new, state)
            states.append(new * going_on)
        return torch.stack(states, 1), state


class AdditiveAttention(nn.Module):
    def __init__(self, query_size, key_size, hidden_size):
        super().__init__()
        self.query = nn.Linear(query_size, hidden_size, False)
        self.key = nn.Linear(key_size, hidden_size, False)
        self.score = nn.Linear(hidden_size, 1, False)

    def look(self, query, keys, projected, bias):
        scores = self.score((self.query(query)[:, None, :] + projected).tanh())[:, :, 0] + bias
        weights = torch.softmax(scores, 1)
        return torch.matmul(weights[:, None], keys)[:, 0], weights

    def forward(self, query, keys, lengths):
        return self.look(query, keys, self.key(keys), hiding(lengths, keys))


def hiding(lengths, keys):
    """0 for real tokens, −∞ for padding."""
    place = torch.arange(keys.shape[1], device=keys.device).expand(len(keys), -1)
    return keys.new_zeros(place.shape).masked_fill(place >= lengths[:, None], float("-inf"))


class Decoder(nn.Module):
    def __init__(self, vocab_size, embed_size, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.attention = AdditiveAttention(hidden_size, hidden_size, hidden_size)
        self.cell = nn.GRUCell(embed_size + hidden_size, hidden_size)
        self.out = nn.Linear(hidden_size, vocab_size)

    def go(self, tokens, state, memory):
        context, weights = self.attention.look(state, *memory)
        return self.cell(torch.cat([self.embedding(tokens), context], 1), state), weights

    def prepare(self, keys, lengths):
        return keys, self.attention.key(keys), hiding(lengths, keys)

    def forward(self, tokens, state, keys, lengths):
        state, weights = self.go(tokens, state, self.prepare(keys, lengths))
        return self.out(state), state, weights


class Seq2Seq(nn.Module):
    def __init__(self, source_vocab, target_vocab, embed_size, hidden_size, bos, eos):
        super().__init__()
        self.encoder = Encoder(source_vocab, embed_size, hidden_size)
        self.decoder = Decoder(target_vocab, embed_size, hidden_size)
        self.bos, self.eos = bos, eos

    def forward(self, source, lengths, targets):
        keys, state = self.encoder(source, lengths)
        memory, states = self.decoder.prepare(keys, lengths), []
        for tokens in [torch.full_like(lengths, self.bos), *targets.T[:-1]]:
            state, _ = self.decoder.go(tokens, state, memory)
            states.append(state)
        return self.decoder.out(torch.stack(states, 1))

    def greedy(self, source, lengths, max_tokens):
        with torch.no_grad():
            texts = {}
            keys, state = self.encoder(source, lengths)
            rows, tokens = torch.arange(len(source), device=source.device), torch.full_like(lengths, self.bos)
            for row in rows.tolist():
                texts[row] = []
            for _ in range(max_tokens):  # rows that have ended leave the batch
                state, _ = self.decoder.go(tokens, state, self.decoder.prepare(keys, lengths))
                tokens = self.decoder.out(state).argmax(1)
                on = tokens != self.eos
                rows, tokens, state, keys, lengths = (x[on] for x in (rows, tokens, state, keys, lengths))
                if not len(rows):
                    break
                for row, token in zip(rows.tolist(), tokens.tolist(), strict=True):
                    texts[row].append(token)
        return [texts[row] for row in sorted(texts)]


def masked_loss(logits, targets, lengths):
    real = torch.arange(targets.shape[1], device=targets.device) < lengths[:, None]
    return F.cross_entropy(logits[real], targets[real])
