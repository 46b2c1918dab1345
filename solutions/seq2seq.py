"""Sequence to sequence with attention (Bahdanau et al., 2015): a decoder that looks back at the whole source.

e_s = wᵀ tanh(W_q q + W_k k_s),   α = softmax(e) over the real tokens,   context = Σ_s α_s k_s
h_t = GRUCell([E y_{t−1}; context], h_{t−1}),   logits_t = W h_t + b
"""

import torch
from torch import Tensor, nn


def real_tokens(lengths: Tensor, size: int) -> Tensor:
    return torch.arange(size, device=lengths.device) < lengths[:, None]  # (B, size)


class Encoder(nn.Module):
    def __init__(self, vocab_size: int, embed_size: int, hidden_size: int):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.rnn = nn.GRU(embed_size, hidden_size, batch_first=True)

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        embedded = self.embedding(source)  # (B, S, E)
        states, _ = self.rnn(embedded)  # (B, S, H)
        real = real_tokens(lengths, source.shape[1])
        outputs = states * real[..., None]
        rows = torch.arange(len(source), device=source.device)
        last = states[rows, lengths - 1]  # (B, H), the last real token of each
        return outputs, last


class AdditiveAttention(nn.Module):
    def __init__(self, query_size: int, key_size: int, hidden_size: int):
        super().__init__()
        self.query = nn.Linear(query_size, hidden_size, bias=False)
        self.key = nn.Linear(key_size, hidden_size, bias=False)
        self.score = nn.Linear(hidden_size, 1, bias=False)

    def forward(self, query: Tensor, keys: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        hidden = torch.tanh(self.query(query)[:, None] + self.key(keys))  # (B, S, A)
        scores = self.score(hidden)[..., 0]  # (B, S)
        real = real_tokens(lengths, keys.shape[1])
        weights = scores.masked_fill(~real, -torch.inf).softmax(dim=-1)
        context = (weights[..., None] * keys).sum(dim=1)  # (B, key_size)
        return context, weights


class Decoder(nn.Module):
    def __init__(self, vocab_size: int, embed_size: int, hidden_size: int):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.attention = AdditiveAttention(hidden_size, hidden_size, hidden_size)
        self.cell = nn.GRUCell(embed_size + hidden_size, hidden_size)
        self.out = nn.Linear(hidden_size, vocab_size)

    def forward(
        self, tokens: Tensor, state: Tensor, keys: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        context, weights = self.attention(state, keys, lengths)
        read = torch.cat([self.embedding(tokens), context], dim=-1)  # (B, E + H)
        new_state = self.cell(read, state)  # (B, H)
        logits = self.out(new_state)  # (B, V)
        return logits, new_state, weights


class Seq2Seq(nn.Module):
    def __init__(
        self, source_vocab: int, target_vocab: int, embed_size: int, hidden_size: int, bos: int, eos: int
    ):
        super().__init__()
        self.encoder = Encoder(source_vocab, embed_size, hidden_size)
        self.decoder = Decoder(target_vocab, embed_size, hidden_size)
        self.bos, self.eos = bos, eos

    def forward(self, source: Tensor, lengths: Tensor, targets: Tensor) -> Tensor:
        keys, state = self.encoder(source, lengths)
        tokens = torch.full_like(targets[:, 0], self.bos)
        steps = []
        for t in range(targets.shape[1]):
            logits, state, _ = self.decoder(tokens, state, keys, lengths)
            steps.append(logits)
            tokens = targets[:, t]  # the truth, whatever was predicted
        return torch.stack(steps, dim=1)  # (B, T, V)

    @torch.no_grad()
    def greedy(self, source: Tensor, lengths: Tensor, max_tokens: int) -> list[list[int]]:
        keys, state = self.encoder(source, lengths)
        tokens = torch.full_like(source[:, 0], self.bos)
        steps = []
        for _ in range(max_tokens):
            logits, state, _ = self.decoder(tokens, state, keys, lengths)
            tokens = logits.argmax(dim=-1)
            steps.append(tokens)
        rows = torch.stack(steps, dim=1).tolist()  # (B, max_tokens)
        return [row[: row.index(self.eos)] if self.eos in row else row for row in rows]


def masked_loss(logits: Tensor, targets: Tensor, lengths: Tensor) -> Tensor:
    log_probs = logits.log_softmax(dim=-1)  # (B, T, V)
    losses = -log_probs.gather(-1, targets[..., None])[..., 0]  # (B, T)
    real = real_tokens(lengths, targets.shape[1])
    return losses[real].mean()
