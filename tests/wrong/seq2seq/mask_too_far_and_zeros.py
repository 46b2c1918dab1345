# mistake: The length mask reaches one position too far, and the decoder starts from zeros instead of the state of the encoder.
# bug: length_included + starts_from_zeros
# line: 47
from itertools import takewhile

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def valid(lengths, size):
    return torch.arange(size, device=lengths.device).expand(len(lengths), size) < lengths[:, None]


def unroll(step, first, state, inputs):
    """Runs step over inputs; an input of None stands for the best token of the step before."""
    token = first
    for given in inputs:
        logits, state = step(token, state)
        yield logits
        token = logits.argmax(dim=-1) if given is None else given


class Encoder(nn.Module):
    def __init__(self, vocab_size: int, embed_size: int, hidden_size: int):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.rnn = nn.GRU(embed_size, hidden_size, batch_first=True)

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        everything, _ = self.rnn(self.embedding(source))
        last = (lengths - 1).view(-1, 1, 1).expand(-1, 1, everything.size(-1))
        state = everything.gather(1, last).squeeze(1)
        keep = valid(lengths, source.size(1)).unsqueeze(-1)
        return torch.where(keep, everything, torch.zeros_like(everything)), state


class AdditiveAttention(nn.Module):
    def __init__(self, query_size: int, key_size: int, hidden_size: int):
        super().__init__()
        self.query = nn.Linear(query_size, hidden_size, bias=False)
        self.key = nn.Linear(key_size, hidden_size, bias=False)
        self.score = nn.Linear(hidden_size, 1, bias=False)

    def forward(self, query: Tensor, keys: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        energy = self.score(torch.tanh(self.query(query)[:, None, :] + self.key(keys)))[..., 0]
        seen = torch.arange(keys.size(1), device=keys.device) <= lengths[:, None]
        energy = energy.masked_fill(~seen, -torch.inf)
        weights = F.softmax(energy, dim=-1)
        return (weights[..., None] * keys).sum(dim=1), weights


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
        new = self.cell(torch.cat([self.embedding(tokens), context], dim=-1), state)
        return self.out(new), new, weights


class Seq2Seq(nn.Module):
    def __init__(
        self, source_vocab: int, target_vocab: int, embed_size: int, hidden_size: int, bos: int, eos: int
    ):
        super().__init__()
        self.encoder = Encoder(source_vocab, embed_size, hidden_size)
        self.decoder = Decoder(target_vocab, embed_size, hidden_size)
        self.bos = bos
        self.eos = eos

    def forward(self, source: Tensor, lengths: Tensor, targets: Tensor) -> Tensor:
        return torch.stack(list(self.run(source, lengths, targets.unbind(1))), dim=1)

    def run(self, source, lengths, inputs):
        keys, state = self.encoder(source, lengths)
        first = torch.full_like(lengths, self.bos)
        state = torch.zeros_like(state)
        return unroll(lambda token, s: self.decoder(token, s, keys, lengths)[:2], first, state, inputs)

    def greedy(self, source: Tensor, lengths: Tensor, max_tokens: int) -> list[list[int]]:
        with torch.no_grad():
            picks = [logits.argmax(dim=-1) for logits in self.run(source, lengths, [None] * max_tokens)]
        rows = torch.stack(picks, dim=1).tolist()
        return [list(takewhile(lambda token: token != self.eos, row)) for row in rows]


def masked_loss(logits: Tensor, targets: Tensor, lengths: Tensor) -> Tensor:
    keep = valid(lengths, targets.size(1))
    return F.cross_entropy(logits[keep], targets[keep])
