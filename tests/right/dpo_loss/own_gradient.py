"""The gradient of the margin by hand; one-hot labels in an einsum."""

import torch
import torch.nn.functional as F


def answer_log_probs(logits, labels):
    vocabulary = torch.arange(logits.shape[-1], device=logits.device)
    hot = (labels[..., 1:, None] == vocabulary).to(logits.dtype)
    logits = logits[..., :-1, :]
    centred = logits - logits.amax(-1, keepdim=True)
    logp = centred - centred.exp().sum(-1, keepdim=True).log()
    return torch.einsum("...tv,...tv->...", hot, logp)


class Bradley(torch.autograd.Function):
    """The loss of a margin with its gradient by hand: ε - σ(-m)."""

    @staticmethod
    def forward(ctx, m, eps):
        ctx.save_for_backward(m)
        ctx.eps = eps
        return torch.log1p((-m.abs()).exp()) + (-m).clamp(min=0) + eps * m

    @staticmethod
    def backward(ctx, grad):
        (m,) = ctx.saved_tensors
        return grad * (ctx.eps - torch.sigmoid(-m)), None


def dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta=0.1, label_smoothing=0.0):
    policy = torch.stack([chosen, rejected])
    reference = torch.stack([ref_chosen, ref_rejected]).detach()
    rewards = beta * (policy - reference)
    sign = torch.tensor([1, -1], dtype=rewards.dtype, device=rewards.device)
    loss = Bradley.apply(sign @ rewards, label_smoothing).mean()
    return (loss, *rewards.detach().unbind())
