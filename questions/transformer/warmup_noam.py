"""Experiment, draws and evidence for warmup_noam.md."""


def _noam(t, d, w):
    return d**-0.5 * min(t**-0.5, t * w**-1.5)


def worked():
    return [f"{_noam(t, 512, 4000):.6f}" for t in (1000, 4000, 16000, 100_000)]


def _reverse(seed, warm=True, peak=0.01, pre=False, steps=100, ramp=40, layers=5, d=32, length=4, vocab=8):
    """Losses (means of 10 steps) of a small Transformer that learns to reverse its input, under Noam's schedule scaled
    to this peak; without warm-up the rate is the peak until step `ramp`."""
    import torch
    from torch.nn import functional as F

    g = torch.Generator().manual_seed(seed)
    weights = []

    def new(*shape, std):
        weights.append((torch.randn(*shape, generator=g) * std).requires_grad_())
        return weights[-1]

    def norm(x):
        return F.layer_norm(x, (d,))

    embedding, places = new(vocab, d, std=1), new(length, d, std=1)
    blocks = [
        (
            new(d, 3 * d, std=d**-0.5),
            new(d, d, std=d**-0.5),
            new(d, 2 * d, std=(2 / d) ** 0.5),
            new(2 * d, d, std=(2 * d) ** -0.5),
        )
        for _ in range(layers)
    ]
    head = new(d, vocab, std=d**-0.5)
    optimizer = torch.optim.Adam(weights, lr=peak, betas=(0.9, 0.98), eps=1e-9, foreach=True)
    losses = []
    for t in range(1, steps + 1):
        x = torch.randint(vocab, (32, length), generator=g)
        h = embedding[x] + places
        for w_qkv, w_out, w_up, w_down in blocks:
            seen = norm(h) if pre else h
            q, k, v = (seen @ w_qkv).chunk(3, -1)
            h = h + (q @ k.mT * d**-0.5).softmax(-1) @ v @ w_out
            h = h if pre else norm(h)
            seen = norm(h) if pre else h
            h = h + F.relu(seen @ w_up) @ w_down
            h = h if pre else norm(h)
        scores = (norm(h) if pre else h) @ head
        loss = F.cross_entropy(scores.flatten(0, 1), x.flip(1).flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.param_groups[0]["lr"] = peak * min(t / ramp if warm else 1, (ramp / t) ** 0.5)
        optimizer.step()
        losses.append(loss.item())
    return [sum(losses[i : i + 10]) / 10 for i in range(0, steps, 10)]


RUNS = ((True, 0.01), (False, 0.01), (False, 0.01 / 3))


def experiment(off=False):
    runs = [[_reverse(seed, warm, peak, pre=off) for seed in range(3)] for warm, peak in RUNS]
    ramp, full, third = ([sum(v) / 3 for v in zip(*curves, strict=True)] for curves in runs)
    ends = [[curve[-1] for curve in curves] for curves in runs]
    assert max(ends[0]) < 0.3, "with a ramp it learns"
    if off:
        assert max(ends[1]) < 0.3, "pre-norm bears the full rate from the first step on"
        says = (
            f"With pre-norm all three learn it: loss {ramp[-1]:.3f} with the ramp, {full[-1]:.3f} at the full rate from the "
            f"start, {third[-1]:.3f} at a third of it.",
            f"换成 pre-norm，三次都学会了：预热的 loss 为 {ramp[-1]:.3f}，从头就用全部学习率为 {full[-1]:.3f}，用三分之一为 "
            f"{third[-1]:.3f}。",
        )
    else:
        assert min(ends[1]) > 1.5, "post-norm at the full rate from the start sits on a plateau"
        assert max(ends[2]) < 0.3, "at a third of the rate it needs no ramp"
        says = (
            f"Post-norm after 100 steps: loss {ramp[-1]:.2f} with a ramp of 40 steps, {full[-1]:.2f} at the full rate from the "
            f"start (chance: 2.08), {third[-1]:.2f} at a third of the rate without a ramp; 3 seeds agree.",
            f"post-norm 训练 100 步之后：40 步预热的 loss 为 {ramp[-1]:.2f}；从头就用全部学习率为 {full[-1]:.2f}（随机为 2.08）；"
            f"三分之一学习率、不预热为 {third[-1]:.2f}。3 个种子结果一致。",
        )
    return {
        "says": says,
        "off": ("pre-norm in place of post-norm", "post-norm 换成 pre-norm"),
        "title": ("Learning to reverse 4 symbols", "学习把 4 个符号倒序"),
        "chart": "curves",
        "x": list(range(10, 101, 10)),
        "x_label": ("step", "步数"),
        "y_label": ("loss", "loss"),
        "series": [
            (("ramp of 40 steps", "预热 40 步"), ramp),
            (("full rate at once", "从头就用全部学习率"), full),
            (("a third of the rate at once", "从头用三分之一"), third),
        ],
    }


def rate_draw(rng):
    d, w = rng.choice([256, 512, 768, 1024]), rng.choice([2000, 4000, 8000])
    factor = rng.choice([0.25, 0.5, 4, 9, 16])
    t = round(w * factor)
    early = t < w
    ramp, tail = d**-0.5 * t * w**-1.5, (d * t) ** -0.5
    values = {
        "answer": ramp if early else tail,
        "other": tail if early else ramp,
        "peak": (d * w) ** -0.5,
        "no_root": _noam(t, d, w) * d**-0.5,
    }
    return {
        "d": d,
        "w": w,
        "t": t,
        "side": "below" if early else "above",
        "side_zh": "小于" if early else "大于",
        "branch": "rising" if early else "falling",
        "branch_zh": "上升" if early else "下降",
    } | {name: float(f"{1e4 * value:.4g}") for name, value in values.items()}


def rate_evidence(drawn):
    """The paper's formula by torch's scheduler, asked for its rate at this step."""
    import torch

    d, w = drawn["d"], drawn["w"]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda t: float(torch.tensor([(t + 1) ** -0.5, (t + 1) * w**-1.5]).min()) / d**0.5,
        last_epoch=-1,
    )  # fmt: skip
    scheduler.last_epoch = drawn["t"] - 2  # as after t − 2 steps; the next one sets the rate of update t
    optimizer.step()
    scheduler.step()
    rate = 1e4 * optimizer.param_groups[0]["lr"]
    return [abs(rate / drawn[name] - 1) < 0.005 for name in ("answer", "other", "peak", "no_root")]


