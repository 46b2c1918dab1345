"""Cosine schedules, and what warm-up does for a post-norm Transformer under Adam."""


def cosine_draw(rng):
    while True:
        drawn = _cosine(rng)
        values = [drawn[name] for name in ("answer", "linear", "no_offset", "full_period")]
        if min(abs(a / b - 1) for i, a in enumerate(values) for b in values[:i]) > 0.02:
            return drawn


def _cosine(rng):
    import math

    hi, lo = rng.choice([(0.1, 0.02), (0.2, 0.04), (0.1, 0.01), (0.05, 0.01)])
    warm = rng.choice([100, 200, 500])
    length, share = rng.choice([400, 800, 1200, 2000]), rng.choice([0.25, 0.75])
    t, end = warm + int(length * share), warm + length

    def at(progress):
        return round(lo + (hi - lo) * (1 + math.cos(math.pi * progress)) / 2, 5)

    return {
        "W": warm,
        "T": end,
        "t": t,
        "hi": hi,
        "lo": lo,
        "share": share,
        "answer": at(share),
        "linear": round(hi + (lo - hi) * share, 5),
        "no_offset": at(t / end),
        "full_period": at(2 * share),
    }


def cosine_evidence(drawn):
    """torch's own scheduler, which works by a recursion, started at the end of the warm-up."""
    import torch

    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=drawn["hi"])
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimizer, drawn["T"] - drawn["W"], eta_min=drawn["lo"]
    )
    for _ in range(drawn["t"] - drawn["W"]):
        optimizer.step()
        cosine.step()
    rate = optimizer.param_groups[0]["lr"]
    return [abs(drawn[name] / rate - 1) < 0.004 for name in ("answer", "linear", "no_offset", "full_period")]


def worked():
    import torch

    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    schedule = torch.optim.lr_scheduler.SequentialLR(
        optimizer,
        [
            torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=1e-9, total_iters=100),
            torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 1000, eta_min=0.01),
        ],
        milestones=[100],
    )
    rates = []
    for _ in range(601):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    line = 0.1 - 0.09 * 250 / 1000
    return [f"{rates[50]:.4f}", f"{rates[350]:.4f}", f"{line:.4f}", f"{rates[600]:.4f}", f"{0.5**0.5:.4f}"]


RAMP = 40


def transformer(runs, steps, pre_norm=False, clip=None):
    """Several small Transformers at once learn to reverse their input under Adam. A run is (seed, peak rate, start):
    start 'full' begins at full rate, 'fill' spends RAMP batches at rate 0 first, 'ramp' rises over RAMP steps.
    Returns, step by step, the losses and the spread of the last hidden states over the inputs; and Adam's first |m̂|/√v̂."""
    import torch
    from torch.nn import functional as F

    d, length, vocab, batch, layers = 32, 4, 8, 32, 5
    generators = [torch.Generator().manual_seed(seed) for seed, _, _ in runs]
    weights = []

    def new(*shape, std):
        weights.append(
            torch.stack([torch.randn(*shape, generator=g) for g in generators]).mul_(std).requires_grad_()
        )
        return weights[-1]

    def norm(h, here):
        return F.layer_norm(h, (d,)) if here else h

    embedding, positions = new(vocab, d, std=1), new(length, d, std=1)
    blocks = [
        (new(d, 3 * d, std=d**-0.5), new(d, d, std=d**-0.5), new(d, 2 * d, std=(2 / d) ** 0.5), new(2 * d, d, std=(2 * d) ** -0.5))
        for _ in range(layers)
    ]  # fmt: skip
    head = new(d, vocab, std=d**-0.5)
    m, v = [torch.zeros_like(w) for w in weights], [torch.zeros_like(w) for w in weights]
    run, peaks = torch.arange(len(runs))[:, None, None], torch.tensor([peak for _, peak, _ in runs])
    losses, spreads, ratio = [], [], 0.0
    for t in range(1, steps + 1):
        x = torch.stack([torch.randint(vocab, (batch, length), generator=g) for g in generators])
        h = (embedding[run, x] + positions[:, None]).flatten(1, 2)
        for w_qkv, w_out, w_up, w_down in blocks:
            q, k, value = (norm(h, pre_norm) @ w_qkv).unflatten(1, (batch, length)).chunk(3, -1)
            mixed = ((q @ k.mT * d**-0.5).softmax(-1) @ value).flatten(1, 2)
            h = norm(h + mixed @ w_out, not pre_norm)
            h = norm(h + F.relu(norm(h, pre_norm) @ w_up) @ w_down, not pre_norm)
        h = norm(h, pre_norm)
        loss = F.cross_entropy((h @ head).flatten(0, 1), x.flip(2).flatten(), reduction="none")
        loss = loss.unflatten(0, (len(runs), -1)).mean(1)
        gradients = torch.autograd.grad(loss.sum(), weights)
        if clip:
            length_of = sum(g.flatten(1).square().sum(1) for g in gradients).sqrt()
            gradients = torch._foreach_mul(
                gradients, [(clip / length_of).clamp(max=1)[:, None, None]] * len(gradients)
            )
        begun = torch.tensor(
            [t - RAMP * (start == "fill") for *_, start in runs]
        )  # steps since the first move
        rate = peaks * (begun > 0) * (RAMP / begun.clamp(min=1)).sqrt().clamp(max=1)
        rate = rate * torch.tensor([min(t / RAMP, 1) if start == "ramp" else 1.0 for *_, start in runs])
        with torch.no_grad():
            torch._foreach_lerp_(m, gradients, 0.1)
            torch._foreach_mul_(v, 0.999)
            torch._foreach_addcmul_(v, gradients, gradients, 0.001)
            below = torch._foreach_sqrt(torch._foreach_div(v, 1 - 0.999**t))
            torch._foreach_add_(below, 1e-8)
            update = torch._foreach_div(torch._foreach_div(m, 1 - 0.9**t), below)
            for w, u in zip(weights, update, strict=True):
                w -= rate[:, None, None] * u
        if t == 1:
            ratio = update[-1].abs().mean().item()
        losses.append(loss.detach())
        spreads.append(h.detach().var(1).mean(1).sqrt())
    return torch.stack(losses), torch.stack(spreads), ratio


