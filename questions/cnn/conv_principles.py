"""Experiment, draws and evidence for conv_principles.md."""


def _changes(seed, strided=False, size=16):
    """Relative change of the pooled map when the image moves by one pixel, for each window."""
    import torch
    from torch.nn.functional import conv2d, max_pool2d, pad

    g = torch.Generator().manual_seed(seed)
    image = torch.randn(8, 1, size, size, generator=g, dtype=torch.float64)
    kernel = torch.randn(1, 1, 3, 3, generator=g, dtype=torch.float64)

    def pooled(x, k):
        x = conv2d(pad(x, (1, 1, 1, 1), mode="circular"), kernel)
        return x[..., ::k, ::k] if strided else max_pool2d(x, k)

    return [
        ((pooled(image.roll(1, -1), k) - (y := pooled(image, k))).norm() / y.norm()).item()
        for k in (1, 2, 4, 8, 16)
    ]


def experiment(off=False):
    runs = [_changes(seed, strided=off) for seed in range(5)]
    for run in runs:
        if off:
            assert min(run) > 0.5, "without a maximum over the window the change stays large"
        else:
            assert all(a > b for a, b in zip(run, run[1:], strict=False)), "a larger window changes less"
            assert run[0] > 0.5 and run[-1] == 0, "and the global maximum not at all"
    mean = [sum(column) / len(runs) for column in zip(*runs, strict=True)]
    shown = ", ".join(f"{v:.2f}" for v in mean)
    listed = "、".join(f"{v:.2f}" for v in mean)
    if off:
        says = (
            f"Every k-th value is kept, without a maximum. Change for k = 1, 2, 4, 8, 16 (mean of 5 seeds): "
            f"{shown}. It is the pooling that makes the map less sensitive, not the smaller size.",
            f"只隔 k 个取一个值，不取最大值。k = 1、2、4、8、16 时的变化（5 个种子平均）：{listed}。"
            "让输出不敏感的是汇聚，不是尺寸变小。",
        )
    else:
        says = (
            f"Relative change after a shift by one pixel, for k = 1, 2, 4, 8, 16 (mean of 5 seeds): {shown}. "
            "The convolution's own map changes greatly; the global maximum does not notice.",
            f"平移一个像素后的相对变化，k = 1、2、4、8、16（5 个种子平均）：{listed}。"
            "卷积输出的特征图变化很大，全局最大值完全不变。",
        )
    return {
        "off": ("a stride of k without a maximum", "只用步幅 k，不取最大值"),
        "says": says,
        "title": ("Change after a shift by one pixel", "平移一个像素后的变化"),
        "chart": "bars",
        "bars": [(f"k = {k}", v) for k, v in zip((1, 2, 4, 8, 16), mean, strict=True)],
        "unit": "",
        "log": False,
    }


def worked():
    import torch
    from torch.nn.functional import conv1d

    shown = [str((28 * 28) ** 2), str(28 * 28 * 9)]
    x = torch.tensor([[[0.0, 0, 3, 0, 0, 0]]])
    for signal in (x, x.roll(1, -1)):
        y = conv1d(signal, torch.tensor([[[1.0, 2.0]]]))
        shown.append("(" + ", ".join(f"{v:.0f}" for v in y.flatten().tolist()) + ")")
        assert y.max() == 6
    return shown


def weights_draw(rng):
    n, k = rng.choice([8, 10, 12, 16, 20, 28, 32]), rng.choice([3, 5, 7])
    return {"n": n, "k": k, "answer": k * k, "local": n * n * k * k, "dense": n**4, "pixels": n * n}


def weights_evidence(drawn):
    from torch import nn

    conv = nn.Conv2d(1, 1, drawn["k"], padding="same", bias=False)
    count = sum(p.numel() for p in conv.parameters())
    return [count == drawn[name] for name in ("answer", "local", "dense", "pixels")]


def invariance_evidence():
    import torch
    from torch.nn.functional import conv2d, pad

    same_map, moves, flat = [], [], []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        x = torch.randn(1, 1, 8, 8, generator=g, dtype=torch.float64)
        w = torch.randn(2, 1, 3, 3, generator=g, dtype=torch.float64)
        head = torch.randn(2 * 64, generator=g, dtype=torch.float64)

        def features(x, w=w):
            return conv2d(pad(x, (1, 1, 1, 1), mode="circular"), w).relu()

        a, b = features(x), features(x.roll(2, -1))
        same_map.append(torch.allclose(a, b))
        moves.append(torch.allclose(a.roll(2, -1), b) and torch.allclose(a.amax((2, 3)), b.amax((2, 3))))
        flat.append(abs((a.flatten() - b.flatten()) @ head).item() > 0.1)
    return [all(same_map), None, all(moves) and all(flat), None]


def shifted_evidence():
    runs = [_changes(seed) for seed in range(5)]
    falls = all(a > b for run in runs for a, b in zip(run, run[1:], strict=False))
    ends = all(run[-1] == 0 for run in runs)
    rises = all(a < b for run in runs for a, b in zip(run, run[1:], strict=False))
    return [max(map(max, runs)) == 0, falls and not ends, falls and ends, rises]


def aligned_evidence():
    import torch
    from torch.nn.functional import conv2d

    pooled_same, flat_same = [], []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        tick = torch.rand(4, 4, generator=g, dtype=torch.float64)
        left, right = torch.zeros(2, 1, 1, 14, 34, dtype=torch.float64)
        for image, inked in ((left, 6), (right, 24)):
            for start in (6, 24):
                image[0, 0, 5:9, start : start + 4] = 0.5  # both boxes, one of them ticked
            image[0, 0, 5:9, inked : inked + 4] += tick
        for k in (3, 5):  # a larger window, and many channels
            w = torch.randn(64, 1, k, k, generator=g, dtype=torch.float64)
            a, b = conv2d(left, w), conv2d(right, w)
            pooled_same.append(torch.allclose(a.amax((2, 3)), b.amax((2, 3))))
            flat_same.append(torch.allclose(a, b))
        w = torch.randn(64, 1, 5, 24, generator=g, dtype=torch.float64)  # reaches over both boxes
        a, b = (conv2d(x, w).amax((2, 3)) for x in (left, right))
        assert not torch.allclose(a, b)
    blind = all(pooled_same)
    return [not blind, None, blind and not any(flat_same), not blind]