def longer_evidence():
    old, new = ([_noam(t, 512, w) for t in range(1, 60_001)] for w in (4000, 16000))
    peak, later = max(new) / max(old), new[49_999] / old[49_999]

    def near(value, goal):
        return abs(value - goal) < 0.01

    return [
        near(peak, 1) and near(later, 1),
        near(peak, 1) and near(later, 0.5),
        near(peak, 0.5) and near(later, 1),
        near(peak, 0.5) and near(later, 0.5),
    ]


def full_steps_evidence():
    learns = [_reverse(5, warm, peak)[-1] < 0.3 for warm, peak in RUNS]
    return [
        learns == wanted
        for wanted in (
            [True] * 3,
            [True, False, False],
            [True, False, True],
            [False, True, False],
            [False, True, True],
        )
    ]


def width_evidence():
    """One step of Adam on a linear layer of unit-sized inputs: how far the outputs move, by width."""
    import torch

    def moved(d, scale=1.0, seed=0):
        g = torch.Generator().manual_seed(seed)
        x = torch.randn(1, d, generator=g)
        w = (torch.randn(d, d, generator=g) / d**0.5).requires_grad_()
        optimizer = torch.optim.Adam([w], lr=1e-3)
        (scale * (x @ w) * torch.randn(1, d, generator=g)).sum().backward()
        before = x @ w.detach()
        optimizer.step()
        return (x @ w.detach() - before).abs().mean().item()

    grows = all(0.9 < moved(4 * d, seed=s) / moved(d, seed=s) / 4 < 1.1 for d in (256, 512) for s in range(3))
    by_gradient = moved(512, scale=100.0) > 1.1 * moved(512)
    return [by_gradient, None, grows, None]


def per_epoch_evidence():
    logged, due = _noam(3, 512, 4000), _noam(15_000, 512, 4000)
    stands = abs(logged / 5e-7 - 1) < 0.1 and abs(due / 3.6e-4 - 1) < 0.02
    shorter = abs(_noam(15_000, 512, 4000) / 5e-7 - 1) < 0.1  # stepped rightly, 4,000 would do
    first = abs(_noam(14_999, 512, 4000) / 5e-7 - 1) < 0.1  # one update late
    factor = abs(due * 512**0.5 / 5e-7 - 1) < 0.1
    return [shorter, stands, first, factor]


def holds_evidence():
    d, w, t = 512, 4000, 9000
    tail = [_noam(t * k, d, w) for k in (1, 4)]
    cut = [_noam(t, d, w) for _total in (10_000, 100_000)]  # the number of steps does not enter
    slower = _noam(9 * w, d, 2 * w) > 1.01 * _noam(9 * w, d, w)
    halves = abs(_noam(3 * w, d, w) / _noam(2 * w, d, w) - 0.5) < 0.01
    return [abs(tail[1] / tail[0] - 0.5) < 1e-9, _noam(10**9, d, w) == 0, cut[0] == cut[1], slower, halves]
