"""Runs the claims about shuffled inputs."""


def _layer(d=8, seed=0):
    import torch

    g = torch.Generator().manual_seed(seed)
    return torch.randn(3, d, d, generator=g, dtype=torch.float64) / d**0.5


def _attend(layer, x, causal=False, rotate=False):
    """Self-attention of one sequence: the outputs and the weights."""
    import torch

    q, k, v = (x @ w for w in layer)
    n, d = x.shape
    if rotate:
        angles = torch.arange(n, dtype=x.dtype)[:, None] * 0.5 ** torch.arange(d // 2, dtype=x.dtype)
        turn = torch.polar(torch.ones_like(angles), angles)
        q, k = (torch.view_as_real(torch.view_as_complex(t.view(n, -1, 2)) * turn).flatten(1) for t in (q, k))
    scores = q @ k.mT / d**0.5
    if causal:
        scores = scores.masked_fill(torch.ones(n, n, dtype=torch.bool).triu(1), float("-inf"))
    weights = scores.softmax(-1)
    return weights @ v, weights


def _tokens(n=6, d=8, seed=1):
    import torch

    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def shuffled_evidence():
    import torch

    x, layer = _tokens(), _layer()
    order = torch.tensor([2, 0, 1, 5, 3, 4])  # not its own inverse
    before, after = _attend(layer, x)[0], _attend(layer, x[order])[0]
    new = not any(torch.allclose(row, other) for row in after for other in before)
    opposite = torch.allclose(after, before[order.argsort()])
    return [torch.allclose(after, before), new, torch.allclose(after, before[order]), opposite]


def what_breaks_it_evidence():
    import torch
    from torch.nn.functional import layer_norm

    x, layer = _tokens(), _layer()
    order = torch.tensor([2, 0, 1, 5, 3, 4])
    up, down = _layer(seed=2)[:2]
    places = _tokens(seed=3)
    models = (
        lambda x: _attend(layer, x, causal=True)[0],
        lambda x: layer_norm(_attend(layer, x)[0], (8,)),
        lambda x: _attend(layer, x + places)[0],
        lambda x: (_attend(layer, x)[0] @ up).relu() @ down,
        lambda x: _attend(layer, x, rotate=True)[0],
    )
    return [not torch.allclose(model(x[order]), model(x)[order]) for model in models]


def bag_of_words_evidence():
    import torch

    layer = _layer()
    dog, bites, man = _tokens(3)
    one, weights = _attend(layer, torch.stack([dog, bites, man]))
    two, _ = _attend(layer, torch.stack([man, bites, dog]))
    same_vectors = torch.allclose(one, two.flip(0)) and torch.allclose(one.mean(0), two.mean(0))
    sorts = bool((weights.diff(dim=-1) >= 0).all() or (weights.diff(dim=-1) <= 0).all())
    return [
        torch.allclose(weights[0, 2], weights[2, 0]),
        torch.allclose(weights, torch.full_like(weights, 1 / 3)),
        sorts,
        same_vectors,
    ]


def no_order_evidence():
    import torch

    layer, n = _layer(), 6
    x, places = _tokens(n), _tokens(n, seed=3)
    order = torch.tensor([2, 0, 5, 1, 3, 4])

    def moves(causal=False, positions=False, padded=False):
        rest = torch.zeros(2, x.shape[1], dtype=x.dtype) if padded else x[:0]

        def predict(words):
            words = words + places if positions else words
            return _attend(layer, torch.cat([words, rest]), causal=causal)[0].mean(0)

        return not torch.allclose(predict(x), predict(x[order]))

    explains = not moves() and moves(positions=True)
    only_with_padding = not moves(padded=True) and moves()
    return [only_with_padding, explains, not moves(causal=True), None]


def worked():
    import torch

    shown = []
    for row in ([0.0, 1.0], [1.0, 0.0]):
        x = torch.tensor(row)
        out = (x[:, None] * x).softmax(-1) @ x
        shown.append("(" + ", ".join(f"{v:.3f}" for v in out.tolist()) + ")")
        shown.append(f"{out.mean().item():.3f}")
    return shown


def experiment():
    import torch

    n = 10
    x, layer, places = _tokens(n), _layer(), _tokens(n, seed=3)
    order = torch.randperm(n, generator=torch.Generator().manual_seed(4))
    models = {
        ("no positions, no mask", "无位置，无 mask"): lambda x: _attend(layer, x)[0],
        ("causal mask", "causal mask"): lambda x: _attend(layer, x, causal=True)[0],
        ("position embeddings", "位置编码"): lambda x: _attend(layer, x + places)[0],
        ("rotary positions", "旋转位置（RoPE）"): lambda x: _attend(layer, x, rotate=True)[0],
    }
    rows, figures = [], []
    for name, model in models.items():
        out, shuffled = model(x), model(x[order])
        change = (shuffled - out).abs().max().item()
        equivariant = (shuffled - out[order]).abs().max().item()
        pooled = (shuffled.mean(0) - out.mean(0)).abs().max().item()
        figures.append((change, equivariant, pooled))
        rows.append([name, f"{change:.1e}", f"{equivariant:.1e}", f"{pooled:.1e}"])
    (change, equivariant, pooled), *others = figures
    assert equivariant < 1e-12 and pooled < 1e-12, "without positions, shuffled in means shuffled out"
    assert change > 0.1, "the output does change: its rows are in another order"
    assert all(other[1] > 1e-2 for other in others), "a causal mask and positions break the equivariance"
    return {
        "says": (
            f"Shuffling {n} tokens changes the output by up to {change:.1f}, but shuffling the old output "
            f"the same way leaves a difference of {equivariant:.0e}. With a causal mask it is "
            f"{others[0][1]:.1f}: order has become visible.",
            f"打乱 {n} 个 token，输出最多变化 {change:.1f}；把原来的输出同样打乱后再比，只差 {equivariant:.0e}。"
            f"加了 causal mask 则差 {others[0][1]:.1f}：顺序变得可见了。",
        ),
        "title": ("Shuffled against unshuffled: largest difference", "打乱前后的最大差异"),
        "chart": "table",
        "columns": [
            ("model", "模型"),
            ("as it is", "直接比"),
            ("same shuffle", "同样打乱后比"),
            ("means", "平均值"),
        ],
        "rows": rows,
    }
