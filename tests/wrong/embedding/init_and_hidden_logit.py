# mistake: two mistakes: the table starts uniform, and the padding logit is masked
# bug: padding_logit_hidden + new_uniform
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
        nn.init.uniform_(self.weight, -(embedding_dim**-0.5), embedding_dim**-0.5)
        if self.pad is not None:
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
        out = torch.einsum("...d,vd->...v", h, self.weight)
        return (
            out
            if self.pad is None
            else out.index_fill(-1, torch.tensor([self.pad], device=h.device), -torch.inf)
        )
