"""Query and key of each pair joined, one matrix for both; exp by hand with the maximum of what is seen."""

import torch
from torch import nn


class AdditiveAttention(nn.Module):
    def __init__(self, query_size, key_size, hidden):
        super().__init__()
        for name, columns, rows in (
            ("w_q", query_size, hidden),
            ("w_k", key_size, hidden),
            ("w_v", hidden, 1),
        ):
            self.add_module(name, nn.Linear(columns, rows, bias=False))

    def forward(self, queries, keys, values, valid_lens=None):
        b, i, j = queries.size(0), queries.size(1), keys.size(1)
        pairs = torch.cat(
            [queries[:, :, None].expand(-1, -1, j, -1), keys[:, None].expand(-1, i, -1, -1)], -1
        )
        both = torch.cat([self.w_q.weight, self.w_k.weight], 1)
        scores = ((pairs @ both.mT).tanh() * self.w_v.weight[0]).sum(-1)
        seen = torch.ones(b, i, j, dtype=torch.bool, device=queries.device)
        if valid_lens is not None:
            lens = valid_lens if valid_lens.dim() == 2 else valid_lens.unsqueeze(1).expand(b, i)
            seen = torch.cumsum(seen, -1) <= lens.unsqueeze(-1)
        top = scores.detach().masked_fill(~seen, -torch.inf).amax(-1, keepdim=True)
        e = (scores - top).masked_fill(~seen, -torch.inf).exp()
        weights = e / e.sum(-1, keepdim=True)
        return (weights.unsqueeze(-1) * values.unsqueeze(1)).sum(2), weights
