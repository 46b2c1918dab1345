"""Autograd functions of its own: p − y for the tokens, −σ(−m) for the pairs."""

import torch


class _Sums(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits, labels):
        z, y = logits[..., :-1, :], labels[..., 1:]
        keep = (y != -100).unsqueeze(-1)
        index = torch.where(keep, y.unsqueeze(-1), torch.zeros_like(y).unsqueeze(-1))
        log_z = torch.logsumexp(z, -1, keepdim=True)
        ctx.save_for_backward((z - log_z).exp(), index, keep)
        picked = torch.take_along_dim(z, index, -1) - log_z
        return torch.where(keep, picked, torch.zeros_like(picked)).sum((-2, -1))

    @staticmethod
    def backward(ctx, upstream):
        p, index, keep = ctx.saved_tensors
        slope = torch.zeros_like(p).scatter_(-1, index, 1.0) - p
        slope = slope * keep * upstream[..., None, None]
        return torch.cat(
            [slope, torch.zeros_like(upstream)[..., None, None].expand(*upstream.shape, 1, p.shape[-1])], -2
        ), None


class _Pairs(torch.autograd.Function):
    @staticmethod
    def forward(ctx, m, epsilon):
        ctx.save_for_backward(m)
        ctx.epsilon = epsilon
        zero = torch.zeros((), dtype=m.dtype, device=m.device)
        return (torch.logaddexp(zero, -m) + epsilon * m).mean()

    @staticmethod
    def backward(ctx, upstream):
        (m,) = ctx.saved_tensors
        return upstream * (ctx.epsilon - torch.sigmoid(-m)) / m.numel(), None


def answer_log_probs(logits, labels):
    return _Sums.apply(logits, labels)


def dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta=0.1, label_smoothing=0.0):
    good, bad = beta * (chosen - ref_chosen.data), beta * (rejected - ref_rejected.data)
    return _Pairs.apply(good - bad, label_smoothing), good.detach(), bad.detach()
