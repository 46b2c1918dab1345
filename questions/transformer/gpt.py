"""Experiment, draws and evidence for gpt.md."""


def worked():
    import math

    from torch import nn

    layers, d, vocab, length = 12, 768, 50257, 1024
    block = nn.TransformerEncoderLayer(d, 12, 4 * d, device="meta")
    inside = layers * sum(p.numel() for p in block.parameters())
    matrices = layers * sum(p.numel() for p in block.parameters() if p.dim() > 1)
    total = inside + vocab * d + length * d + 2 * d
    return [
        f"{matrices:,}",
        f"{vocab * d:,}",
        f"{length * d:,}",
        f"{total:,}",
        f"{math.log(vocab):.2f}",
        f"{(2 * layers) ** -0.5:.3f}",
    ]


def _source(count, n, vocab, g):
    """Texts in which each symbol depends on the one before, and the entropy of a symbol given that one."""
    import torch

    odds = (1.5 * torch.randn(vocab, vocab, generator=g)).softmax(-1)
    x = torch.empty(count, n, dtype=torch.long)
    x[:, 0] = torch.randint(vocab, (count,), generator=g)
    for t in range(1, n):
        x[:, t] = torch.multinomial(odds[x[:, t - 1]], 1, generator=g)[:, 0]
    entropy = -(odds * odds.log()).sum(-1)
    return x, entropy[x[:, :-1]].mean().item()


