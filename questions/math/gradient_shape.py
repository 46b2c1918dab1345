"""Shapes of derivatives: entries by hand, sizes, and which steps of a derivation hold."""


def kind_evidence():
    import torch

    w = torch.tensor([0.3, -1.2, 0.7], dtype=torch.float64)

    def loss(w):
        return w.pow(3).sum() + w.prod()

    shape = tuple(torch.func.grad(loss)(w).shape)
    return [shape == (), shape == (3, 3), shape == tuple(w.shape), None]


def entry_draw(rng):
    while True:
        x = [rng.choice([-2, 1, 2, 3, 4]) for _ in range(3)]
        g = [rng.choice([-3, -2, 2, 3]) for _ in range(2)]
        w = [[rng.choice([-2, -1, 1, 2, 3]) for _ in range(3)] for _ in range(2)]
        row, column = rng.randint(1, 2), rng.randint(1, 3)
        i, j = row - 1, column - 1
        values = {
            "answer": g[i] * x[j],
            "input": w[0][j] * g[0] + w[1][j] * g[1],
            "only_x": x[j],
            "times_w": g[i] * x[j] * w[i][j],
        }
        if len(set(values.values())) == 4 and 0 not in values.values():
            named = {f"x{k + 1}": x[k] for k in range(3)} | {f"g{k + 1}": g[k] for k in range(2)}
            named |= {f"w{a + 1}{b + 1}": w[a][b] for a in range(2) for b in range(3)}
            return named | {"row": row, "column": column} | values


def entry_evidence(drawn):
    import torch

    w = torch.tensor([[float(drawn[f"w{a}{b}"]) for b in (1, 2, 3)] for a in (1, 2)], dtype=torch.float64)
    x = torch.tensor([float(drawn[f"x{k}"]) for k in (1, 2, 3)], dtype=torch.float64)
    g = torch.tensor([float(drawn["g1"]), float(drawn["g2"])], dtype=torch.float64)
    w.requires_grad_()
    (gradient,) = torch.autograd.grad(w @ x, w, g)
    found = gradient[drawn["row"] - 1, drawn["column"] - 1].item()
    return [abs(drawn[n] - found) < 1e-9 for n in ("answer", "input", "only_x", "times_w")]


def full_jacobian_draw(rng):
    d, tokens = 4096, rng.choice([16, 64, 128, 256, 512, 1024, 2048])
    values = {
        "answer": 2 * (tokens * d) ** 2 / 2**30,
        "blocks": 2 * tokens * d * d / 2**30,
        "output": 2 * tokens * d / 2**30,
        "fp32": 4 * (tokens * d) ** 2 / 2**30,
    }
    return {"d": d, "tokens": tokens} | {n: float(f"{v:.6g}") for n, v in values.items()}


def full_jacobian_evidence(drawn):
    """Jacobians of small layers are built in bf16 and measured; their bytes grow as (tokens·d)², without a rest."""
    import torch
    from torch.func import jacrev

    def size(tokens, d):
        g = torch.Generator().manual_seed(0)
        w = torch.randn(d, d, generator=g, dtype=torch.bfloat16)
        x = torch.randn(tokens, d, generator=g, dtype=torch.bfloat16)
        jacobian = jacrev(lambda x: (x @ w.T).relu())(x)
        return jacobian.numel() * jacobian.element_size()

    unit = size(2, 4) / (2 * 4) ** 2
    assert all(size(t, d) == unit * (t * d) ** 2 for t, d in ((2, 6), (3, 4), (5, 8)))
    total = unit * (drawn["tokens"] * drawn["d"]) ** 2 / 2**30
    return [abs(drawn[n] / total - 1) < 0.01 for n in ("answer", "blocks", "output", "fp32")]


def wrong_step_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    x, w, up = (torch.randn(s, generator=g, dtype=torch.float64) for s in ((5, 3), (4, 3), (5, 4)))
    w.requires_grad_()
    y = x @ w.T
    (gradient,) = torch.autograd.grad(y, w, up)
    step1 = torch.allclose(torch.einsum("bj,ij->bi", x, w), y)
    jacobian = torch.func.jacrev(lambda w: x @ w.T)(w.detach())  # (B, m, m, n)
    step2 = all(torch.allclose(jacobian[:, i, i], x) for i in range(4))
    step3 = torch.allclose(torch.einsum("bi,bj->ij", up, x), gradient)
    wrong = (x.T @ up).shape != gradient.shape
    assert torch.allclose(up.T @ x, gradient)
    return [not step1, not step2, not step3, step1 and step2 and step3 and wrong]


def why_vjp_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    x, up = torch.randn(6, generator=g, dtype=torch.float64), torch.randn(4, generator=g, dtype=torch.float64)
    w = torch.randn(4, 6, generator=g, dtype=torch.float64)

    def layer(x):
        return (w @ x).tanh()

    jacobian = torch.func.jacrev(layer)(x)
    dense = bool((torch.func.jacrev(lambda x: w @ x)(x) != 0).all())  # no zeros to skip
    rules = w.T @ (up * (1 - layer(x) ** 2))
    kept = []
    leaf = x.clone().requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.numel()) or t, lambda t: t):
        (gradient,) = torch.autograd.grad(((w * 1.0) @ leaf).tanh(), leaf, up)
    product = torch.allclose(jacobian.T @ up, gradient) and torch.allclose(rules, gradient)
    quotients = len(kept) == 0  # autograd goes by rules on what the forward pass kept
    return [not dense, product, None, quotients]


