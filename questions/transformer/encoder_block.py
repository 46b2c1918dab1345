"""Experiment, draws and evidence for encoder_block.md."""


def _signed(value):
    return f"{value:.3f}".replace("-", "−")


def worked():
    import torch
    from torch.nn.functional import layer_norm

    x = torch.tensor([1.0, 2.0, 3.0, 6.0], dtype=torch.float64)
    post, pre = layer_norm(x + 2 * x, (4,)), x + 2 * layer_norm(x, (4,))
    assert torch.allclose(post, layer_norm(x, (4,)), atol=1e-5)
    return [_signed(v.item()) for v in (post[3], pre.min(), pre.max())]


def _similarity(residual, seed, depth=12, width=64, length=16):
    """Mean cosine between two tokens after each of `depth` fresh post-norm blocks, and attention's mean entropy."""
    import torch
    from torch import nn
    from torch.nn.functional import layer_norm, normalize

    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        x = torch.randn(1, length, width)
        cosines, entropies = [], []
        for _ in range(depth):
            attention = nn.MultiheadAttention(width, 4, batch_first=True)
            ffn = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
            mixed, weights = attention(x, x, x, average_attn_weights=False)
            entropies.append(-(weights * weights.log()).sum(-1).mean().item())
            x = layer_norm(mixed + residual * x, (width,))
            x = layer_norm(ffn(x) + residual * x, (width,))
            u = normalize(x[0], dim=-1)
            cosines.append(((u @ u.T).sum() - length).item() / (length * (length - 1)))
    return cosines, sum(entropies) / depth


def experiment(off=False):
    from math import log

    depth, seeds = 12, range(3)
    runs = [_similarity(float(off), seed) for seed in seeds]
    curves, entropy = [run[0] for run in runs], min(run[1] for run in runs)
    last = [curve[-1] for curve in curves]
    assert entropy > 0.9 * log(16), "fresh attention is nearly uniform"
    if off:
        assert max(last) < 0.6, "with residuals the tokens stay different"
        says = (
            f"With the residual connections back, twelve fresh blocks leave the sixteen tokens distinct: mean cosine "
            f"{min(last):.2f} to {max(last):.2f} over three seeds, though attention is as uniform as before.",
            f"放回残差连接后，过了十二个刚初始化的模块，十六个 token 仍然各不相同：三个种子下，平均余弦为 "
            f"{min(last):.2f} 到 {max(last):.2f}，而注意力同样接近均匀。",
        )
    else:
        assert min(curve[2] for curve in curves) > 0.99, "three blocks make all tokens equal"
        says = (
            f"Without residual connections the sixteen tokens have a mean cosine of {min(c[0] for c in curves):.2f} to "
            f"{max(c[0] for c in curves):.2f} after one block and at least {min(c[2] for c in curves):.3f} after three. "
            f"Attention is nearly uniform: its entropy is {entropy:.2f} of at most {log(16):.2f}.",
            f"没有残差连接时，十六个 token 的平均余弦在一个模块之后是 {min(c[0] for c in curves):.2f} 到 "
            f"{max(c[0] for c in curves):.2f}，三个模块之后至少 {min(c[2] for c in curves):.3f}。注意力接近均匀："
            f"熵是 {entropy:.2f}，最大可能是 {log(16):.2f}。",
        )
    return {
        "says": says,
        "off": ("residual connections put back", "放回残差连接"),
        "title": ("How alike the tokens are, block by block", "各 token 有多相似，逐个模块"),
        "chart": "curves",
        "x": list(range(1, depth + 1)),
        "x_label": ("after block", "第几个模块之后"),
        "y_label": ("mean cosine", "平均余弦"),
        "series": [
            ((f"seed {seed}", f"种子 {seed}"), curve) for seed, curve in zip(seeds, curves, strict=True)
        ],
    }


