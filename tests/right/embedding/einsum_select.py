import torch
from torch import einsum, nn


class Embedding(nn.Module):
    def __init__(self, num_embeddings, embedding_dim, padding_idx=None, scale=False):
        super().__init__()
        weight = torch.normal(0.0, embedding_dim**-0.5, (num_embeddings, embedding_dim))
        self.weight = nn.Parameter(weight)
        self.padding_idx = padding_idx
        if padding_idx is not None:
            self.weight.data[padding_idx].zero_()
        self.scale = scale

    def table(self):
        """The table as a lookup may see it: its padding row without a way back."""
        if self.padding_idx is None:
            return self.weight
        mask = torch.ones_like(self.weight[:, :1])
        mask[self.padding_idx] = 0
        return mask * self.weight + ((1 - mask) * self.weight).detach()

    def forward(self, tokens):
        rows = self.table().index_select(0, tokens.reshape(-1))
        rows = rows.reshape(*tokens.shape, -1)
        return rows.mul(self.weight.new_tensor(rows.shape[-1]).sqrt()) if self.scale else rows

    def logits(self, h):
        return einsum("...d,vd->...v", h, self.weight)
