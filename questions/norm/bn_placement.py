"""Experiment, draws and evidence for bn_placement.md."""


def _train(kind, rates, steps, tries=(), fixed=False):
    """Deep nets trained side by side, one for each of three seeds and each rate. Returns the losses (step, seed, rate)
    and, for each relative step size in `tries`, how often such a step along the gradient lowers the loss (seed, rate).
    kind: "plain", "bn", or "shift" (after each batch norm new random shifts and scales at every step). fixed: each weight matrix keeps its length."""
    import torch
    from torch.nn import functional

    seeds, width, depth = range(3), 24, 8

    def drawn(salt, *shape):
        rows = [torch.randn(shape, generator=torch.Generator().manual_seed(97 * s + salt)) for s in seeds]
        return torch.stack(rows).repeat_interleave(len(rates), 0)

    weights = [(2 / width) ** 0.5 * drawn(i, width, width) for i in range(depth)]
    out, teacher = width**-0.5 * drawn(50, 4, width), drawn(51, 4, width)
    nets = len(out)
    gammas, betas = ([torch.full((nets, width, 1), float(v)) for _ in range(depth)] for v in (1, 0))
    parameters = [*weights, *betas, out, *(gammas if kind != "plain" else [])]
    for parameter in parameters:
        parameter.requires_grad_()
    rate = torch.tensor(rates).repeat(len(seeds)).view(-1, 1, 1)
    inputs, extra = ([torch.Generator().manual_seed(97 * s + salt) for s in seeds] for salt in (60, 61))

    def fresh(generators, *shape):
        rows = [torch.randn(shape, generator=g) for g in generators]
        return torch.stack(rows).repeat_interleave(len(rates), 0)

    def loss_of(x, want, noise):
        h = x  # (net, channel, sample)
        for i, (w, gamma, beta) in enumerate(zip(weights, gammas, betas, strict=True)):
            h = w @ h
            if kind != "plain":  # over the batch, which stands last
                h = functional.layer_norm(h, h.shape[-1:]) * gamma
            h = h + beta
            if kind == "shift":
                h = h * (0.2 * noise[:, 2 * i]).exp() + 0.3 * noise[:, 2 * i + 1]
            h = h.relu()
        return functional.cross_entropy(out @ h, want, reduction="none").mean(1)

    lengths = [w.detach().norm(dim=(1, 2), keepdim=True) for w in weights]
    losses, falls = [], []
    for step in range(steps):
        x = fresh(inputs, width, 64)
        want = (teacher @ x).argmax(1)
        noise = fresh(extra, 2 * depth, width, 1) if kind == "shift" else None
        loss = loss_of(x, want, noise)
        gradients = torch.autograd.grad(loss.sum(), parameters)
        losses.append(loss.detach())
        with torch.no_grad():
            if tries and step % 20 == 0:
                slopes = gradients[:depth]
                length = sum(w.square().sum((1, 2), keepdim=True) for w in weights).sqrt()
                steepness = sum(slope.square().sum((1, 2), keepdim=True) for slope in slopes).sqrt()
                lower = []
                for relative in tries:
                    move = relative * length / steepness
                    for w, slope in zip(weights, slopes, strict=True):
                        w -= move * slope
                    lower.append((loss_of(x, want, noise) < loss).float())
                    for w, slope in zip(weights, slopes, strict=True):
                        w += move * slope
                falls.append(torch.stack(lower))
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter -= rate * gradient
            if fixed:
                for w, length in zip(weights, lengths, strict=True):
                    w *= length / w.norm(dim=(1, 2), keepdim=True)
    losses = torch.stack(losses).view(steps, len(seeds), len(rates))
    return losses, torch.stack(falls).mean(0).view(len(tries), len(seeds), len(rates)) if falls else None


def _ends(losses, last=20):
    """The mean of the last losses (seed, rate); a run that diverged counts as guessing, ln 4."""
    return losses[-last:].mean(0).nan_to_num(nan=9.0, posinf=9.0).clamp(max=1.386)


