"""Experiment, draws and evidence for bn_placement.md."""


def _final_loss(kind, lr, steps=70):
    """Trains a small deep net: its last losses, and how far the layers' inputs moved at each step."""
    import math

    import torch
    from torch import nn

    width, depth = 24, 8
    g, extra = torch.Generator().manual_seed(1), torch.Generator().manual_seed(2)

    class Shift(nn.Module):  # another random shift and scale for each channel at every step
        def forward(self, x):
            scale = torch.exp(0.2 * torch.randn(width, generator=extra))
            return x * scale + 0.3 * torch.randn(width, generator=extra)

    layers = []
    for _ in range(depth):
        linear = nn.utils.skip_init(nn.Linear, width, width)
        nn.init.normal_(linear.weight, std=(2 / width) ** 0.5, generator=g)
        nn.init.zeros_(linear.bias)
        layers.append(linear)
        layers += [nn.BatchNorm1d(width)] if kind != "plain" else []
        layers += [Shift()] if kind == "shift" else []
        layers.append(nn.ReLU())
    head = nn.utils.skip_init(nn.Linear, width, 4)
    nn.init.normal_(head.weight, std=width**-0.5, generator=g)
    nn.init.zeros_(head.bias)
    weights = [w for layer in [*layers, head] for w in layer.parameters()]
    teacher = torch.randn(width, 4, generator=g)
    losses, moves, before = [], [], None
    for _ in range(steps):
        x = torch.randn(64, width, generator=g)
        h, means = x, []
        for layer in layers:
            h = layer(h)
            if isinstance(layer, nn.ReLU):
                seen = h.detach()
                means.append(seen.mean(0) / seen.std(0).mean())
        loss = nn.functional.cross_entropy(head(h), (x @ teacher).argmax(1))
        gradients = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            for w, gradient in zip(weights, gradients, strict=True):
                w.sub_(lr * gradient)
        losses.append(loss.item())
        now = torch.cat(means)
        if before is not None:
            moves.append((now - before).abs().mean().item())
        before = now
    final = sum(losses[-15:]) / 15
    guessing = math.log(4)  # what a diverged run counts as
    return (final if final < guessing else guessing), sum(moves) / len(moves)


def experiment():
    rates = [0.1, 0.2, 0.5, 1.0]
    runs = {kind: [_final_loss(kind, lr) for lr in rates] for kind in ("plain", "bn", "shift")}
    loss = {kind: [pair[0] for pair in pairs] for kind, pairs in runs.items()}
    best = {kind: min(values) for kind, values in loss.items()}
    rate = {kind: rates[values.index(best[kind])] for kind, values in loss.items()}
    moved = {kind: runs[kind][rates.index(rate[kind])][1] for kind in runs}
    assert best["bn"] < 0.7 * best["plain"], "with batch norm the net gets further"
    assert rate["bn"] > rate["plain"], "and its best learning rate is larger"
    assert moved["bn"] < moved["plain"] < moved["shift"], "the added shifts exceed those of the plain net"
    assert best["shift"] < 0.7 * best["plain"], "and yet that net trains nearly as well"
    return {
        "says": (
            f"Best loss {best['plain']:.2f} without batch norm (at lr {rate['plain']:g}), {best['bn']:.2f} with it (at lr "
            f"{rate['bn']:g}). With random shifts after each batch norm the layers' inputs moved by {moved['shift']:.2f} "
            f"a step, more than without batch norm ({moved['plain']:.2f}), and still the loss came to {best['shift']:.2f}. "
            "(Guessing, or a run that diverged: 1.39.)",
            f"不用 BatchNorm，最好的 loss 是 {best['plain']:.2f}（lr 为 {rate['plain']:g}）；用了是 {best['bn']:.2f}（lr 为 "
            f"{rate['bn']:g}）。在每个 BatchNorm 之后加随机偏移，各层输入每步变动 {moved['shift']:.2f}，比不用 BatchNorm 时"
            f"（{moved['plain']:.2f}）还大，loss 仍能降到 {best['shift']:.2f}。（随机猜或发散记为 1.39。）",
        ),
        "title": ("Loss after 70 steps, by learning rate", "训练 70 步后的 loss，随学习率变化"),
        "chart": "curves",
        "x": rates,
        "x_label": ("learning rate", "学习率"),
        "y_label": ("loss", "loss"),
        "log_x": True,
        "log_y": False,
        "series": [
            (("without", "不用 BatchNorm"), loss["plain"]),
            (("batch norm", "BatchNorm"), loss["bn"]),
            (("batch norm + shifts", "BatchNorm + 偏移"), loss["shift"]),
        ],
    }