def _small_gpt(causal, seed, steps=160, vocab=8, n=8, d=32, batch=32):
    """Training losses (means of 20 steps), the loss at generation, where no future is there, and the entropy."""
    import torch
    from torch import nn
    from torch.nn.functional import cross_entropy

    g = torch.Generator().manual_seed(seed)
    x, entropy = _source(batch * steps + 400, n + 1, vocab, g)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        embedding, head = nn.Embedding(vocab, d), nn.Linear(d, vocab)
        places = nn.Parameter(0.5 * torch.randn(n, d))
        block = nn.TransformerEncoderLayer(d, 4, 64, dropout=0.0, batch_first=True, norm_first=True)
    weights = [w for part in (embedding, head, block) for w in part.parameters()]
    optimizer = torch.optim.Adam([*weights, places], lr=5e-3)
    mask = torch.full((n, n), float("-inf")).triu(1) if causal else torch.zeros(n, n)

    def model(x):
        t = x.shape[1]
        return head(block(embedding(x) + places[:t], src_mask=mask[:t, :t]))

    losses = []
    for text in x[: batch * steps].split(batch):
        loss = cross_entropy(model(text[:, :-1]).flatten(0, 1), text[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        fresh = x[batch * steps :]
        later = [cross_entropy(model(fresh[:, :t])[:, -1], fresh[:, t]).item() for t in range(1, n + 1)]
    return [sum(losses[i : i + 20]) / 20 for i in range(0, steps, 20)], sum(later) / n, entropy


def experiment(off=False):
    import math

    steps, seeds = 160, range(3)
    runs = {causal: [_small_gpt(causal or off, seed, steps) for seed in seeds] for causal in (True, False)}
    curves = {
        causal: [sum(v) / 3 for v in zip(*(run[0] for run in found), strict=True)]
        for causal, found in runs.items()
    }
    later = {causal: sum(run[1] for run in found) / 3 for causal, found in runs.items()}
    entropy = sum(run[2] for run in runs[True]) / 3
    end = curves[False][-1]
    for curve, at_generation, floor in runs[True]:
        assert curve[-1] > floor - 0.1 and at_generation < floor + 0.2, "an honest model stays at the entropy"
    if off:
        assert abs(end - curves[True][-1]) < 0.1 and later[False] < entropy + 0.2, (
            "with a mask there is no leak"
        )
        says = (
            f"With the mask put back the training loss ends at {end:.2f}, near the entropy of {entropy:.2f}, and generating "
            f"costs {later[False]:.2f}: what was trained is what is used.",
            f"补上 mask 之后，训练 loss 停在 {end:.2f}，接近熵 {entropy:.2f}；生成时的 loss 是 {later[False]:.2f}，"
            f"训练的和使用的是一回事。",
        )
    else:
        for curve, at_generation, floor in runs[False]:
            assert curve[-1] < 0.5 * floor, "without a mask the loss falls below the entropy of the source"
            assert at_generation > math.log(8), "and generation is worse than guessing"
        says = (
            f"Without a mask the training loss falls to {end:.2f}, below the source's entropy of {entropy:.2f}: the answer "
            f"was in view. At generation the loss is {later[False]:.2f}, worse than guessing (2.08). With a mask: "
            f"{curves[True][-1]:.2f} and {later[True]:.2f} (means of 3 seeds).",
            f"没有 mask，训练 loss 降到 {end:.2f}，低于信源的熵 {entropy:.2f}：答案就在眼前。生成时的 loss 是 {later[False]:.2f}，"
            f"比瞎猜（2.08）还差。有 mask 时是 {curves[True][-1]:.2f} 和 {later[True]:.2f}（3 个种子的平均）。",
        )
    return {
        "says": says,
        "off": ("both models have the mask", "两个模型都有 mask"),
        "title": ("Training loss with and without the causal mask", "有无因果 mask 时的训练 loss"),
        "chart": "curves",
        "x": list(range(20, steps + 1, 20)),
        "x_label": ("step", "步数"),
        "y_label": ("loss", "loss"),
        "series": [
            (("with mask", "有 mask"), curves[True]),
            (("mask put back", "补上 mask") if off else ("without mask", "无 mask"), curves[False]),
            (("entropy of the source", "信源的熵"), [entropy] * (steps // 20)),
        ],
    }


def first_loss_draw(rng):
    import math

    vocab = rng.choice([256, 5000, 10000, 32000, 50257, 65536, 100277, 128256, 151936])
    return {
        "V": vocab,
        "answer": round(math.log(vocab), 3),
        "bits": round(math.log2(vocab), 3),
        "half": round(math.log(vocab) / 2, 3),
    }


def first_loss_evidence(drawn):
    import torch

    g = torch.Generator().manual_seed(0)
    logits = 0.05 * torch.randn(64, drawn["V"], generator=g)
    loss = torch.nn.functional.cross_entropy(logits, torch.randint(drawn["V"], (64,), generator=g)).item()
    return [abs(loss / value - 1) < 0.005 for value in (drawn["answer"], drawn["bits"], drawn["half"], 1)]


def no_mask_evidence():
    import math

    curve, later, entropy = _small_gpt(False, 5)
    at_floor, below = abs(curve[-1] - entropy) < 0.15, curve[-1] < 0.5 * entropy
    good, bad = abs(later - entropy) < 0.2, later > math.log(8)
    return [at_floor and good, at_floor and bad, below and good, below and bad]


def no_cross_evidence():
    import torch
    from torch import nn

    torch.manual_seed(0)
    n, source = 8, 4
    block = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True)
    mask = nn.Transformer.generate_square_subsequent_mask(n)
    x = torch.randn(1, n, 16)

    def moved(place):
        y = x.clone()
        y[0, place] += 1
        return (block(x, src_mask=mask) - block(y, src_mask=mask))[0].abs().amax(-1) > 1e-5

    reaches = all(bool(moved(place)[source:].all()) for place in range(source))
    leaks = any(bool(moved(place)[:source].any()) for place in range(source, n))
    return [reaches, None, None, leaks]


def residual_draw(rng):
    layers, s = rng.choice([6, 12, 16, 24, 36, 48]), rng.choice([0.2, 0.3, 0.4, 0.5])
    values = {
        "answer": (1 + 2 * layers * s * s) ** 0.5,
        "one": (1 + layers * s * s) ** 0.5,
        "linear": 1 + 2 * layers * s,
        "scaled": (1 + s * s) ** 0.5,
    }
    return {"L": layers, "s": s} | {name: round(value, 3) for name, value in values.items()}


def residual_evidence(drawn):
    import torch

    g = torch.Generator().manual_seed(0)
    stream = torch.randn(100_000, generator=g)
    for _ in range(2 * drawn["L"]):
        stream += drawn["s"] * torch.randn(100_000, generator=g)
    std = stream.std().item()
    return [abs(std / drawn[name] - 1) < 0.01 for name in ("answer", "one", "linear", "scaled")]


def step_zero_evidence():
    import torch
    from torch.nn.functional import cross_entropy, dropout, layer_norm

    g = torch.Generator().manual_seed(0)
    d, vocab, n = 768, 50257, 64
    table = 0.02 * torch.randn(vocab, d, generator=g)
    read, target = (torch.randint(vocab, (n,), generator=g) for _ in range(2))
    stream = table[read] + 0.06 * torch.randn(n, d, generator=g)  # with what the layers have added
    state, dropped = layer_norm(stream, (d,)), layer_norm(dropout(stream, 0.1), (d,))
    large = torch.randn(vocab, d, generator=g)
    logits = state @ large.T
    first, unshifted = cross_entropy(logits, target).item(), cross_entropy(logits, read).item()
    good = cross_entropy(state @ (0.02 * large).T, target).item()
    with_dropout = cross_entropy(dropped @ (0.02 * large).T, target).item()
    caused = 105 < first < 135 and abs(logits.std().item() - 28) < 1 and abs(good - 10.9) < 0.3
    return [None, with_dropout > 2 * good, caused, unshifted > 2 * first]
