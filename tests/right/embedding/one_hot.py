"""The lookup as what it is in mathematics: a product with one-hot vectors."""

import torch
from torch import nn
from torch.nn import functional as F


class Embedding(nn.Module):
    def __init__(self, num_embeddings, embedding_dim, padding_idx=None, scale=False):
        super().__init__()
        self.v, self.d, self.pad, self.scale = num_embeddings, embedding_dim, padding_idx, scale
        if padding_idx is not None and padding_idx < 0:
            self.pad = num_embeddings + padding_idx
        self.weight = nn.Parameter(torch.empty(num_embeddings, embedding_dim))
        nn.init.normal_(self.weight, std=embedding_dim**-0.5)
        if self.pad is not None:
            nn.init.zeros_(self.weight[self.pad])

    def forward(self, tokens):
        hot = F.one_hot(tokens, self.v).to(self.weight.dtype)
        if self.pad is None:
            out = hot @ self.weight
        else:
            kept = hot.clone()
            kept[..., self.pad] = 0
            out = kept @ self.weight + (hot - kept) @ self.weight.detach()
        return out * self.d**0.5 if self.scale else out

    def logits(self, h):
        return F.linear(h, self.weight)