def bias_evidence():
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(0)
    x = torch.randn(8, 3, 6, 6, generator=g, dtype=torch.float64)
    kernel = torch.randn(4, 3, 3, 3, generator=g, dtype=torch.float64)
    b = torch.tensor([1.0, -2.0, 3.0, 5.0], dtype=torch.float64, requires_grad=True)
    bn = nn.BatchNorm2d(4, dtype=torch.float64)
    plain, biased = nn.functional.conv2d(x, kernel), nn.functional.conv2d(x, kernel, b)
    y, z = bn(plain), bn(biased)
    (gradient,) = torch.autograd.grad(z.pow(3).sum(), b)
    larger = z.abs().mean() > y.abs().mean() + 1e-6
    wider = biased.var((0, 2, 3)).gt(plain.var((0, 2, 3)) + 1e-6).any()
    useless = torch.allclose(y, z) and gradient.abs().max().item() < 1e-6
    off_centre = z.mean((0, 2, 3)).abs().max() > 1e-6
    return [useless, bool(wider), bool(larger), bool(off_centre)]


def covariate_shift_evidence():
    import torch
    from torch import nn

    (plain, plain_moves), (bn, _) = _final_loss("plain", 0.5, 55), _final_loss("bn", 0.5, 55)
    shifted, shifted_moves = _final_loss("shift", 0.5, 55)
    shift_is_the_obstacle = not (shifted_moves > plain_moves and shifted < plain)
    g = torch.Generator().manual_seed(0)
    x = torch.rand(2000, 2, generator=g, dtype=torch.float64).pow(3)  # skewed
    x[:, 1] += x[:, 0]  # correlated
    y = nn.BatchNorm1d(2, affine=False, dtype=torch.float64)(x)
    correlation = torch.corrcoef(y.T)[0, 1].item()
    skew = y.pow(3).mean(0).abs().min().item()
    return [shift_is_the_obstacle, abs(correlation) < 0.1, bn < plain, skew < 0.1]


def rescaled_weights_draw(rng):
    c = rng.choice([0.1, 0.2, 0.25, 0.5, 2, 4, 5, 8, 10])
    return {
        "c": c,
        "lr": rng.choice([0.01, 0.02, 0.05, 0.1]),
        "answer": round(1 / c**2, 6),
        "once": round(1 / c, 6),
        "growing": round(c, 6),
    }


def rescaled_weights_evidence(drawn):
    import torch

    g = torch.Generator().manual_seed(0)
    x = torch.randn(16, 5, generator=g, dtype=torch.float64)
    target = torch.randn(16, 3, generator=g, dtype=torch.float64)
    first = torch.randn(3, 5, generator=g, dtype=torch.float64)

    def relative_step(weight):
        w = weight.clone().requires_grad_()
        y = torch.nn.functional.batch_norm(x @ w.T, None, None, training=True, eps=1e-14)
        ((y - target) ** 2).mean().backward()
        return (drawn["lr"] * w.grad.norm() / w.detach().norm()).item()

    factor = relative_step(drawn["c"] * first) / relative_step(first)
    return [abs(factor / value - 1) < 0.01 for value in (drawn["answer"], drawn["once"], 1, drawn["growing"])]


def noise_evidence():
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(0)
    bn = nn.BatchNorm1d(50, momentum=0.0)
    sample = torch.randn(1, 50, generator=g)

    def spread(size, eps=1e-5, running=0.0, scale=1.0):
        bn.eps, bn.running_mean[:] = eps, running
        batches = [scale * torch.cat([sample, torch.randn(size - 1, 50, generator=g)]) for _ in range(50)]
        return torch.stack([bn(batch)[0] for batch in batches]).std(0).mean().item()

    small, large = spread(4), spread(256)
    falls = small > 4 * large > 0
    from_running = abs(spread(4, running=9.0) / small - 1) > 0.3
    from_epsilon = spread(4, eps=1e-12) < 0.5 * small
    switched_off = spread(4, eps=1e-12, scale=1e-3) < 0.5 * small  # low variance everywhere
    return [from_running, falls, from_epsilon, switched_off]
