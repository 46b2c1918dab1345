import torch


class Turn(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, cos, sin):
        ctx.save_for_backward(cos, sin)
        out = torch.empty(x.shape, dtype=x.dtype, device=x.device)
        a, b = x[..., ::2], x[..., 1::2]
        out[..., ::2] = a * cos - b * sin
        out[..., 1::2] = a * sin + b * cos
        return out

    @staticmethod
    def backward(ctx, g):
        cos, sin = ctx.saved_tensors
        return Turn.forward(ctx, g, cos, -sin), None, None


def rope(x, positions=None, base=10000.0):
    kind = torch.promote_types(x.dtype, torch.float32)
    if positions is None:
        positions = torch.arange(x.shape[-2], device=x.device)
    speed = torch.exp(
        torch.arange(x.shape[-1] // 2, device=x.device, dtype=kind).mul(2 / x.shape[-1])
        * -torch.log(torch.tensor(base, dtype=kind))
    )
    angle = positions.to(kind)[..., None] * speed
    return Turn.apply(x, angle.cos(), angle.sin())
