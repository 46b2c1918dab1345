# mistake: On both sides the window has w keys in all, with the query in the middle.
# bug: window_halved
import torch


def sliding_window_attention(q, k, v, window, causal=True):
    Tq, Tk = q.size(-2), k.size(-2)
    pos = torch.arange(Tk - Tq, Tk, device=q.device)
    half = window // 2
    offs = (
        torch.arange(1 - window, 1, device=q.device)
        if causal
        else torch.arange(-half, window - half, device=q.device)
    )
    idx = pos.unsqueeze(1) + offs
    ok = (idx >= 0) & (idx < Tk)
    idx = idx.clamp(0, Tk - 1)
    scores = (q.unsqueeze(-2) * k[..., idx, :]).sum(-1) * q.size(-1) ** -0.5
    weights = scores.masked_fill(~ok, -torch.inf).softmax(-1)
    return (weights.unsqueeze(-1) * v[..., idx, :]).sum(-2)