def same_width_evidence():
    import torch
    from torch import nn
    from torch.nn.functional import layer_norm

    x = torch.randn(3, 8, generator=torch.Generator().manual_seed(0))
    heads_any = nn.Linear(8, 10)(x).shape == (3, 10)  # w_o may map the joined heads to another width
    norm_any = all(layer_norm(torch.ones(3, width), (width,)).shape == (3, width) for width in (8, 10))

    def adds(width):
        try:
            return (x + torch.zeros(3, width)).shape == x.shape
        except RuntimeError:
            return False

    return [None if heads_any else True, adds(8) and not adds(10) and not adds(6), None, not norm_any]


def collapse_evidence():
    without = [_similarity(0.0, seed)[0][-1] for seed in range(3)]
    return [
        all(abs(c) < 0.1 for c in without),
        all(c > 0.99 for c in without),
        all(0.1 < c < 0.6 for c in without),
        all(c < -0.9 for c in without),
    ]


def pre_or_post_draw(rng):
    while True:
        x, k = [rng.randint(-6, 9) for _ in range(4)], rng.randint(2, 5)
        mean = sum(x) / 4
        std = (sum(v * v for v in x) / 4 - mean**2) ** 0.5
        if len(set(x)) < 4 or not x[0] or abs(x[0] - mean) < 0.5:
            continue
        normed = (x[0] - mean) / std
        values = {
            "answer": x[0] + k * normed,
            "normed": normed,
            "branch": k * normed,
            "inner": (1 + k) * normed,
        }
        numbers = list(values.values())
        if (
            min(abs(a - b) for i, a in enumerate(numbers) for b in numbers[:i])
            > 0.05
            < min(map(abs, numbers))
        ):
            return (
                dict(zip("abce", x, strict=True))
                | {"k": k}
                | {n: float(f"{v:.3g}") for n, v in values.items()}
            )


def pre_or_post_evidence(drawn):
    import torch
    from torch import nn

    x = torch.tensor([[[float(drawn[name]) for name in "abce"]]])
    layer = nn.TransformerEncoderLayer(4, 1, 4, dropout=0.0, batch_first=True, norm_first=True).train()
    layer._ff_block = lambda h: drawn["k"] * h
    layer._sa_block = lambda h, *args, **kwargs: torch.zeros_like(h)  # the other sub-layer adds nothing
    first = layer(x)[0, 0, 0].item()
    names = ("answer", "normed", "branch", "inner")
    return [abs(first - drawn[name]) < 0.006 * abs(first) for name in names]


def too_good_evidence():
    """A tiny model of encoder blocks on uniformly random tokens: no honest model can beat ln V."""
    from math import log

    import torch
    from torch import nn
    from torch.nn.functional import cross_entropy

    vocabulary, length, width = 8, 8, 32

    def loss_of(masked, drop):
        torch.manual_seed(0)
        token, place = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        block = nn.TransformerEncoderLayer(width, 2, 64, dropout=drop, batch_first=True)
        head = nn.Linear(width, vocabulary)
        weights = [p for layer in (token, place, block, head) for p in layer.parameters()]
        optimizer = torch.optim.Adam(weights, 5e-3)
        mask = nn.Transformer.generate_square_subsequent_mask(length) if masked else None
        recent = []
        for _ in range(150):
            tokens = torch.randint(
                vocabulary, (32, length + 1)
            )  # fresh ones: nothing can be learned by heart
            logits = head(block(token(tokens[:, :-1]) + place.weight, mask))[:, :-1]
            loss = cross_entropy(logits.flatten(0, 1), tokens[:, 1:-1].flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            recent.append(loss.item())
        return sum(recent[-10:]) / 10

    with torch.random.fork_rng():
        leaking, honest = loss_of(False, 0.0), loss_of(True, 0.0)
    floor = log(vocabulary)
    # the masked model has the same residual and data: neither makes its loss too good
    return [None, leaking < 0.5 * floor < 0.95 * floor < honest, honest < 0.9 * floor, None]
