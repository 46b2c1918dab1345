"""A lookup with a backward of its own; logits as a function of the table."""

import torch
from torch import nn


class Lookup(torch.autograd.Function):
    @staticmethod
    def forward(ctx, table, tokens, padding, factor):
        ctx.save_for_backward(tokens)
        ctx.sizes, ctx.padding, ctx.factor = table.shape, padding, factor
        return table[tokens] * factor

    @staticmethod
    def backward(ctx, grad):
        (tokens,) = ctx.saved_tensors
        flat = grad.reshape(-1, ctx.sizes[1]) * ctx.factor
        table = grad.new_zeros(ctx.sizes).index_add_(0, tokens.reshape(-1), flat)
        if ctx.padding is not None:
            table[ctx.padding] = 0
        return table, None, None, None


class Embedding(nn.Module):
    def __init__(self, num_embeddings, embedding_dim, padding_idx=None, scale=False):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(num_embeddings, embedding_dim))
        with torch.no_grad():
            self.weight.normal_().div_(embedding_dim**0.5)
            if padding_idx is not None:
                self.weight[padding_idx].fill_(0)
        self.padding_idx = padding_idx
        self.factor = embedding_dim**0.5 if scale else 1

    def forward(self, tokens):
        return Lookup.apply(self.weight, tokens, self.padding_idx, self.factor)

    def logits(self, h):
        return torch.matmul(h, self.weight.t())
