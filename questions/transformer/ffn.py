"""Experiment, draws and evidence for ffn.md."""


def worked():
    from torch import nn

    def weights(*shapes):
        return sum(nn.Linear(a, b, bias=False, device="meta").weight.numel() for a, b in shapes)

    plain = weights((512, 2048), (2048, 512))
    gated = weights((512, 1365), (512, 1365), (1365, 512))
    llama = 32 * weights((4096, 11008), (4096, 11008), (11008, 4096))
    assert round(llama / 1e7) == 433
    # embedding and head, attention, FFN, two norms a layer, the last norm
    whole = 2 * 32000 * 4096 + 32 * (4 * 4096**2 + 2 * 4096) + llama + 4096
    assert round(whole / 1e7) == 674
    exact = 8 * 4096 / 3
    return [f"{plain:,}", f"{gated:,}", f"{exact:,.1f}", f"{-(-exact // 256) * 256:,.0f}"]


def _stored(width, active, seeds=3, pairs=1024, d=16, classes=16, steps=250):
    """Share of random pairs that a two-layer network of this hidden width has learned by heart, for each seed."""
    import torch
    from torch.nn.functional import cross_entropy

    parts = []
    for seed in range(seeds):  # the seeds' networks are trained side by side
        g = torch.Generator().manual_seed(seed)
        parts.append(
            (
                torch.randn(pairs, d, generator=g),
                torch.randint(classes, (pairs,), generator=g),
                torch.randn(d, width, generator=g) / d**0.5,
                torch.randn(width, classes, generator=g) / width**0.5,
            )
        )
    x, y, w1, w2 = map(torch.stack, zip(*parts, strict=True))
    weights = [w1, torch.zeros(seeds, 1, width), w2]
    for w in weights:
        w.requires_grad_()
    optimizer = torch.optim.Adam(weights, 0.01)
    for _ in range(steps):
        h = x @ weights[0] + weights[1]
        logits = (h.relu() if active else h) @ weights[2]
        optimizer.zero_grad()
        cross_entropy(logits.flatten(0, 1), y.flatten()).backward()
        optimizer.step()
    return (logits.argmax(-1) == y).float().mean(1).tolist()


WIDTHS = [4, 8, 16, 32, 64, 128]


def experiment(off=False):
    shares = [_stored(width, active=not off) for width in WIDTHS]
    low, high = [min(s) for s in shares], [max(s) for s in shares]
    if off:
        assert max(high[2:]) - min(low[2:]) < 0.1 and high[-1] < 0.3, "without activation, width adds nothing"
        says = (
            f"Without the activation the share stays between {min(low[2:]):.0%} and {max(high[2:]):.0%} from width 16 to "
            f"{WIDTHS[-1]}: two linear maps in a row are one 16 × 16 matrix.",
            f"去掉激活函数后，宽度从 16 到 {WIDTHS[-1]}，比例一直在 {min(low[2:]):.0%} 与 {max(high[2:]):.0%} 之间："
            f"连续两个线性映射就是一个 16 × 16 矩阵。",
        )
    else:
        assert all(a < b for a, b in zip(high, low[1:], strict=False)), (
            "every doubling stores more, for every seed"
        )
        assert low[-1] > 0.9 and high[0] < 0.25
        says = (
            f"Of 1,024 random pairs width 4 gets {low[0]:.0%} to {high[0]:.0%} right (chance is 6%), width 32 "
            f"{low[3]:.0%} to {high[3]:.0%}, width 128 {low[-1]:.0%}; three seeds.",
            f"1,024 个随机对，宽度 4 记对 {low[0]:.0%} 到 {high[0]:.0%}（随机猜是 6%），宽度 32 记对 {low[3]:.0%} 到 "
            f"{high[3]:.0%}，宽度 128 是 {low[-1]:.0%}；三个种子。",
        )
    return {
        "says": says,
        "off": ("no activation between the two matrices", "两个矩阵之间不加激活函数"),
        "title": ("Random pairs learned by heart, by hidden width", "背下的随机对所占比例，随隐藏宽度变化"),
        "chart": "curves",
        "x": WIDTHS,
        "x_label": ("hidden width (d = 16)", "隐藏宽度（d = 16）"),
        "y_label": ("share right", "记对的比例"),
        "log_x": True,
        "series": [((f"seed {i}", f"种子 {i}"), [s[i] for s in shares]) for i in range(3)],
    }