def _end(losses):
    return losses[-10:].mean(0)


def why_warmup_evidence():
    import torch
    from torch import nn

    losses, spread, first = transformer(
        [(s, 0.01, start) for start in ("full", "fill", "ramp") for s in range(3)], 90
    )
    full, fill, ramp = _end(losses).view(3, 3)
    narrow = spread[:12].amin(0).view(3, 3)  # the runs that fill move after step 40 only
    narrow[1] = spread[RAMP : RAMP + 12].amin(0)[3:6]
    too_short = first < 0.5
    running = bool(list(nn.LayerNorm(8).buffers())) or not torch.equal(
        nn.LayerNorm(8)(torch.ones(1, 8)), nn.LayerNorm(8).eval()(torch.ones(1, 8))
    )
    collapse = narrow[0].max() < 0.15 and narrow[2].min() > 0.15 and full.min() > ramp.max() + 0.5
    statistics = fill.max() < full.min() - 0.5  # filled m and v would have to help
    return [too_short, running, bool(collapse), bool(statistics)]


def why_decay_evidence():
    import torch

    def run(curvature, rates, noise, start, chains=500):
        g = torch.Generator().manual_seed(0)
        w, path = torch.full((chains,), start, dtype=torch.float64), []
        for lr in rates:
            w = w - lr * (curvature * w + noise * torch.randn(chains, generator=g, dtype=torch.float64))
            path.append(w)
        return torch.stack(path)

    w = run(1.0, [0.5] * 50 + [0.05] * 60, 1.0, 1.0)
    before, after = (0.5 * w[i].square().mean().item() for i in (49, -1))
    settles = after < 0.2 * before
    # Were the slope too slight (curvature 0.001, no noise), would the cut speed things up?
    flat = run(0.001, [0.5] * 20 + [0.05] * 20, 0.0, 1.0)[:, 0]
    faster = (flat[19] - flat[-1]).abs() > (flat[0] - flat[19]).abs()
    saddle_fast, saddle_slow = (run(-1.0, [lr] * 20, 0.0, 1e-6)[-1, 0].item() for lr in (0.5, 0.05))
    w0 = torch.zeros(20000, dtype=torch.float64)
    noise = torch.randn(20000, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    biased = (w0 + noise).mean().abs().item() > 0.05
    return [bool(faster), settles, saddle_slow > saddle_fast, biased]


def control_evidence():
    losses, _, _ = transformer(
        [(s, 0.01, start) for start in ("full", "fill", "ramp") for s in (3, 4, 5)], 110
    )
    a, b, c = ((_end(losses).view(3, 3) < 1).sum(1) == 3).tolist()
    none = ((_end(losses).view(3, 3) > 1.4).sum(1) == 3).tolist()
    return [b and c and none[0], c and none[0] and none[1], a and b and c, a and c and none[1]]


def plateau_evidence():
    seeds = range(3)
    clipped, _, _ = transformer([(s, 0.01, "full") for s in seeds], 40, clip=0.1)
    double, _, _ = transformer([(s, 0.02, "full") for s in seeds], 40)
    others, _, _ = transformer([(s, 0.002, "full") for s in seeds] + [(s, 0.01, "ramp") for s in seeds], 80)
    double, (low, ramp) = _end(double), _end(others).view(2, 3)
    cured = [bool(ends.max() < 1) for ends in (_end(clipped), double, low, ramp)]
    return [cured[0], cured[1], cured[2] and cured[3], None]


def experiment(off=False):
    seeds, steps = range(3), 110
    peak = 0.002 if off else 0.01
    starts = ["full", "ramp"] if off else ["full", "fill", "ramp"]
    losses, spread, ratio = transformer([(s, peak, start) for start in starts for s in seeds], steps)
    names = {
        "full": ("full rate at once", "一开始就是全长"),
        "fill": ("m and v filled first", "先填好 m 和 v"),
        "ramp": ("40 steps of warm-up", "预热 40 步"),
    }
    ends = dict(zip(starts, _end(losses).view(-1, 3), strict=True))
    lowest = dict(zip(starts, spread[:12].amin(0).view(-1, 3), strict=True))
    if off:
        assert max(ends["full"].max(), ends["ramp"].max()) < 0.3, "at a fifth of the rate all learn"
        assert lowest["full"].min() > 0.15, "and the outputs never stop depending on the input"
    else:
        assert ratio > 0.95, "at the first step nearly every weight moves by the full rate"
        assert min(ends["full"].min(), ends["fill"].min()) > 1.3, (
            "without small steps first it stays near chance"
        )
        assert ends["ramp"].max() < 0.5, "with warm-up it learns the task"
        assert lowest["full"].max() < 0.15 < lowest["ramp"].min(), "full steps make the outputs alike"
    at = list(range(0, steps, 5))

    def curves(values):
        return [
            (names[start], values.view(steps, -1, 3).mean(2)[at, i].tolist())
            for i, start in enumerate(starts)
        ]

    shown = {start: f"{ends[start].mean().item():.2f}" for start in starts}
    if off:
        says = (
            f"At a peak rate of 0.002 the loss after {steps} steps is {shown['full']} without warm-up and {shown['ramp']} with it "
            f"(means of 3 seeds, chance is 2.08): there is nothing to be gained.",
            f"峰值学习率为 0.002 时，{steps} 步之后的 loss，不预热是 {shown['full']}，预热是 {shown['ramp']}（3 个种子的平均，瞎猜是 2.08）："
            f"预热没有带来好处。",
        )
    else:
        says = (
            f"A 5-layer post-norm Transformer reverses 4 tokens; Adam, peak rate 0.01, means of 3 seeds. After {steps} steps the loss is "
            f"{shown['ramp']} with warm-up, {shown['full']} without, {shown['fill']} with m and v filled at rate 0 for 40 steps (chance is "
            f"2.08). Full steps bring the spread of the last hidden states over the inputs down to {lowest['full'].mean():.2f}, small ones to "
            f"{lowest['ramp'].mean():.2f}.",
            f"5 层的 post-norm Transformer 学习把 4 个 token 倒序，用 Adam，峰值学习率 0.01，3 个种子的平均。{steps} 步之后的 loss：预热是 "
            f"{shown['ramp']}，不预热是 {shown['full']}，先以学习率 0 填好 m 和 v 是 {shown['fill']}（瞎猜是 2.08）。全长的步子让最后隐藏状态在"
            f"不同输入之间的差异降到 {lowest['full'].mean():.2f}，小步只降到 {lowest['ramp'].mean():.2f}。",
        )
    axis = {
        "chart": "curves",
        "x": [t + 1 for t in at],
        "x_label": ("step", "步数"),
        "log_x": False,
        "log_y": False,
    }
    return {
        "says": says,
        "off": ("a fifth of the peak rate", "峰值学习率降到五分之一"),
        "charts": [
            {**axis, "title": ("Training loss", "训练 loss"), "y_label": "loss", "series": curves(losses)},
            {
                **axis,
                "title": (
                    "Spread of the last hidden states over the inputs",
                    "最后隐藏状态在不同输入之间的差异",
                ),
                "y_label": ("standard deviation", "标准差"),
                "series": curves(spread),
            },
        ],
    }
