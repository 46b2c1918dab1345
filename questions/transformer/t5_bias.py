"""Experiment, draws and evidence for t5_bias.md."""


def _bucket(distance, buckets=32, most=128):
    """The causal bucket of each distance (a tensor, not negative)."""
    import torch

    exact = buckets // 2
    ratio = (distance.double().clamp(min=1) / exact).log() / torch.tensor(most / exact).double().log()
    return torch.where(distance < exact, distance, (exact + (ratio * exact).long()).clamp(max=buckets - 1))


def worked():
    from math import exp, floor, log

    import torch

    shares = [16 * log(n / 16) / log(128 / 16) for n in (20, 64)]
    found = _bucket(torch.tensor([20, 64, 5000])).tolist()
    assert found[:2] == [16 + floor(s) for s in shares] and found[2] == 31
    assert abs(exp(-1.386) - 0.25) < 1e-3
    return [f"16 + ⌊{s:.2f}⌋ = {b}" for s, b in zip(shares, found, strict=False)] + [
        f"{-log(4):.3f}".replace("-", "−"),
        "384",
    ]


def _train(buckets, most, seed, length=12, words=12, d=16, steps=250):
    """A causal layer with T5's bias, trained to name the token before each. Returns a function that says how often it
    is right at places 1 … 47, and the table of biases, (buckets, heads)."""
    import torch
    from torch.nn.functional import cross_entropy, scaled_dot_product_attention

    g = torch.Generator().manual_seed(seed)
    heads = 2

    def normal(*shape):
        return (torch.randn(*shape, generator=g) / shape[0] ** 0.5).requires_grad_()

    table, qkv, out, head = normal(words, d), normal(d, 3 * d), normal(d, d), normal(d, words)
    bias = torch.zeros(buckets, heads, requires_grad=True)

    def logits(tokens):
        n = tokens.shape[1]
        distance = torch.arange(n)[:, None] - torch.arange(n)
        added = bias[_bucket(distance.clamp(min=0), buckets, most)].permute(2, 0, 1)
        added = added.masked_fill(distance < 0, float("-inf"))
        x = d**0.5 * table[tokens]
        q, k, v = (x @ qkv).unflatten(-1, (3, heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = scaled_dot_product_attention(q, k, v, attn_mask=added)
        return (x + mixed.transpose(1, 2).flatten(2) @ out) @ head

    optimizer = torch.optim.Adam([table, qkv, out, head, bias], 0.02)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 0.02 * (1 - step / steps)
        tokens = torch.randint(words, (32, length), generator=g)
        loss = cross_entropy(logits(tokens)[:, 1:].flatten(0, 1), tokens[:, :-1].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    tokens = torch.randint(words, (256, 48), generator=g)

    @torch.no_grad()
    def right():
        return (logits(tokens)[:, 1:].argmax(-1) == tokens[:, :-1]).float().mean(0)

    return right, bias


def experiment(off=False):
    curves, untrained, mended = [], [], []
    for seed in range(3):
        right, bias = _train(*((8, 12) if off else (32, 128)), seed)
        curves.append(right())
        if not off:
            untrained.append(bias[12:].abs().max().item())
            bias.data[12:] = bias.data[11]  # distances that were never met get the value of the last that was
            mended.append(right())

    def far(curve):
        return curve[23:].mean().item()

    near = min(curve[:11].min().item() for curve in curves)
    assert near > 0.95, "within the trained length it is right"
    mean = [v.item() for v in sum(curves) / 3]
    series = [(("as trained", "训练后"), mean)]
    if off:
        assert min(map(far, curves)) > 0.65, "every bucket has been trained"
        says = (
            f"With 8 buckets up to distance 12 every bucket is met in training: {min(map(far, curves)):.0%} to "
            f"{max(map(far, curves)):.0%} right at places 24 to 47, four times the trained length; three seeds.",
            f"用 8 个桶、到距离 12 为止，每个桶都训练过：在位置 24 到 47（训练长度的四倍）上有 {min(map(far, curves)):.0%} 到 "
            f"{max(map(far, curves)):.0%} 正确；三个种子。",
        )
    else:
        assert max(untrained) == 0, "biases of distances that were never met have not moved"
        assert all(far(b) - far(a) > 0.2 for a, b in zip(curves, mended, strict=True)), (
            "and they are the reason"
        )
        series.append(
            (
                ("untrained biases set to the last trained", "未训练的偏置改成最后一个训练过的值"),
                [v.item() for v in sum(mended) / 3],
            )
        )
        says = (
            f"Right at places 24 to 47: {min(map(far, curves)):.0%} to {max(map(far, curves)):.0%} (at least {near:.0%} within "
            f"the trained 12). The biases of distances over 11 are exactly {max(untrained):.0f}; set to that of distance 11, "
            f"they give {min(map(far, mended)):.0%} to {max(map(far, mended)):.0%}. Three seeds.",
            f"位置 24 到 47 的正确率：{min(map(far, curves)):.0%} 到 {max(map(far, curves)):.0%}（训练过的 12 个位置内至少 "
            f"{near:.0%}）。距离超过 11 的偏置恰好是 {max(untrained):.0f}；改成距离 11 的值，就有 {min(map(far, mended)):.0%} 到 "
            f"{max(map(far, mended)):.0%}。三个种子。",
        )
    return {
        "says": says,
        "off": ("8 buckets, all reached in training", "8 个桶，训练时全都用到"),
        "title": ("Naming the token before; trained at 12 tokens", "说出前一个 token；训练长度为 12"),
        "chart": "curves",
        "x": list(range(1, 48)),
        "x_label": ("position", "位置"),
        "y_label": ("share right", "正确的比例"),
        "series": series,
    }


def where_evidence():
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    g = torch.Generator().manual_seed(0)
    q, k = (torch.randn(1, 6, 4, generator=g, dtype=torch.float64) for _ in range(2))
    distance = (torch.arange(6)[:, None] - torch.arange(6)).abs()
    bias = torch.randn(6, generator=g, dtype=torch.float64)[distance]
    plain = scaled_dot_product_attention(q, k, torch.eye(6, dtype=torch.float64)[None])
    weights = scaled_dot_product_attention(q, k, torch.eye(6, dtype=torch.float64)[None], attn_mask=bias)
    factor = plain * bias.exp()
    on_scores = torch.allclose(weights, factor / factor.sum(-1, keepdim=True)) and torch.allclose(
        weights.sum(-1), torch.ones(6).double()
    )
    on_weights = torch.allclose((plain + bias).sum(-1), torch.ones(6).double())
    # an output mixes keys at all six distances: no single one belongs to it
    one_distance = ((plain > 0.01).sum(-1) == 1).all().item()
    return [one_distance, on_scores, on_weights, None]


def bucket_draw(rng):
    from math import floor, log

    while True:
        buckets, most = rng.choice([(32, 128), (32, 256), (16, 128), (64, 512), (16, 64)])
        exact = buckets // 2
        n = rng.randint(exact + 2, most - 2)
        share = exact * log(n / exact) / log(most / exact)
        answer = exact + floor(share)
        linear = exact + floor(exact * (n - exact) / (most - exact))
        values = {"answer": answer, "last": buckets - 1, "linear": linear, "up": answer + 1}
        if len(set(values.values())) == 4 and 0.05 < share % 1 < 0.95:
            return {
                "buckets": buckets,
                "most": most,
                "exact": exact,
                "n": n,
                "share": round(share, 2),
            } | values


def bucket_evidence(drawn):
    import torch

    # the boundaries of the buckets one by one, as powers of the common ratio
    exact = drawn["exact"]
    ratio = (drawn["most"] / exact) ** (1 / exact)
    starts = torch.tensor([float(i) for i in range(exact)] + [exact * ratio**i for i in range(exact)])
    found = (starts <= drawn["n"]).sum().item() - 1
    return [found == drawn[name] for name in ("answer", "last", "linear", "up")]


def how_many_draw(rng):
    layers, heads, width = rng.choice(
        [(6, 8, 512), (12, 12, 768), (24, 16, 1024), (24, 32, 1024), (24, 128, 1024)]
    )
    one = 32 * heads
    return {
        "layers": layers,
        "heads": heads,
        "width": width,
        "answer": 2 * one,
        "each": 2 * layers * one,
        "one": one,
        "vectors": 2 * 32 * width,
    }


def how_many_evidence(drawn):
    from torch import nn

    class Stack(nn.Module):
        def __init__(self):
            super().__init__()
            self.bias = nn.Embedding(32, drawn["heads"], device="meta")
            self.layers = nn.ModuleList(nn.Module() for _ in range(drawn["layers"]))
            for layer in self.layers:
                layer.bias = self.bias  # the same table in each

    count = sum(p.numel() for p in nn.ModuleList([Stack(), Stack()]).parameters())
    return [count == drawn[name] for name in ("answer", "each", "one", "vectors")]


def why_ratios_evidence():
    import torch

    n = torch.arange(128)
    ratios, equal = _bucket(n), n * 32 // 128
    few_do = (
        ratios[:16].unique().numel() == 16
        and ratios.unique().numel() == 32
        and equal[:16].unique().numel() == 4
    )
    learned = _train(32, 128, seed=0)[1][:12].detach()  # by a head that needs the key one place back
    falls = bool((learned[1:] <= learned[:-1]).all())
    return [falls, few_do, None, None]


def unreached_evidence():
    scores = {}
    for kind in ((32, 128), (8, 12)):
        scores[kind] = [_train(*kind, seed)[0]()[23:].mean().item() for seed in (0, 1)]
    many, few = (sum(values) / 2 for values in scores.values())
    return [abs(many - few) < 0.1, many > 0.95, many < 0.15, few - many > 0.2 and 0.25 < many < 0.6]


def two_hundred_evidence():
    import torch

    far, near = torch.tensor([129, 200, 2000, 3999]), torch.tensor([20, 40, 60, 100])
    one_bucket = _bucket(far).unique().numel() == 1
    told_apart = _bucket(near).unique().numel() == 4
    weights = torch.zeros(4).softmax(-1)  # same content, same bias
    picks_one = weights.max().item() > 0.9
    return [one_bucket and told_apart, None, picks_one, False if told_apart else None]
