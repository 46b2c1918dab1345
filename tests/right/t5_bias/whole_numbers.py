import torch
from torch import nn


def starts(N, D):
    """The smallest distance of every bucket above 0, in whole numbers: no logarithm.

    Bucket E + j begins where (n / E) ** (N - E) >= (D / E) ** j.
    """
    E = N // 2
    first = list(range(1, E + 1))
    n = E
    for j in range(1, N - E):
        while n ** (N - E) * E**j < D**j * E ** (N - E):
            n += 1
        first.append(n)
    return first


def relative_bucket(offset, bidirectional=True, n_buckets=32, max_distance=128):
    N = n_buckets // (2 if bidirectional else 1)
    edges = torch.tensor(starts(N, max_distance), device=offset.device)
    before = torch.bucketize((-offset).clamp(min=0), edges, right=True)
    if not bidirectional:
        return before
    after = torch.bucketize(offset.clamp(min=0), edges, right=True) + N
    return torch.where(offset > 0, after, before)


class RelativeBias(nn.Module):
    def __init__(self, n_heads, bidirectional=True, n_buckets=32, max_distance=128):
        super().__init__()
        self.register_parameter("weight", nn.Parameter(torch.zeros((n_buckets, n_heads))))
        self.kind = dict(bidirectional=bidirectional, n_buckets=n_buckets, max_distance=max_distance)

    def forward(self, queries, keys):
        # the bias depends on the offset alone: one number per diagonal
        offsets = torch.arange(1 - keys, queries, device=self.weight.device)
        line = self.weight.T[:, relative_bucket(offsets, **self.kind)]
        rows = []
        for i in range(queries):
            low = keys - 1 - (keys - queries + i)
            rows.append(line[:, low : low + keys])
        return torch.stack(rows, 1)


def biased_attention(q, k, v, bias, causal=False):
    """Query by query over the keys it sees, the weights from a log-sum-exp."""
    tq, tk = q.shape[-2], k.shape[-2]
    out = []
    for i in range(tq):
        end = tk - tq + i + 1 if causal else tk
        s = (k[..., :end, :] * q[..., i : i + 1, :]).sum(-1) + bias[:, i, :end]
        p = (s - s.logsumexp(-1, keepdim=True)).exp()
        out.append((p.unsqueeze(-1) * v[..., :end, :]).sum(-2))
    return torch.stack(out, -2)
