import torch
from torch import nn


def segment_ids(tokens, sep_id, pad_id=0):
    T = tokens.shape[-1]
    earlier = torch.ones(T, T, device=tokens.device).tril(-1)
    count = torch.einsum("ts,...s->...t", earlier, (tokens == sep_id).float())
    return (count.clamp(max=1) * (tokens != pad_id)).long()


class BertEmbeddings(nn.Module):
    """Three products with one-hot rows, in one einsum each."""

    def __init__(self, vocab_size, hidden_size, max_length=512, n_segments=2, pad_id=0, p=0.1, eps=1e-12):
        super().__init__()
        shapes = {"token": vocab_size, "position": max_length, "segment": n_segments}
        for name, rows in shapes.items():
            holder = nn.Module()
            holder.weight = nn.Parameter(torch.normal(0.0, 0.02, (rows, hidden_size)))
            self.add_module(name, holder)
        with torch.no_grad():
            self.token.weight[pad_id].fill_(0)
        self.norm = nn.LayerNorm(hidden_size, eps=eps)
        self.pad_id, self.p, self.limit = pad_id, p, max_length

    def forward(self, tokens, segments=None):
        T = tokens.shape[-1]
        if self.limit < T:
            raise ValueError
        pick = lambda ids, n: nn.functional.one_hot(ids, n).to(self.token.weight.dtype)  # noqa: E731
        E, P, S = self.token.weight, self.position.weight, self.segment.weight
        hot = pick(tokens, len(E))
        free = torch.arange(len(E), device=tokens.device).ne(self.pad_id).to(E.dtype)
        words = torch.einsum("...v,vd->...d", hot * free, E) + torch.einsum(
            "...v,vd->...d", hot * (1 - free), E.detach()
        )
        kinds = pick(tokens * 0 if segments is None else segments, len(S)) @ S
        return nn.functional.dropout(self.norm(words + P[:T] + kinds), self.p, self.training)
