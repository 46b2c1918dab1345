"""Experiment, draws and evidence for pooling.md."""


def _gradients(seed, kind):
    """The gradient at a random 16×16 map after three 2×2 pools, from the sum of the outputs."""
    import torch
    from torch.nn.functional import avg_pool2d, max_pool2d

    x = torch.randn(1, 1, 16, 16, generator=torch.Generator().manual_seed(seed)).requires_grad_()
    y = x
    for _ in range(3):
        y = (max_pool2d if kind == "max" else avg_pool2d)(y, 2)
    return torch.autograd.grad(y.sum(), x)[0][0, 0]


def _reached(kind):
    return [int((_gradients(seed, kind) != 0).sum()) for seed in range(3)]


def experiment():
    for seed in range(3):
        largest, mean = _gradients(seed, "max"), _gradients(seed, "mean")
        assert int((largest != 0).sum()) == 4, "one winner an output"
        assert (mean == 1 / 64).all(), "the mean gives every pixel the same share"
        assert largest.sum() == mean.sum() == 4, "and both pass on the same total"
    big, small = _gradients(0, "max"), _gradients(0, "mean")
    count = [int((v != 0).sum()) for v in (big, small)]
    return {
        "says": (
            f"Pixels with a gradient (the same with 3 seeds): {count[0]} of 256 with max pooling, each {big.max():.0f}; "
            f"{count[1]} with mean pooling, each {small.max():.4f}. The total is {big.sum():.0f} in both cases.",
            f"梯度不为 0 的像素（3 个种子相同）：最大汇聚 256 个中有 {count[0]} 个，各为 {big.max():.0f}；平均汇聚 {count[1]} "
            f"个，各为 {small.max():.4f}。两者总和都是 {big.sum():.0f}。",
        ),
        "charts": [
            {
                "chart": "picture",
                "title": ("Gradient at the input, max pooling", "输入处的梯度，最大汇聚"),
                "values": big.tolist(),
                "low": 0,
                "high": 1,
            },
            {
                "chart": "bars",
                "title": ("Pixels that get a gradient", "得到梯度的像素数"),
                "bars": [(("max", "最大"), count[0]), (("mean", "平均"), count[1])],
                "unit": "",
                "log": False,
            },
        ],
    }


def worked():
    import torch
    from torch.nn.functional import avg_pool2d, max_pool2d

    x = torch.tensor([[[1.0, 3, 2, 0], [5, 2, 1, 1], [0, 1, 4, 2], [2, 6, 0, 3]]])
    rows = zip(max_pool2d(x, 2)[0].tolist(), avg_pool2d(x, 2)[0].tolist(), strict=True)
    first, second = ((" ".join(f"{v:.0f}" for v in a), " ".join(f"{v:.2f}" for v in b)) for a, b in rows)
    return [f"max: {first[0]}     mean: {first[1]}", f"{second[0]}           {second[1]}"]


def side_draw(rng):
    while True:
        n, k = rng.randint(20, 60), rng.choice([3, 4, 5])
        values = {"answer": n // k, "one": n - k + 1, "up": -(-n // k), "two": (n - k) // 2 + 1}
        if len(set(values.values())) == 4:
            return {"n": n, "k": k} | values


def side_evidence(drawn):
    import torch
    from torch import nn

    side = nn.MaxPool2d(drawn["k"])(torch.zeros(1, 1, drawn["n"], drawn["n"])).shape[-1]
    return [side == drawn[name] for name in ("answer", "one", "up", "two")]


def facts_evidence():
    import torch
    from torch import nn

    pool = nn.MaxPool2d(2)
    x = torch.randn(1, 16, 8, 8, generator=torch.Generator().manual_seed(0), requires_grad=True)
    y = pool(x)
    none = not list(pool.parameters())
    reads = torch.autograd.grad(nn.AvgPool2d(2)(x).sum(), x)[0] * 4  # windows that a pixel lies in
    same = torch.equal(pool(x.roll(1, -1)), y)
    return [none, y.shape[1] == 16, y.shape[1] == 1, not none, bool((reads == 1).all()), same]


def infinity_evidence():
    import torch
    from torch.nn.functional import max_pool2d, pad

    zero_wins, larger = [], []
    for seed in range(3):
        x = -torch.rand(1, 1, 4, 4, generator=torch.Generator().manual_seed(seed)) - 0.1
        zeros, infinite = max_pool2d(pad(x, (1, 1, 1, 1)), 3, stride=1), max_pool2d(x, 3, 1, 1)
        zero_wins.append(bool((zeros == 0).any()) and bool((infinite < 0).all()))
        larger.append(zeros.shape != infinite.shape)
    try:
        max_pool2d(x, 3, 1, 2)
        limited = False
    except RuntimeError:  # padding 2 is more than half of 3
        limited = True
    assert limited
    return [any(larger), all(zero_wins), None, None]


def counting_evidence():
    import torch
    from torch.nn.functional import conv2d

    flat, grows = [], []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        w = torch.randn(64, 1, 3, 3, generator=g, dtype=torch.float64)
        maps = []
        for count in (1, 4, 9):
            x = torch.zeros(1, 1, 19, 19, dtype=torch.float64)
            for i in range(count):
                x[0, 0, 3 + 6 * (i // 3), 3 + 6 * (i % 3)] = 1
            maps.append(conv2d(x, w).relu())
        largest, mean = ([v.flatten(2).amax(2) for v in maps], [v.mean((2, 3)) for v in maps])
        flat.append(torch.equal(largest[0], largest[1]) and torch.equal(largest[0], largest[2]))
        grows.append(torch.allclose(mean[2], 9 * mean[0]) and torch.allclose(mean[1], 4 * mean[0]))
    blind = all(flat)  # no channel and no head tells 1 from 9
    return [not blind, not blind, blind and all(grows), None]


def gradient_evidence():
    largest, mean = _reached("max"), _reached("mean")
    return [
        all(v == a for v in largest) and all(v == b for v in mean)
        for a, b in ((64, 64), (64, 256), (4, 256), (4, 64))
    ]
