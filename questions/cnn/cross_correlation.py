"""Experiment, draws and evidence for cross_correlation.md."""


def _fit(seed, symmetric=False, steps=150):
    """(kernel of the targets, kernel learned, losses) when conv2d is fitted to a true convolution."""
    import torch
    from torch.nn.functional import conv2d

    g = torch.Generator().manual_seed(seed)
    made = torch.randn(1, 1, 3, 3, generator=g)
    if symmetric:
        made = (made + made.flip(2, 3)) / 2
    x = torch.randn(4, 1, 10, 10, generator=g)
    target = conv2d(x, made.flip(2, 3))
    w = torch.zeros(1, 1, 3, 3, requires_grad=True)
    losses = []
    for _ in range(steps):
        loss = (conv2d(x, w) - target).square().mean()
        (slope,) = torch.autograd.grad(loss, w)
        with torch.no_grad():
            w -= 0.2 * slope
        losses.append(loss.item())
    return made[0, 0], w.detach()[0, 0], losses


def experiment(off=False):
    import torch

    runs = [_fit(seed, symmetric=off) for seed in range(3)]
    for made, learned, losses in runs:
        assert losses[-1] < 1e-4 * losses[0], "the fit is exact"
        assert torch.allclose(learned, made.flip(0, 1), atol=0.02), "with the kernel turned by 180°"
        assert torch.allclose(learned, made, atol=0.02) == off, "which is the kernel itself if symmetric"
    made, learned, _ = runs[0]
    worst = max(losses[-1] for *_, losses in runs)
    same = max((a - b.flip(0, 1)).abs().max().item() for a, b, _ in runs)
    plain = min((a - b).abs().max().item() for a, b, _ in runs)
    if off:
        says = (
            f"The kernels are symmetric under a turn by 180°. Final loss at most {worst:.0e} (3 seeds), and the learned "
            "kernel is the one that made the targets: nothing shows that there was a flip.",
            f"核在旋转 180° 下不变。最终 loss 不超过 {worst:.0e}（3 个种子），学到的就是产生目标的核：看不出有过翻转。",
        )
    else:
        says = (
            f"Final loss at most {worst:.0e} (3 seeds). The learned kernel differs from the turned one by at most "
            f"{same:.3f} per weight, from the original by {plain:.2f} or more somewhere.",
            f"最终 loss 不超过 {worst:.0e}（3 个种子）。学到的核与旋转 180° 的核，各权重最多相差 {same:.3f}；"
            f"与原来的核至少有一处相差 {plain:.2f} 以上。",
        )
    span = max(made.abs().max().item(), learned.abs().max().item())
    box = {"chart": "picture", "low": -span, "high": span}
    return {
        "off": ("a kernel that looks the same turned by 180°", "旋转 180° 不变的核"),
        "says": says,
        "charts": [
            {**box, "title": ("Kernel of the targets", "产生目标的核"), "values": made.tolist()},
            {**box, "title": ("Kernel that conv2d learned", "conv2d 学到的核"), "values": learned.tolist()},
        ],
    }


def worked():
    import torch
    from torch.nn.functional import conv1d, conv2d

    x, w = torch.tensor([[[1.0, 2, 3, 4]]]), torch.tensor([[[1.0, 0, 2]]])
    shown = []
    for kernel in (w, w.flip(-1)):
        shown.append("(" + ", ".join(f"{v:.0f}" for v in conv1d(x, kernel).flatten().tolist()) + ")")
    image = torch.tensor([[[[1.0, 2, 0], [0, 1, 3], [2, 0, 1]]]])
    y = conv2d(image, torch.tensor([[[[1.0, 2], [0, -1]]]]))[0, 0].int().tolist()
    shown.append(f"y: {y[0][0]} {y[0][1]}")
    shown.append(f"{y[1][0]}  {y[1][1]}")
    return shown


