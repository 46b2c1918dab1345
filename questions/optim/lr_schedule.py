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


def transformer(warm, steps, peak=0.01, ramp=40, layers=5, d=32, length=4, vocab=8, batch=32, seed=0):
    """Losses of a small post-norm Transformer that learns to reverse its input, and Adam's first |m̂|/√v̂."""
    import torch
    from torch.nn import functional as F

    g = torch.Generator().manual_seed(seed)
    weights = []

    def new(*shape, std):
        weights.append((torch.randn(*shape, generator=g) * std).requires_grad_())
        return weights[-1]

    embedding, positions = new(vocab, d, std=1), new(length, d, std=1)
    blocks = [
        (new(d, 3 * d, std=d**-0.5), new(d, d, std=d**-0.5), new(d, 2 * d, std=(2 / d) ** 0.5), new(2 * d, d, std=(2 * d) ** -0.5))
        for _ in range(layers)
    ]  # fmt: skip
    head = new(d, vocab, std=d**-0.5)
    m, v = [torch.zeros_like(w) for w in weights], [torch.zeros_like(w) for w in weights]
    losses, ratio = [], 0.0
    for t in range(1, steps + 1):
        x = torch.randint(vocab, (batch, length), generator=g)
        h = embedding[x] + positions
        for w_qkv, w_out, w_up, w_down in blocks:
            q, k, value = (h @ w_qkv).chunk(3, -1)
            h = F.layer_norm(h + (q @ k.mT * d**-0.5).softmax(-1) @ value @ w_out, (d,))
            h = F.layer_norm(h + F.relu(h @ w_up) @ w_down, (d,))
        loss = F.cross_entropy((h @ head).flatten(0, 1), x.flip(1).flatten())
        gradients = torch.autograd.grad(loss, weights)
        rate = peak * min(t / ramp if warm else 1, (ramp / t) ** 0.5)
        with torch.no_grad():
            torch._foreach_lerp_(m, gradients, 0.1)
            torch._foreach_mul_(v, 0.999)
            torch._foreach_addcmul_(v, gradients, gradients, 0.001)
            below = torch._foreach_sqrt(torch._foreach_div(v, 1 - 0.999**t))
            torch._foreach_add_(below, 1e-8)
            update = torch._foreach_div(torch._foreach_div(m, 1 - 0.9**t), below)
            torch._foreach_add_(weights, update, alpha=-rate)
        if t == 1:
            ratio = update[-1].abs().mean().item()
        losses.append(loss.item())
    return losses, ratio


def why_warmup_evidence():
    import torch
    from torch import nn

    _, first = transformer(False, 1)
    too_short = first < 0.5
    running = bool(list(nn.LayerNorm(8).buffers())) or not torch.equal(
        nn.LayerNorm(8)(torch.ones(1, 8)), nn.LayerNorm(8).eval()(torch.ones(1, 8))
    )
    without, with_ramp = (sum(transformer(warm, 80)[0][-10:]) / 10 for warm in (False, True))
    full_length = first > 0.95 and without > with_ramp + 0.5
    # All tokens are equally frequent here, and the warm-up is needed just the same.
    rare_tokens = without < with_ramp + 0.5
    return [too_short, running, full_length, rare_tokens]


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


def experiment():
    steps = 110
    (without, ratio), (with_ramp, _) = (transformer(warm, steps) for warm in (False, True))
    ends = [sum(losses[-10:]) / 10 for losses in (without, with_ramp)]
    assert ratio > 0.95, "at the first step nearly every weight moves by the full rate"
    assert ends[0] > 1.2, "without warm-up it stays near chance"
    assert ends[1] < 0.3, "with warm-up it learns the task"

    def smooth(losses):
        return [
            sum(losses[max(0, i - 4) : i + 1]) / len(losses[max(0, i - 4) : i + 1])
            for i in range(0, steps, 3)
        ]

    return {
        "says": (
            f"A 5-layer post-norm Transformer learns to reverse 4 tokens; Adam, peak rate 0.01. After {steps} steps the loss is "
            f"{ends[1]:.3f} with 40 steps of warm-up and {ends[0]:.2f} without (chance is 2.08). "
            f"Without it, the first step already moves the output weights by {ratio:.2f} of the rate on average.",
            f"5 层的 post-norm Transformer 学习把 4 个 token 倒序，用 Adam，峰值学习率 0.01。{steps} 步之后，有 40 步 warm-up 时损失为 "
            f"{ends[1]:.3f}，没有时为 {ends[0]:.2f}（随机猜是 2.08）。没有 warm-up 时，第一步就让输出层权重平均移动了学习率的 {ratio:.2f} 倍。",
        ),
        "charts": [
            {
                "title": ("Training loss (mean of 5 steps)", "训练损失（5 步平均）"),
                "chart": "curves",
                "x": list(range(1, steps + 1, 3)),
                "x_label": ("step", "步数"),
                "y_label": ("loss", "损失"),
                "log_x": False,
                "log_y": False,
                "series": [
                    (("no warm-up", "无 warm-up"), smooth(without)),
                    (("40 steps of warm-up", "40 步 warm-up"), smooth(with_ramp)),
                ],
            },
            {
                "title": ("The learning rate of both runs", "两次运行的学习率"),
                "chart": "curves",
                "x": list(range(1, steps + 1, 3)),
                "x_label": ("step", "步数"),
                "y_label": ("learning rate", "学习率"),
                "log_x": False,
                "log_y": False,
                "series": [
                    (
                        ("no warm-up", "无 warm-up"),
                        [0.01 * min(1, (40 / t) ** 0.5) for t in range(1, steps + 1, 3)],
                    ),
                    (
                        ("40 steps of warm-up", "40 步 warm-up"),
                        [0.01 * min(t / 40, (40 / t) ** 0.5) for t in range(1, steps + 1, 3)],
                    ),
                ],
            },
        ],
    }
