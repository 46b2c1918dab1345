"""Experiment, draws and evidence for alibi.md."""


def worked():
    from math import log

    import torch

    weights = (-0.5 * torch.tensor([3.0, 2.0, 1.0, 0.0])).softmax(-1)
    total = torch.tensor([-1.5, -1.0, -0.5, 0.0]).exp().sum().item()
    return [
        f"{total:.3f}",
        *(f"{w:.3f}" for w in weights.tolist()),
        f"{log(2) / 0.5:.1f}",
        f"{log(2) * 256:.0f}",
        f"{5000 / 256:.1f}",
    ]


def _texts(count, length, g, kinds=4):
    """The current topic's token half of the time, else any of four; a new topic about every 32 tokens."""
    import torch

    drawn = torch.rand(count, length, generator=g) < 1 / 24  # one draw in four is the old topic again
    drawn[:, 0] = True
    last = torch.where(drawn, torch.arange(length), 0).cummax(1).values
    topics = torch.randint(kinds, (count, length), generator=g).gather(1, last)
    noise = torch.randint(kinds, (count, length), generator=g)
    return torch.where(torch.rand(count, length, generator=g) < 0.5, topics, noise)


def _losses(kind, seed, length=16, test=64, d=16, heads=4, steps=170):
    """Trains one causal block at `length` tokens; returns its loss at each of `test` positions of new texts."""
    import torch
    from torch.nn.functional import cross_entropy, rms_norm, scaled_dot_product_attention

    g = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return (torch.randn(*shape, generator=g) / shape[0] ** 0.5).requires_grad_()

    weights = normal(4, d), normal(d, 3 * d), normal(d, d), normal(d, 2 * d), normal(2 * d, d), normal(d, 4)
    table, qkv, out, up, down, head = weights
    slopes = torch.tensor([2.0 ** (-8 * h / heads) for h in range(1, heads + 1)])[:, None, None]
    angles = torch.arange(test)[:, None] / 10000 ** (torch.arange(0, d, 2) / d)
    places = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)

    def logits(tokens):
        n = tokens.shape[1]
        distance = torch.arange(n)[:, None] - torch.arange(n)
        bias = -slopes * distance if kind == "alibi" else torch.zeros(heads, n, n)
        x = d**0.5 * table[tokens] + (places[:n] if kind == "sinusoids" else 0)
        q, k, v = (rms_norm(x, (d,)) @ qkv).unflatten(-1, (3, heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = scaled_dot_product_attention(q, k, v, attn_mask=bias.masked_fill(distance < 0, float("-inf")))
        x = x + mixed.transpose(1, 2).flatten(2) @ out
        x = x + (rms_norm(x, (d,)) @ up).relu() @ down
        return rms_norm(x, (d,)) @ head

    def loss(tokens, reduction="mean"):
        return cross_entropy(
            logits(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten(), reduction=reduction
        )

    optimizer = torch.optim.Adam(weights, 0.02)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 0.02 * (1 - step / steps)
        optimizer.zero_grad()
        loss(_texts(32, length + 1, g)).backward()
        optimizer.step()
    with torch.no_grad():
        tokens = _texts(600, test + 1, torch.Generator().manual_seed(99))
        return loss(tokens, "none").view(600, test).mean(0)


def _rise(losses):
    return (losses[32:].mean() - losses[8:16].mean()).item()


def experiment(off=False):
    first = "none" if off else "alibi"
    runs = {kind: [_losses(kind, seed) for seed in range(3)] for kind in (first, "sinusoids")}
    mine, theirs = ([_rise(run) for run in runs[kind]] for kind in (first, "sinusoids"))
    assert min(theirs) > 0.05, "with sinusoids the loss rises past the trained length"
    if off:
        assert min(mine) > 0.035, "with slopes 0 it rises as well"
        says = (
            f"With all slopes 0 the loss rises by {min(mine):.3f} to {max(mine):.3f} from positions 8–15 to 32–63: old topics "
            f"count as much as the present one. With sinusoids by {min(theirs):.3f} to {max(theirs):.3f}; three seeds.",
            f"斜率全为 0 时，从位置 8–15 到 32–63，loss 上升 {min(mine):.3f} 到 {max(mine):.3f}：旧主题与当前主题同样算数。"
            f"正弦编码上升 {min(theirs):.3f} 到 {max(theirs):.3f}；三个种子。",
        )
    else:
        assert max(mine) < 0.035 < min(theirs) - 0.015, "ALiBi keeps its loss"
        says = (
            f"Trained at 16 tokens: from positions 8–15 to 32–63 the loss changes by {min(mine):+.3f} to {max(mine):+.3f} with "
            f"ALiBi and by {min(theirs):+.3f} to {max(theirs):+.3f} with sinusoids; three seeds.",
            f"用 16 个 token 训练：从位置 8–15 到 32–63，ALiBi 的 loss 变化 {min(mine):+.3f} 到 {max(mine):+.3f}，正弦编码变化 "
            f"{min(theirs):+.3f} 到 {max(theirs):+.3f}；三个种子。",
        )

    def smooth(kind):
        mean = sum(runs[kind]) / 3
        return mean.unflatten(0, (-1, 4)).mean(1).tolist()

    name = ("slopes 0", "斜率全为 0") if off else "ALiBi"
    return {
        "says": says,
        "off": ("all slopes set to 0", "斜率全部设为 0"),
        "title": ("Loss by position; trained at 16 tokens", "各位置的 loss；训练长度为 16"),
        "chart": "curves",
        "x": list(range(2, 64, 4)),
        "x_label": ("position", "位置"),
        "y_label": ("loss", "loss"),
        "series": [(name, smooth(first)), (("sinusoids", "正弦编码"), smooth("sinusoids"))],
    }


def slope_draw(rng):
    while True:
        heads = rng.choice([4, 16, 32])
        h = rng.randint(2, min(heads, 12))
        values = [2 ** (-8 * h / heads), 2.0**-h, 2 ** (-8 * (h - 1) / heads), h / heads]
        if min(abs(a / b - 1) for i, a in enumerate(values) for b in values[:i]) > 0.03:
            shown = (float(f"{v:.4g}") for v in values)
            names = ("answer", "plain", "shifted", "linear")
            return {"heads": heads, "h": h, "exponent": round(8 * h / heads, 2)} | dict(
                zip(names, shown, strict=True)
            )


def slope_evidence(drawn):
    ratio = 0.5 ** (8 / drawn["heads"])
    slopes = [ratio]
    while len(slopes) < drawn["heads"]:  # a geometric sequence whose first term is its ratio
        slopes.append(slopes[-1] * ratio)
    assert abs(slopes[-1] - 1 / 256) < 1e-12
    mine = slopes[drawn["h"] - 1]
    return [abs(mine / drawn[name] - 1) < 0.01 for name in ("answer", "plain", "shifted", "linear")]


def where_evidence():
    import torch

    n, d, m = 6, 16, 0.25
    g = torch.Generator().manual_seed(0)
    q = torch.randn(d, generator=g, dtype=torch.float64)
    k = torch.randn(d, generator=g, dtype=torch.float64).expand(n, d)  # equal contents
    distance = torch.arange(n - 1, -1, -1, dtype=torch.float64)
    raw = k @ q

    def fits(weights):
        ratios = weights[1:] / weights[:-1]
        one = torch.tensor(1.0, dtype=torch.float64)
        return torch.allclose(ratios, (m * one).exp().expand(n - 1)) and torch.allclose(weights.sum(), one)

    return [
        fits(((raw - m * distance) / d**0.5).softmax(-1)),
        fits((raw / d**0.5 - m * distance).softmax(-1)),
        fits((raw / d**0.5).softmax(-1) * (-m * distance).exp()),
        fits((raw / d**0.5).softmax(-1)),  # nothing has been done to the weights
    ]


def ratio_draw(rng):
    from math import exp

    while True:
        inverse, near = rng.choice([4, 8, 16, 32, 64]), rng.randint(0, 20)
        far, advantage = near + inverse * rng.randint(1, 3), rng.choice([0.5, 1.0, 1.5, 2.0])
        gap = (far - near) / inverse
        values = [exp(gap - advantage), exp(gap), exp(advantage - gap), exp(gap + advantage)]
        if min(abs(a / b - 1) for i, a in enumerate(values) for b in values[:i]) > 0.05:
            shown = (float(f"{v:.4g}") for v in values)
            fixed = {
                "inverse": inverse,
                "near": near,
                "far": far,
                "advantage": advantage,
                "difference": gap - advantage,
            }
            return fixed | dict(zip(("answer", "content", "upside", "both"), shown, strict=True))


def ratio_evidence(drawn):
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    n = drawn["far"] + 1
    content = torch.zeros(n, dtype=torch.float64)
    content[0] = drawn["advantage"]  # B, the key furthest back
    q, k = torch.ones(1, 1, 1, dtype=torch.float64), content[None, :, None]
    penalty = -torch.arange(n - 1, -1, -1, dtype=torch.float64)[None, None] / drawn["inverse"]
    weights = scaled_dot_product_attention(q, k, torch.eye(n, dtype=torch.float64)[None], attn_mask=penalty)[
        0, 0
    ]
    ratio = (weights[n - 1 - drawn["near"]] / weights[0]).item()
    return [abs(ratio / drawn[name] - 1) < 0.01 for name in ("answer", "content", "upside", "both")]


def why_longer_evidence():
    import torch

    # of the weight of a row with random contents, how much goes to keys that training at 256 tokens never met?
    g = torch.Generator().manual_seed(0)
    scores, distance = torch.randn(200, 1024, generator=g), torch.arange(1024)
    with_penalty = (scores - distance / 16).softmax(-1)[:, 256:]
    without = scores.softmax(-1)[:, 256:]
    quiet = with_penalty.sum(1).max().item() < 1e-3 and without.sum(1).min().item() > 0.5
    exactly_zero = with_penalty.max().item() == 0
    return [None, None, quiet, exactly_zero]


def four_times_evidence():
    alibi, sinusoids, none = (_rise(_losses(kind, 3, steps=120)) for kind in ("alibi", "sinusoids", "none"))
    flat = abs(alibi) < 0.035
    return [
        max(alibi, sinusoids, none) < 0,
        flat and sinusoids > 0.04 and none > 0.04,
        flat and abs(none) < 0.03 and sinusoids > 0.04,
        flat and abs(sinusoids) < 0.03 and none > 0.04,
    ]


def needle_draw(rng):
    from math import log

    heads, length = rng.choice([8, 16, 32]), rng.choice([4096, 8192, 16384])
    distance = 128 * rng.randint(length // 512, length // 160)
    values = {
        "answer": distance / 256,
        "steepest": distance * 2 ** (-8 / heads),
        "heads_mean": distance / heads,
        "log": log(distance),
    }
    if min(abs(values["answer"] / v - 1) for n, v in values.items() if n != "answer") < 0.05:
        return needle_draw(rng)
    return {"heads": heads, "length": length, "distance": distance} | {
        n: round(v, 2) for n, v in values.items()
    }


def needle_evidence(drawn):
    import torch

    flattest = min(2.0 ** (-8 * h / drawn["heads"]) for h in range(1, drawn["heads"] + 1))
    found = []
    for name in ("answer", "steepest", "heads_mean", "log"):
        scores = torch.tensor([drawn[name] - flattest * drawn["distance"], 0.0], dtype=torch.float64)
        weights = scores.softmax(-1)
        found.append(abs((weights[0] / weights[1]).log().item()) < 0.01 * drawn["answer"])
    return found