def value_draw(rng):
    while True:
        x, w = [rng.randint(1, 6) for _ in range(4)], [rng.randint(1, 5) for _ in range(3)]
        values = {
            "answer": w[0] * x[0] + w[1] * x[1] + w[2] * x[2],
            "flipped": w[2] * x[0] + w[1] * x[1] + w[0] * x[2],
            "second": w[0] * x[1] + w[1] * x[2] + w[2] * x[3],
            "padded": w[1] * x[0] + w[2] * x[1],
        }
        if len(set(values.values())) == 4:
            return (
                {f"x{i}": v for i, v in enumerate(x)} | {f"w{i}": v for i, v in enumerate(w)} | dict(values)
            )


def value_evidence(drawn):
    import torch

    x = torch.tensor([[[float(drawn[f"x{i}"]) for i in range(4)]]])
    w = torch.tensor([[[float(drawn[f"w{i}"]) for i in range(3)]]])
    first = torch.nn.functional.conv1d(x, w)[0, 0, 0].item()
    return [first == drawn[name] for name in ("answer", "flipped", "second", "padded")]


def harmless_evidence():
    import torch
    from torch.nn.functional import conv2d

    symmetric, matched = [], []
    for seed in range(3):
        made, learned, losses = _fit(seed)
        symmetric.append(torch.allclose(learned, learned.flip(0, 1), atol=0.1))
        x = torch.randn(1, 1, 9, 9, generator=torch.Generator().manual_seed(90 + seed))
        one, other = conv2d(x, learned[None, None]), conv2d(x, made.flip(0, 1)[None, None])
        matched.append(losses[-1] < 1e-4 * losses[0] and torch.allclose(one, other, atol=0.05))
    return [all(symmetric), all(matched), None, None]


def ported_evidence():
    import torch
    from torch.nn.functional import conv2d

    kernels = [
        torch.tensor(rows, dtype=torch.float64)
        for rows in (
            [[1, 2, 1], [2, 4, 2], [1, 2, 1]],
            [[1, 0, -1], [2, 0, -2], [1, 0, -1]],
            [[1, 2, 1], [0, 0, 0], [-1, -2, -1]],
            [[3, 1, 0], [1, 0, 0], [0, 2, -1]],
        )
    ]
    x = torch.randn(1, 1, 7, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def convolved(k):  # by the definition: x at (i − a, j − b)
        y = torch.zeros(5, 5, dtype=torch.float64)
        for a in range(3):
            for b in range(3):
                y += k[a, b] * x[0, 0, 2 - a : 7 - a, 2 - b : 7 - b]
        return y

    def mended(change):
        return all(torch.allclose(conv2d(x, change(k)[None, None])[0, 0], convolved(k)) for k in kernels)

    def symptoms(change):  # what torch shows where its kernel is the changed one
        turned = [change(k) for k in kernels]
        signs = [torch.equal(turned[i], -kernels[i]) for i in (1, 2)]
        return torch.equal(turned[0], kernels[0]) and all(signs) and not torch.equal(turned[3], -kernels[3])

    blur, across, down, _ = (conv2d(x, k[None, None])[0, 0] for k in kernels)
    assert torch.allclose(blur, convolved(kernels[0]))
    assert torch.allclose(across, -convolved(kernels[1])) and torch.allclose(down, -convolved(kernels[2]))
    # of all turns and mirrors only the one by 180° explains what is seen
    moves = [lambda k: k.flip(0, 1), lambda k: k.flip(0), lambda k: k.flip(1), lambda k: k.T]
    moves += [lambda k: k.flip(0, 1).T, lambda k: k.rot90(), lambda k: k.rot90(3), lambda k: k]
    assert [symptoms(move) for move in moves] == [True] + [False] * 7
    return [
        mended(lambda k: -k),
        mended(lambda k: k),
        mended(lambda k: k.flip(1)),
        mended(lambda k: k.flip(0, 1)),
    ]


def learned_evidence():
    import torch

    found = []
    for seed in range(3):
        made, learned, losses = _fit(seed)
        exact = losses[-1] < 1e-4 * losses[0]
        close = [torch.allclose(learned, k, atol=0.02) for k in (made, made.flip(0, 1), made.T)]
        found.append([exact and close[0], exact and close[1], not exact, exact and close[2]])
    return [all(column) for column in zip(*found, strict=True)]