def no_scalar_evidence():
    import torch
    from torch.nn.functional import cross_entropy

    def gradient(backward):
        g = torch.Generator().manual_seed(0)
        logits = torch.randn(64, 5, generator=g, dtype=torch.float64).requires_grad_()
        y = torch.randint(5, (64,), generator=g)
        loss = cross_entropy(logits, y, reduction="none")
        try:
            backward(loss)
        except RuntimeError as error:
            assert "scalar outputs" in str(error)
            return None
        wanted = torch.autograd.grad(cross_entropy(logits, y), logits)[0]
        return torch.allclose(logits.grad, wanted)

    assert gradient(lambda loss: loss.backward()) is None
    ways = (
        lambda loss: loss.backward(torch.ones(64, dtype=torch.float64)),
        lambda loss: loss.mean().backward(),
        lambda loss: loss[0].backward(),
        lambda loss: loss.requires_grad_().backward(),
    )
    return [bool(gradient(way)) for way in ways]


def worked():
    import torch

    w = torch.tensor([[1.0, 2, 3], [4, 5, 6]], requires_grad=True)
    x = torch.tensor([1.0, 0, 2], requires_grad=True)
    to_w, to_x = torch.autograd.grad(w @ x, [w, x], torch.tensor([1.0, -1.0]))

    def shown(values):
        return "(" + ", ".join(f"{v:.0f}".replace("-0", "0").replace("-", "−") for v in values.tolist()) + ")"

    return [
        f"∂L/∂x = Wᵀg = {shown(to_x)}",
        shown(to_w[0]),
        shown(to_w[1]),
        f"{4 * (32 * 1000) ** 2 / 1e9:.0f} GB",
    ]


def jacobian_picture(seed, batch_norm):
    """|∂outputs/∂inputs| of a linear layer and a norm for 4 samples of 6 features, 24×24."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    norm = nn.BatchNorm1d(6) if batch_norm else nn.LayerNorm(6)
    layer = nn.Sequential(nn.Linear(6, 6), norm).double().train()
    x = torch.randn(4, 6, dtype=torch.float64)
    return torch.autograd.functional.jacobian(layer, x).reshape(24, 24).abs()


def outside(jacobian):
    """The largest entry in a block of two different samples, over the largest entry of all."""
    import torch

    sample = torch.arange(24) // 6
    return (jacobian * (sample[:, None] != sample)).max().item() / jacobian.max().item()


def coupled_evidence():
    largest = {kind: [outside(jacobian_picture(seed, kind)) for seed in range(3)] for kind in (False, True)}
    alone = {kind: max(values) < 1e-12 for kind, values in largest.items()}
    coupled = {kind: min(values) > 0.05 for kind, values in largest.items()}
    return [
        alone[False] and alone[True],
        alone[False] and coupled[True],
        coupled[False] and alone[True],
        coupled[False] and coupled[True],
    ]


def experiment(off=False):
    pictures = [jacobian_picture(seed, batch_norm=off) for seed in range(3)]
    across = [outside(jacobian) for jacobian in pictures]
    if off:
        assert min(across) > 0.05, "batch norm couples the samples"
        says = (
            f"With BatchNorm the blocks between different samples are not 0: their largest entry is {min(across):.0%} to {max(across):.0%} of "
            "the largest of all, in three seeds. A sample's output depends on its neighbours in the batch.",
            f"用 BatchNorm，不同样本之间的块不为 0：三个种子里，其中最大的元素是全体最大者的 {min(across):.0%} 到 {max(across):.0%}。"
            "一个样本的输出，取决于 batch 里的其他样本。",
        )
    else:
        assert max(across) < 1e-12, "a linear layer and layer norm treat each sample alone"
        says = (
            "Linear layer and LayerNorm: of 576 entries only the four diagonal blocks, 144, are not 0, in three seeds. "
            "Nobody computes this matrix in training; Jᵀg is all it takes.",
            "线性层加 LayerNorm：576 个元素里，只有四个对角块共 144 个不为 0，三个种子都如此。训练时没有人去算这个矩阵，只需要 Jᵀg。",
        )
    return {
        "says": says,
        "off": ("BatchNorm instead of LayerNorm", "用 BatchNorm 代替 LayerNorm"),
        "title": (
            "|Jacobian|, outputs by inputs, 4 samples of 6 features",
            "|Jacobian|，输出 × 输入，4 个样本各 6 个特征",
        ),
        "chart": "picture",
        "values": pictures[0].tolist(),
        "rows": [f"{n // 6 + 1}" if n % 6 == 0 else "" for n in range(24)],
        "low": 0,
    }
