import torch


def alibi_slopes(n_heads):
    p = 1 << (n_heads.bit_length() - 1)
    exponents = [8 * h / p for h in range(1, p + 1)] + [4 * h / p for h in range(1, 2 * p, 2)]
    return [0.5**e for e in exponents[:n_heads]]


def alibi_attention(q, k, v, causal=True):
    """Weights by their logarithms; only differences between the scores of a row matter."""
    *_, H, Tq, d = q.shape
    Tk = k.size(-2)
    m = q.new_tensor(alibi_slopes(H)).reshape(H, 1, 1)
    j = torch.arange(Tk, dtype=q.dtype, device=q.device)
    i = j[Tk - Tq :, None]
    future = j > i
    scores = torch.einsum("...id,...jd->...ij", q * d**-0.5, k)
    if causal:
        scores = scores + m * j  # softmax forgets the constant m * i of a row
        scores = scores + torch.where(future, -torch.inf, 0.0).to(q.dtype)
    else:
        scores = torch.where(future, scores - m * (j - i), scores + m * (j - i))
    log_w = scores - scores.logsumexp(-1, keepdim=True)
    return torch.einsum("...ij,...jd->...id", log_w.exp(), v)
