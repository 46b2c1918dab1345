import torch
import torch.nn.functional as F
from torch import nn


def segment_ids(tokens, sep_id, pad_id=0):
    is_sep = (tokens == sep_id).int()
    T = tokens.shape[-1]
    first = torch.where(is_sep.amax(-1, keepdim=True) > 0, is_sep.argmax(-1, keepdim=True), T)
    return torch.where(torch.arange(T, device=tokens.device) > first, tokens.ne(pad_id).long(), 0)


class BertEmbeddings(nn.Module):
    """ParameterDicts under the right names, everything else by functions."""

    def __init__(self, vocab_size, hidden_size, max_length=512, n_segments=2, pad_id=0, p=0.1, eps=1e-12):
        super().__init__()
        draw = lambda n: torch.empty(n, hidden_size).normal_(std=0.02)  # noqa: E731
        token = draw(vocab_size).index_fill(0, torch.tensor([pad_id]), 0.0)
        for name, table in (("token", token), ("position", draw(max_length)), ("segment", draw(n_segments))):
            setattr(self, name, nn.ParameterDict({"weight": nn.Parameter(table)}))
        self.norm = nn.ParameterDict(
            {"weight": nn.Parameter(torch.ones(hidden_size)), "bias": nn.Parameter(torch.zeros(hidden_size))}
        )
        self.pad, self.p, self.eps = pad_id, p, eps

    def forward(self, tokens, segments=None):
        if tokens.shape[-1] > self.position["weight"].shape[0]:
            raise ValueError("no such position")
        if segments is None:
            segments = tokens.new_zeros(tokens.shape)
        x = F.embedding(tokens, self.token["weight"], padding_idx=self.pad)
        x = x + F.embedding(segments, self.segment["weight"]) + self.position["weight"][: tokens.shape[-1]]
        mu = x.mean(-1, keepdim=True)
        var = x.var(-1, unbiased=False, keepdim=True)
        x = (x - mu) * torch.rsqrt(var + self.eps) * self.norm["weight"] + self.norm["bias"]
        if not self.training:
            return x
        keep = torch.bernoulli(torch.full_like(x, 1 - self.p))
        return x * keep / (1 - self.p)
