"""einsum over whatever leading dimensions there are; nothing is flattened."""

import torch
from torch import Tensor


def forward(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
    z = torch.einsum("...d,hd->...h", x, w1) + b1
    return torch.einsum("...h,ch->...c", torch.where(z > 0, z, 0.0), w2) + b2


def backprop(x: Tensor, target: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor):
    z = torch.einsum("...d,hd->...h", x, w1) + b1
    on = z > 0
    h = z * on
    s = torch.einsum("...h,ch->...c", h, w2) + b2
    shifted = s - s.amax(-1, keepdim=True)
    log_total = shifted.exp().sum(-1, keepdim=True).log()
    classes = torch.arange(s.shape[-1], device=s.device)
    right = target.unsqueeze(-1) == classes
    loss = (log_total.squeeze(-1) - (shifted * right).sum(-1)).mean()
    ds = ((shifted - log_total).exp() - right.to(s.dtype)) / max(target.numel(), 1)
    dz = torch.einsum("...c,ch->...h", ds, w2) * on
    lead = tuple(range(x.dim() - 1))
    return loss, {
        "w2": torch.einsum("...c,...h->ch", ds, h),
        "b2": ds.sum(lead) if lead else ds,
        "w1": torch.einsum("...h,...d->hd", dz, x),
        "b1": dz.sum(lead) if lead else dz,
        "x": torch.einsum("...h,hd->...d", dz, w1),
    }
