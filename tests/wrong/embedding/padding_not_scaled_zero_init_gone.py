# mistake: two mistakes: 0 is no padding index at the start, and logits send no gradient to the table
# bug: padding_zero_is_none + logits_detached
import math

import torch
from torch import nn
from torch.nn import functional as F


class Embedding(nn.Module):
    def __init__(self, num_embeddings, embedding_dim, padding_idx=None, scale=False):
        super().__init__()
        self.v, self.d, self.scale = num_embeddings, embedding_dim, scale
        self.pad = padding_idx
        if padding_idx is not None and padding_idx < 0:
            self.pad = num_embeddings + padding_idx
        self.weight = nn.Parameter(torch.empty(num_embeddings, embedding_dim))
        nn.init.normal_(self.weight, std=embedding_dim**-0.5)
        if self.pad:
            nn.init.zeros_(self.weight[self.pad])

    def forward(self, tokens):
        x = self.weight.index_select(0, tokens.reshape(-1)).reshape(*tokens.shape, self.d)
        if self.pad is not None:
            keep = (tokens != self.pad).unsqueeze(-1).to(x.dtype)
            x = keep * x + (1 - keep) * x.detach()
        if self.scale:
            x = x * math.sqrt(self.d)
        return x

    def logits(self, h):
        return torch.einsum("...d,vd->...v", h, self.weight.detach())