def experiment(off=False):
    if off:
        return _long_and_slow()
    rates, steps = [0.05, 0.2, 0.5, 1.0], 350
    ends = {kind: _ends(_train(kind, rates, steps)[0]) for kind in ("plain", "bn", "shift")}
    assert (ends["plain"][:, -1] > 0.8).all(), "without batch norm, rate 1 fails with every seed"
    assert (ends["bn"][:, -1] < 0.4).all(), "with batch norm it trains"
    assert (ends["shift"][:, -1] < 0.45).all(), "with random shifts after each batch norm it trains as well"
    sizes = [0.01, 0.02, 0.05, 0.1, 0.2]
    falls = {kind: _train(kind, [0.1], 300, sizes)[1][..., 0] for kind in ("plain", "bn")}
    assert (falls["plain"][2] < 0.3).all(), "a step of 5 % raises the loss of the plain net"
    assert (falls["bn"][2] > 0.8).all(), "and lowers it with batch norm"
    mean = {kind: end.mean(0).tolist() for kind, end in ends.items()}
    share = {kind: (100 * fall.mean(1)).tolist() for kind, fall in falls.items()}
    return {
        "says": (
            f"Rate 1, {steps} steps, mean of 3 seeds: {mean['plain'][-1]:.2f} without batch norm, {mean['bn'][-1]:.2f} with "
            f"it, {mean['shift'][-1]:.2f} with random shifts after each (guessing or diverged: 1.39). A step along the "
            f"gradient as long as 5 % of the weights lowers the loss in {share['plain'][2]:.0f} % of tries without batch norm, "
            f"in {share['bn'][2]:.0f} % with it.",
            f"学习率 1，{steps} 步，3 个种子平均：不用 BatchNorm 是 {mean['plain'][-1]:.2f}，用了是 {mean['bn'][-1]:.2f}，每个 "
            f"BatchNorm 之后再加随机偏移是 {mean['shift'][-1]:.2f}（随机猜或发散记为 1.39）。沿梯度走权重长度 5% 的一步，"
            f"不用 BatchNorm 时 {share['plain'][2]:.0f}% 的尝试能降低 loss，用了是 {share['bn'][2]:.0f}%。",
        ),
        "off": ("a small rate and more steps", "小学习率，训练更久"),
        "charts": [
            {
                "title": (
                    f"Loss after {steps} steps, by learning rate",
                    f"训练 {steps} 步后的 loss，随学习率变化",
                ),
                "chart": "curves",
                "x": rates,
                "x_label": ("learning rate", "学习率"),
                "y_label": ("loss", "loss"),
                "log_x": True,
                "log_y": False,
                "series": [
                    (("without", "不用 BatchNorm"), mean["plain"]),
                    (("batch norm", "BatchNorm"), mean["bn"]),
                    (("batch norm + shifts", "BatchNorm + 偏移"), mean["shift"]),
                ],
            },
            {
                "title": ("Does one step along the gradient lower the loss?", "沿梯度走一步，loss 会降吗？"),
                "chart": "curves",
                "x": sizes,
                "x_label": ("length of the step / length of the weights", "步长 / 权重长度"),
                "y_label": ("it falls, %", "下降的比例（%）"),
                "log_x": True,
                "log_y": False,
                "series": [
                    (("without", "不用 BatchNorm"), share["plain"]),
                    (("batch norm", "BatchNorm"), share["bn"]),
                ],
            },
        ],
    }


def _long_and_slow():
    rate, steps, every = 0.2, 1000, 50
    runs = {kind: _train(kind, [rate], steps)[0][..., 0] for kind in ("plain", "bn")}
    ends = {kind: losses[-50:].mean(0) for kind, losses in runs.items()}
    assert (ends["plain"] < ends["bn"]).all(), (
        "with a rate that suits it, the plain net gets further in the end"
    )
    curves = {kind: losses.mean(1).view(-1, every).mean(1).tolist() for kind, losses in runs.items()}
    plain, bn = (ends[kind].mean().item() for kind in ("plain", "bn"))
    return {
        "says": (
            f"At rate {rate} and after {steps} steps the advantage is gone: loss {plain:.2f} without batch norm, {bn:.2f} with "
            "it (mean of 3 seeds; each of them agrees).",
            f"学习率 {rate}、训练 {steps} 步之后，优势没有了：不用 BatchNorm 的 loss 是 {plain:.2f}，用了是 {bn:.2f}"
            "（3 个种子平均，每个种子都如此）。",
        ),
        "off": ("a small rate and more steps", "小学习率，训练更久"),
        "title": (f"Training loss at rate {rate}", f"学习率 {rate} 时的训练 loss"),
        "chart": "curves",
        "x": list(range(every, steps + 1, every)),
        "x_label": ("step", "步"),
        "y_label": ("loss", "loss"),
        "log_x": False,
        "log_y": True,
        "series": [
            (("without", "不用 BatchNorm"), curves["plain"]),
            (("batch norm", "BatchNorm"), curves["bn"]),
        ],
    }


def worked():
    import torch

    channel = torch.tensor([1.0, 2.0, 6.0], dtype=torch.float64)
    biased = channel + 4
    bn = torch.nn.BatchNorm1d(1, dtype=torch.float64)
    first, second = (bn(x[:, None])[:, 0] for x in (channel, biased))
    assert torch.allclose(first, second)
    variance = biased.var(unbiased=False).item()
    shown = [f"{v:.2f}".replace("-", "−") for v in second.tolist()]
    return [f"{variance:.2f}", *shown]


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


def shifted_evidence():
    ends = {kind: _ends(_train(kind, [1.0], 300)[0])[:, 0] for kind in ("plain", "bn", "shift")}
    like_plain = bool((ends["shift"] > 0.8).all())
    noisy = bool((ends["shift"] < ends["bn"] - 0.1).all())
    trains = bool((ends["shift"] < 0.5).all()) and bool((ends["plain"] > 0.8).all())
    return [like_plain, trains, noisy, not trains]


def covariate_shift_evidence():
    import torch
    from torch import nn

    needs_steadiness = bool((_ends(_train("shift", [1.0], 300)[0]) > 0.8).all())
    held = _ends(_train("bn", [1.0], 300, fixed=True)[0])
    assert (held < 0.5).all(), "with W's length held fixed, batch norm trains at rate 1 as well"
    falls = {kind: _train(kind, [0.1], 300, [0.05])[1].flatten() for kind in ("plain", "bn")}
    evenly = bool((falls["bn"] > falls["plain"] + 0.5).all())
    g = torch.Generator().manual_seed(0)
    x = torch.rand(2000, 2, generator=g, dtype=torch.float64)
    x[:, 1] += x[:, 0]  # correlated
    y = nn.BatchNorm1d(2, affine=False, dtype=torch.float64)(x)
    correlation = torch.corrcoef(y.T)[0, 1].item()
    return [needs_steadiness, abs(correlation) < 0.1, evenly, None]


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
