"""Experiment, draws and evidence for multi_channel.md."""


def _gaps(seed, one_channel=False, kernels=32):
    """Largest difference of the pooled features between class A and class B over all places: depthwise, full."""
    import torch
    from torch.nn.functional import conv2d

    g = torch.Generator().manual_seed(seed)
    places = [(r, c) for r in range(2, 7) for c in range(3, 6)]
    images = torch.zeros(2, len(places), 2, 9, 9, dtype=torch.float64)
    for side, step in enumerate((1, -1)):
        for i, (r, c) in enumerate(places):
            images[side, i, 0, r, c] = 1
            images[side, i, 0 if one_channel else 1, r, c + step] = 2
    found = []
    for groups, shape in ((2, (2 * kernels, 1, 3, 3)), (1, (2 * kernels, 2, 3, 3))):
        w = torch.randn(shape, generator=g, dtype=torch.float64)
        a, b = (conv2d(x, w, padding=1, groups=groups).relu().amax((2, 3)) for x in images)
        found.append((a - b).abs().max().item())
    return found


def experiment(off=False):
    runs = [_gaps(seed, one_channel=off) for seed in range(3)]
    for depthwise, full in runs:
        assert full > 0.5, "summing over channels, A and B differ"
        assert (depthwise > 0.5) if off else (depthwise == 0), (
            "filtered alone, they differ only within a channel"
        )
    depthwise, full = (sum(column) / 3 for column in zip(*runs, strict=True))
    if off:
        says = (
            f"Both spots lie in channel 0. Now the depthwise features differ as well: by up to {depthwise:.2f}, the full "
            f"ones by up to {full:.2f} (mean of 3 seeds).",
            f"两个亮点都在通道 0。这时深度卷积的特征也有差别：最大 {depthwise:.2f}，完整卷积最大 {full:.2f}（3 个种子平均）。",
        )
    else:
        says = (
            f"64 random kernels at 15 places. Depthwise, the features of A and B differ by {depthwise:.2f}: not at all. "
            f"Summed over channels, by up to {full:.2f} (mean of 3 seeds).",
            f"64 个随机核、15 个位置。深度卷积下，A 与 B 的特征相差 {depthwise:.2f}，毫无差别；对通道求和时，"
            f"最大相差 {full:.2f}（3 个种子平均）。",
        )
    return {
        "off": ("both spots in the same channel", "两个亮点放在同一个通道"),
        "says": says,
        "title": ("Largest difference of features, A against B", "A 与 B 特征的最大差别"),
        "chart": "bars",
        "bars": [(("depthwise", "深度卷积"), depthwise), (("full", "完整卷积"), full)],
        "unit": "",
        "log": False,
    }


def worked():
    import torch

    x = torch.tensor([[[1, 2], [3, 4]], [[0, 1], [2, 0]]]).double()
    w = torch.tensor([[[1, 0], [0, 1]], [[2, 1], [0, 3]]]).double()
    each = [int((a * b).sum()) for a, b in zip(x, w, strict=True)]
    total = torch.nn.functional.conv2d(x[None], w[None]).item()
    return [f"{each[0]} + {each[1]} = {total:.0f}"]


def value_draw(rng):
    while True:
        a, b, u, v = ([rng.randint(1, 5) for _ in range(2)] for _ in range(4))
        bias = rng.randint(1, 4)

        def dot(x, w):
            return x[0] * w[0] + x[1] * w[1]

        values = {
            "answer": dot(a, u) + dot(b, v) + bias,
            "twice": dot(a, u) + dot(b, v) + 2 * bias,
            "first": dot(a, u) + bias,
            "shared": dot(a, u) + dot(b, u) + bias,
        }
        if len(set(values.values())) == 4:
            drawn = {f"{n}{i}": x[i] for n, x in zip("abuv", (a, b, u, v), strict=True) for i in range(2)}
            return drawn | {"bias": bias} | values


def value_evidence(drawn):
    import torch

    def pair(one, other):
        return torch.tensor([[[[float(drawn[f"{n}{i}"]) for i in range(2)]] for n in (one, other)]])

    bias = torch.tensor([float(drawn["bias"])])
    y = torch.nn.functional.conv2d(pair("a", "b"), pair("u", "v"), bias).item()
    return [y == drawn[name] for name in ("answer", "twice", "first", "shared")]


def gray_evidence():
    import torch
    from torch.nn.functional import conv2d

    g = torch.Generator().manual_seed(0)
    w = torch.randn(64, 3, 7, 7, generator=g, dtype=torch.float64)
    x = torch.randn(1, 1, 12, 12, generator=g, dtype=torch.float64)
    want = conv2d(x.expand(1, 3, 12, 12), w)

    def equal(weight):
        return weight.shape == (64, 1, 7, 7) and torch.allclose(conv2d(x, weight), want)

    return [equal(v) for v in (w.mean(1, True), w.sum(1, True), w[:, 1:2], w.sum(0, True))]


def layout_evidence():
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(0)
    images = torch.randn(8, 3, 9, 9, generator=g)
    x = images.permute(0, 2, 3, 1).contiguous()  # as a reader delivers it
    layer = nn.Conv2d(3, 4, 7)
    try:
        layer(x)
    except RuntimeError as error:
        assert "to have 3 channels, but got 9 channels instead" in str(error)
    mended = [x.view(8, 3, 9, 9), x.permute(0, 3, 1, 2), x.transpose(1, 3)]
    assert all(v.shape == images.shape for v in mended)
    silent = nn.Conv2d(9, 4, 7, padding=3)(x)  # no error, and still the colours as the last axis
    right = silent.shape == nn.Conv2d(3, 4, 7, padding=3)(images).shape
    return [right] + [torch.equal(v, images) for v in mended]


def apart_evidence():
    runs = [_gaps(seed) for seed in range(3)]
    differ = tuple(all(run[i] > 0.5 for run in runs) for i in range(2))
    assert differ[0] or all(run[0] == 0 for run in runs)
    return [differ == pair for pair in ((True, True), (False, False), (False, True), (True, False))]
