import torch
from torch import nn


def segment_ids(tokens, sep_id, pad_id=0):
    rows = []
    for row in tokens.reshape(-1, tokens.shape[-1]).tolist():
        kind, out = 0, []
        for token in row:
            out.append(0 if token == pad_id else kind)
            if token == sep_id:
                kind = 1
        rows.append(out)
    return torch.tensor(rows, device=tokens.device).view(tokens.shape)


class Table(nn.Module):
    def __init__(self, rows, width, frozen=None):
        super().__init__()
        self.weight, self.frozen = nn.Parameter(0.02 * torch.randn(rows, width)), frozen
        if frozen is not None:
            self.weight.data[frozen] = 0.0

    def rows(self):
        return [row.detach() if i == self.frozen else row for i, row in enumerate(self.weight.unbind())]


class Norm(nn.Module):
    def __init__(self, width, eps):
        super().__init__()
        self.weight, self.bias, self.eps = (
            nn.Parameter(torch.ones(width)),
            nn.Parameter(torch.zeros(width)),
            eps,
        )

    def forward(self, v):
        size = v.shape[-1]
        centred = v - v.sum(-1, keepdim=True) / size
        power = (centred * centred).sum(-1, keepdim=True) / size
        return self.weight * centred / (power + self.eps) ** 0.5 + self.bias


class BertEmbeddings(nn.Module):
    """Token after token, each table and the norm by hand."""

    def __init__(self, vocab_size, hidden_size, max_length=512, n_segments=2, pad_id=0, p=0.1, eps=1e-12):
        super().__init__()
        self.token, self.position, self.segment = (
            Table(vocab_size, hidden_size, pad_id),
            Table(max_length, hidden_size),
            Table(n_segments, hidden_size),
        )
        self.norm, self.p, self.width = Norm(hidden_size, eps), p, hidden_size

    def forward(self, tokens, segments=None):
        rows = tokens.reshape(-1, tokens.shape[-1]).tolist()
        kinds = (
            [[0] * len(row) for row in rows]
            if segments is None
            else segments.reshape(-1, tokens.shape[-1]).tolist()
        )
        if len(rows[0]) > len(self.position.weight):
            raise ValueError(len(rows[0]))
        words, out, places, sentences = (
            self.token.rows(),
            [],
            self.position.weight.unbind(),
            self.segment.weight.unbind(),
        )
        for row, kind in zip(rows, kinds):
            for t, (token, k) in enumerate(zip(row, kind)):
                out.append(words[token] + places[t] + sentences[k])
        y = self.norm(torch.stack(out)).view(*tokens.shape, self.width)
        if self.training and self.p:
            y = y * (torch.rand(y.shape, device=y.device) >= self.p) / (1 - self.p)
        return y
