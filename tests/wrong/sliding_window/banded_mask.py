# mistake: The mask is a band, the matrix whole.
# bug: whole_matrix
import torch


def sliding_window_attention(q, k, v, window, causal=True):
    a, b = q.size(-2), k.size(-2)
    band = torch.ones(b, b, dtype=torch.bool, device=q.device)
    band = band.tril(0 if causal else window - 1).triu(1 - window)[b - a :]
    scores = torch.matmul(q, k.transpose(-2, -1)) / q.size(-1) ** 0.5
    return torch.matmul(scores.masked_fill(~band, float("-inf")).softmax(-1), v)
