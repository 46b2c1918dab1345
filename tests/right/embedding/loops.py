"""Pure loops: token by token, row by row."""

import math

import torch


class Embedding(torch.nn.Module):
    def __init__(self, num_embeddings, embedding_dim, padding_idx=None, scale=False):
        super().__init__()
        rows = []
        for i in range(num_embeddings):
            row = torch.zeros(embedding_dim)
            if padding_idx is None or i != range(num_embeddings)[padding_idx]:
                row = torch.randn(embedding_dim) * embedding_dim**-0.5
            rows.append(row)
        self.weight = torch.nn.Parameter(torch.stack(rows))
        self.padding = None if padding_idx is None else range(num_embeddings)[padding_idx]
        self.scale = scale

    def forward(self, tokens):
        if tokens.dim():
            return torch.stack([self(token) for token in tokens])
        row = self.weight[int(tokens)]
        if int(tokens) == self.padding:
            row = row.detach()
        return row * (math.sqrt(len(row)) if self.scale else 1)

    def logits(self, h):
        if h.dim() > 1:
            return torch.stack([self.logits(one) for one in h])
        return torch.stack([(h * row).sum() for row in self.weight])
