"""Experiment, draws and evidence for conv_1x1.md."""

KINDS = ("one", "two", "relu")


def _train(kind, seed, easy=False, steps=120):
    """Losses of a 1×1 head on all four kinds of pixel; the label is XOR (or OR if easy)."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits, conv2d

    g = torch.Generator().manual_seed(seed)
    x = torch.tensor([[[[0.0, 0.0], [1.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]]]])
    want = ((x[:, :1] + x[:, 1:]) > 0).float() if easy else (x[:, :1] != x[:, 1:]).float()
    shapes = [(1, 2, 1, 1)] if kind == "one" else [(16, 2, 1, 1), (1, 16, 1, 1)]
    learned = [torch.randn(s, generator=g) * s[1] ** -0.5 for s in shapes] + [
        torch.zeros(s[0]) for s in shapes
    ]
    for parameter in learned:
        parameter.requires_grad_()
    layers = len(shapes)
    adam = torch.optim.Adam(learned, 0.1, foreach=False)
    losses = []
    for _ in range(steps):
        h = x
        for i in range(layers):
            h = conv2d(h, learned[i], learned[layers + i])
            if kind == "relu" and i == 0:
                h = h.relu()
        loss = binary_cross_entropy_with_logits(h, want)
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    return losses


def experiment(off=False):
    runs = {kind: [_train(kind, seed, easy=off) for seed in range(3)] for kind in KINDS}
    ends = {kind: [run[-1] for run in rows] for kind, rows in runs.items()}
    if off:
        assert max(max(v) for v in ends.values()) < 0.3, "OR is linear: every head learns it"
    else:
        assert max(ends["relu"]) < 0.05, "a ReLU between makes an MLP, which learns XOR"
        assert min(ends["one"] + ends["two"]) > 0.69, "one matrix, or two that make one, cannot beat guessing"
    one, two, relu = (sum(ends[kind]) / 3 for kind in KINDS)
    label = ("OR", "或") if off else ("XOR", "异或")
    return {
        "off": ("the label is OR, which is linear", "标签改为“或”，线性可分"),
        "says": (
            f"Label {label[0]}, loss after 120 steps (mean of 3 seeds; guessing 0.693 for XOR): one 1×1 {one:.3f}, two in a "
            f"row {two:.3f}, two with a ReLU {relu:.3f}.",
            f"标签为{label[1]}，120 步后的 loss（3 个种子平均；异或随机猜为 0.693）：一个 1×1 {one:.3f}，两个直接相连 "
            f"{two:.3f}，中间加 ReLU {relu:.3f}。",
        ),
        "title": ("1×1 heads on each pixel", "逐像素的 1×1 输出层"),
        "chart": "curves",
        "x": list(range(1, 121)),
        "x_label": ("step", "步"),
        "y_label": "loss",
        "series": [
            (name, [sum(v) / 3 for v in zip(*runs[kind], strict=True)])
            for kind, name in zip(
                KINDS,
                (("one 1×1", "一个 1×1"), ("two in a row", "两个直接相连"), ("ReLU between", "中间加 ReLU")),
                strict=True,
            )
        ],
    }


def worked():
    import torch
    from torch import nn

    x = torch.tensor([1.0, 2, 3]).view(1, 3, 1, 1)
    w = torch.tensor([[1.0, 0, 1], [2, -1, 0]])
    y = nn.functional.conv2d(x, w[:, :, None, None]).flatten()
    assert torch.equal(y, nn.functional.linear(x.flatten(), w))
    full = nn.Conv2d(256, 256, 3, bias=False).weight.numel()
    parts = [
        nn.Conv2d(a, b, k, bias=False).weight.numel() for a, b, k in ((256, 64, 1), (64, 64, 3), (64, 256, 1))
    ]
    return [
        "(" + ", ".join(f"{v:.0f}" for v in y.tolist()) + ")",
        f"= {full}",
        " + ".join(map(str, parts)) + f" = {sum(parts)}",
        f"{full / sum(parts):.1f}",
        str(nn.Conv2d(256, 256, 1).weight.numel()),
    ]


def may_change_evidence():
    import torch
    from torch import nn

    x = torch.randn(1, 256, 6, 6, generator=torch.Generator().manual_seed(0))
    y = nn.Conv2d(256, 64, 1)(x)
    add = nn.functional.conv2d(x[:, :2], torch.ones(1, 2, 1, 1))
    adds = torch.allclose(add[:, 0], x[:, 0] + x[:, 1])
    probe = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(nn.Conv2d(256, 4, 1)(probe)[0, :, 3, 3].sum(), probe)
    seen = int((slope[0].abs().sum(0) > 0).sum())  # pixels that an output depends on
    return [y.shape[1] == 64, adds, y.shape[1] == x.shape[1], seen > 1, seen > 1, y.shape[2] == 3]


def bottleneck_draw(rng):
    c, m = rng.choice([(256, 64), (512, 128), (128, 32), (192, 48), (256, 48), (512, 96), (320, 80)])
    return {
        "c": c,
        "m": m,
        "answer": 2 * c * m + 9 * m * m,
        "full": 9 * c * c,
        "oneway": c * m + 9 * m * m,
        "no_nine": 2 * c * m + m * m,
    }


def bottleneck_evidence(drawn):
    from torch import nn

    c, m = drawn["c"], drawn["m"]
    block = nn.Sequential(nn.Conv2d(c, m, 1), nn.Conv2d(m, m, 3), nn.Conv2d(m, c, 1)).to("meta")
    size = sum(layer.weight.numel() for layer in block)
    return [size == drawn[name] for name in ("answer", "full", "oneway", "no_nine")]


def half_blind_evidence():
    import torch
    from torch import nn

    unread = {}
    for stride in (1, 2):
        path = nn.Sequential(nn.Conv2d(64, 128, 1, stride=stride, bias=False), nn.BatchNorm2d(128)).eval()
        for seed in range(3):
            x = torch.randn(1, 64, 8, 8, generator=torch.Generator().manual_seed(seed)).requires_grad_()
            (slope,) = torch.autograd.grad(path(x).square().sum(), x)
            unread.setdefault(stride, []).append((slope[0].abs().sum(0) == 0).float().mean().item())
    caused = all(v == 0.75 for v in unread[2]) and all(v == 0 for v in unread[1])
    # stride 1 has the same norm and as many channels, and no gap: neither of these is the cause
    return [None, any(v > 0 for v in unread[1]), caused, any(v > 0 for v in unread[1])]


def per_pixel_evidence():
    below = [all(_train(kind, seed)[-1] < 0.5 for seed in range(3)) for kind in KINDS]
    return [below == case for case in ([True] * 3, [False, True, True], [False, False, True], [False] * 3)]