def why_after_attention_evidence():
    import torch
    from torch import nn
    from torch.nn.functional import scaled_dot_product_attention

    with torch.random.fork_rng():
        torch.manual_seed(0)
        q, k, x, y = (torch.randn(1, 5, 8, dtype=torch.float64) for _ in range(4))
        w = torch.randn(8, 8, dtype=torch.float64)
        ffn = nn.Sequential(nn.Linear(8, 32), nn.GELU(), nn.Linear(32, 8)).double()
        plain = nn.Sequential(nn.Linear(8, 32), nn.Linear(32, 8)).double()  # as many weights, no activation

    def attention(tokens):  # for given weights, as a function of the tokens that are averaged
        return scaled_dot_product_attention(q, k, tokens @ w)

    def affine(f):
        return torch.allclose(f(2 * x - y), 2 * f(x) - f(y))

    needed = affine(attention) and not affine(ffn)
    weights_suffice = not affine(plain)
    slopes = torch.autograd.functional.jacobian(lambda t: ffn(t)[0, 0], x)
    sees_others = slopes[:, 0, 1:].abs().amax().item() > 0
    return [weights_suffice, None, needed, sees_others]


def memory_evidence():
    widths = [4, 16, 64, 128]
    shares = [sum(_stored(width, active=True)) / 3 for width in widths]
    rises = all(a < b for a, b in zip(shares, shares[1:], strict=False))
    return [
        max(shares) < 0.1,
        max(shares) - min(shares) < 0.05,
        rises and shares[0] < 0.25 and shares[-1] > 0.9,
        shares[-1] < shares[-2] - 0.01,
    ]


def gated_width_draw(rng):
    width = rng.choice([1024, 1280, 2048, 2560, 3584, 4096, 5120, 6656, 8192])  # 8d/3 is no multiple of 256
    exact = 8 * width / 3
    return {
        "width": width,
        "plain": 4 * width,
        "exact": round(exact, 1),
        "answer": -(-8 * width // 768) * 256,
        "half": 2 * width,
        "three": 3 * width,
    }


def gated_width_evidence(drawn):
    d = drawn["width"]
    target = 2 * d * 4 * d
    fitting = next(h for h in range(256, 4 * d + 1, 256) if 3 * d * h >= target)
    return [fitting == drawn[name] for name in ("answer", "plain", "half", "three")]


def ffn_bytes_draw(rng):
    layers, width, hidden = rng.choice(
        [
            (22, 2048, 5632),
            (32, 4096, 11008),
            (32, 4096, 14336),
            (40, 5120, 13824),
            (60, 6656, 17920),
            (80, 8192, 22016),
            (80, 8192, 28672),
        ]
    )
    gib = layers * 3 * width * hidden * 2 / 2**30
    attention = layers * 4 * width**2 * 2 / 2**30
    values = {"answer": gib, "two": gib * 2 / 3, "attention": attention, "single": 2 * gib}
    return {"layers": layers, "width": width, "hidden": hidden} | {n: round(v, 2) for n, v in values.items()}


def ffn_bytes_evidence(drawn):
    import torch
    from torch import nn

    d, h = drawn["width"], drawn["hidden"]
    layer = [
        nn.Linear(a, b, bias=False, dtype=torch.bfloat16, device="meta") for a, b in ((d, h), (d, h), (h, d))
    ]
    gib = drawn["layers"] * sum(matrix.weight.nbytes for matrix in layer) / 2**30
    return [abs(gib / drawn[name] - 1) < 0.01 for name in ("answer", "two", "attention", "single")]


def unfair_evidence():
    import torch
    from torch import nn
    from torch.nn.functional import gelu, silu

    d = 64
    plain = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))
    gated = [nn.Linear(a, b, bias=False) for a, b in ((d, 4 * d), (d, 4 * d), (4 * d, d))]
    plain_weights = sum(p.numel() for p in plain.parameters() if p.dim() == 2)
    gated_weights = sum(p.numel() for layer in gated for p in layer.parameters())
    biases = sum(p.numel() for p in plain.parameters() if p.dim() == 1)
    g = torch.Generator().manual_seed(0)
    a, b = (torch.randn(100_000, generator=g) for _ in range(2))
    smaller = (silu(a) * b).square().mean().item() < gelu(b).square().mean().item()
    x = torch.randn(1, 4, d, generator=g)
    y = x.clone()
    y[0, 1] += 1
    gate_sees_neighbour = (silu(gated[0](x)) - silu(gated[0](y)))[0, 0].abs().amax().item() > 0
    return [
        gated_weights == 1.5 * plain_weights,
        None if smaller else True,
        biases > 0.1 * plain_weights,
        gate_sees_neighbour,
    ]
