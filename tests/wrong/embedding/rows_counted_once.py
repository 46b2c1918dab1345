# mistake: duplicates write their gradient instead of adding it
import math

import torch
from torch import nn
from torch.nn import functional as F


class Rows(torch.autograd.Function):
    @staticmethod
    def forward(ctx, table, tokens):
        ctx.save_for_backward(tokens)
        ctx.shape = table.shape
        return table[tokens]

    @staticmethod
    def backward(ctx, grad):
        (tokens,) = ctx.saved_tensors
        table = grad.new_zeros(ctx.shape)
        table[tokens] = grad
        return table, None


class Embedding(nn.Module):
    def __init__(self, num_embeddings, embedding_dim, padding_idx=None, scale=False):
        super().__init__()
        self.v, self.d, self.scale = num_embeddings, embedding_dim, scale
        self.pad = padding_idx
        if padding_idx is not None and padding_idx < 0:
            self.pad = num_embeddings + padding_idx
        self.weight = nn.Parameter(torch.empty(num_embeddings, embedding_dim))
        nn.init.normal_(self.weight, std=embedding_dim**-0.5)
        if self.pad is not None:
            nn.init.zeros_(self.weight[self.pad])

    def forward(self, tokens):
        x = Rows.apply(self.weight, tokens)
        if self.pad is not None:
            keep = (tokens != self.pad).unsqueeze(-1).to(x.dtype)
            x = keep * x + (1 - keep) * x.detach()
        if self.scale:
            x = x * math.sqrt(self.d)
        return x

    def logits(self, h):
        return torch.einsum("...d,vd->...v", h, self.weight)
