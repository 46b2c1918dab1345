"""Runs the claims about what architectures assume."""


def _filtered(x, taps):
    """x, (samples, n), filtered by the taps with zeros around it."""
    import torch

    return torch.nn.functional.conv1d(x[:, None], taps.view(1, 1, -1), padding=len(taps) // 2)[:, 0]


def _test_errors(task, samples, n, seed=0):
    """Relative error on fresh data of one shared filter, and of a free weight for each pair (least squares)."""
    import torch

    g = torch.Generator().manual_seed(seed)
    train, test = (torch.randn(count, n, generator=g, dtype=torch.float64) for count in (samples, 400))
    noise = 0.01 * torch.randn(samples, n, generator=g, dtype=torch.float64)
    want, goal = task(train) + noise, task(test)

    def windows(x):  # (samples, n, 3): the neighbours a filter of width 3 sees
        return torch.nn.functional.pad(x, (1, 1)).unfold(1, 3, 1)

    taps = torch.linalg.pinv(windows(train).flatten(0, 1)) @ want.flatten()
    free = torch.linalg.pinv(train) @ want
    size = goal.square().mean()
    shared_error = (windows(test) @ taps - goal).square().mean() / size
    free_error = (test @ free - goal).square().mean() / size
    return shared_error.sqrt().item(), free_error.sqrt().item()


def assumes_evidence():
    import torch
    from torch import nn

    torch.manual_seed(0)
    n = 12
    conv = nn.Conv1d(4, 4, 3, padding=1, padding_mode="circular").double()
    attention = nn.MultiheadAttention(4, 1, batch_first=True).double()
    x = torch.randn(1, n, 4, dtype=torch.float64)

    def by_conv(x):
        return conv(x.mT).mT

    def by_attention(x):
        return attention(x, x, x)[0]

    def depends(model):
        """Which inputs each output depends on."""
        rows = []
        for place in range(n):
            other = x.clone()
            other[0, place] += 1
            rows.append((model(other) - model(x))[0].abs().amax(-1) > 1e-9)
        return torch.stack(rows)

    def shifts(model):
        return torch.allclose(model(x.roll(3, 1)), model(x).roll(3, 1))

    conv_sees, attention_sees = depends(by_conv), depends(by_attention)
    local = int(conv_sees.sum()) == 3 * n and bool(attention_sees.all())
    carried = bool(conv_sees[0, 2:-1].any())  # does an input reach later outputs through a state?
    one_filter = sum(p.numel() for p in conv.parameters()) == 4 * 4 * 3 + 4
    return [bool(conv_sees.all()), local and shifts(by_conv), carried, not one_filter]


def small_data_evidence():
    import torch
    from torch import nn

    taps = torch.tensor([0.5, -1.0, 0.8], dtype=torch.float64)
    few = _test_errors(lambda x: _filtered(x, taps), 8, 24)
    many = _test_errors(lambda x: _filtered(x, taps), 2000, 24)
    has_to_learn = few[0] < 0.02 and few[1] > 0.5 and many[1] < 0.02

    n = 9
    x = torch.randn(2, n, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    as_heads = sum(tap * x @ torch.diag(torch.ones(n - abs(o), dtype=torch.float64), -o)
                   for o, tap in zip((-1, 0, 1), taps, strict=True))  # fmt: skip
    cannot = not torch.allclose(as_heads, _filtered(x, taps))

    attention = sum(p.numel() for p in nn.MultiheadAttention(32, 4, bias=False).parameters())
    convolution = sum(p.numel() for p in nn.Conv2d(32, 32, 3, bias=False).parameters())
    torch.manual_seed(0)
    layer, places = nn.MultiheadAttention(8, 2, batch_first=True), torch.randn(6, 8)
    patches = torch.randn(1, 6, 8)
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    here, there = patches + places, patches[:, order] + places
    blind = torch.allclose(layer(here, here, here)[0][:, order], layer(there, there, there)[0], atol=1e-4)
    return [cannot, attention > convolution, blind, has_to_learn]


def heads_for_convolution_draw(rng):
    k, channels = rng.choice([3, 5, 7]), rng.choice([2, 4, 6, 8, 16])
    return {"k": k, "channels": channels, "answer": k * k, "both": k * k * channels}


def heads_for_convolution_evidence(drawn):
    import torch

    k, channels, side = drawn["k"], drawn["channels"], 8
    g = torch.Generator().manual_seed(0)
    image = torch.randn(1, channels, side, side, generator=g, dtype=torch.float64)
    kernel = torch.randn(channels, channels, k, k, generator=g, dtype=torch.float64)
    wanted = torch.nn.functional.conv2d(image, kernel, padding=k // 2)[0].flatten(1).T
    tokens = image[0].flatten(1).T
    places = torch.cartesian_prod(torch.arange(side), torch.arange(side))
    apart = places[None] - places[:, None]  # of each key from each query
    outputs = []
    for row in range(k):
        for column in range(k):
            offset = torch.tensor([row - k // 2, column - k // 2])
            weights = (apart == offset).all(-1).double()  # one key for each query, none beyond the edge
            outputs.append(weights @ tokens @ kernel[:, :, row, column].T)

    def enough(heads):
        return torch.allclose(sum(outputs[:heads], torch.zeros_like(wanted)), wanted)

    values = drawn["answer"], k, channels, drawn["both"]
    return [enough(heads) and not enough(heads - 1) for heads in values]


def layers_to_meet_draw(rng):
    from math import ceil, log

    while True:
        k, n = rng.choice([3, 5, 7]), rng.choice([20, 32, 50, 64, 65, 100, 101, 128])
        drawn = {
            "n": n,
            "k": k,
            "less": k - 1,
            "steps": n - 1,
            "answer": ceil((n - 1) / (k - 1)),
            "by_division": ceil(n / k),
            "by_log": ceil(log(n, k) - 1e-9),
        }
        if len({1, drawn["answer"], drawn["by_division"], drawn["by_log"]}) == 4:
            return drawn


def layers_to_meet_evidence(drawn):
    import torch

    n, k = drawn["n"], drawn["k"]
    signal = torch.zeros(2, 1, n)  # a one at the first token, a one at the last
    signal[0, 0, 0] = signal[1, 0, -1] = 1
    layers = 0
    while not bool((signal[0] * signal[1] > 0).any()):
        spread = torch.nn.functional.conv1d(signal, torch.ones(1, 1, k), padding=k // 2)
        signal, layers = (spread > 0).float(), layers + 1
    return [value == layers for value in (drawn["answer"], drawn["by_division"], 1, drawn["by_log"])]


def two_rules_evidence():
    import torch

    right = {}
    taps = torch.tensor([0.5, -1.0, 0.8], dtype=torch.float64)
    for rule, task, count in (("A", lambda x: _filtered(x, taps), 16), ("B", lambda x: x.flip(-1), 512)):
        errors = [_test_errors(task, count, 24, seed) for seed in range(3)]
        right[rule] = [max(error[i] for error in errors) < 0.1 for i in (0, 1)]
    only_filter, only_free = [True, False], [False, True]
    return [
        right == {"A": only_free, "B": only_free},
        right == {"A": only_filter, "B": only_filter},
        right == {"A": only_filter, "B": only_free},
        right == {"A": only_free, "B": only_filter},
    ]


def few_images_evidence():
    import torch
    from torch import nn

    n, taps = 24, torch.tensor([0.5, -1.0, 0.8], dtype=torch.float64)

    def rule(x):  # the same everywhere, round the edge as well
        return nn.functional.conv1d(
            nn.functional.pad(x[:, None], (1, 1), mode="circular"), taps.view(1, 1, -1)
        )[:, 0]

    helps = []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        train, test = (torch.randn(count, n, generator=g, dtype=torch.float64) for count in (8, 400))

        def error(x, test=test):
            weights = torch.linalg.pinv(x) @ rule(x)
            fits = (x @ weights - rule(x)).abs().max() < 1e-6
            assert fits, "the training examples are fitted either way"
            return ((test @ weights - rule(test)).square().mean() / rule(test).square().mean()).sqrt().item()

        shifted = torch.cat([train.roll(shift, 1) for shift in range(n)])
        helps.append(error(train) > 0.5 and error(shifted) < 0.05)
    torch.manual_seed(0)
    layer, patches = nn.MultiheadAttention(8, 2, batch_first=True), torch.randn(1, 6, 8)
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    keeps_layout = not torch.allclose(
        layer(patches, patches, patches)[0].mean(1),
        layer(*(patches[:, order],) * 3)[0].mean(1),
        atol=1e-5,
    )
    return [None, all(helps), keeps_layout, None]


def worked():
    import torch

    x = torch.tensor([1.0, 2.0, 3.0])
    right, left = torch.diag(torch.ones(2), -1), torch.diag(torch.ones(2), 1)
    heads = [right @ x, left @ x]
    out = heads[0] - heads[1]
    kernel = torch.tensor([1.0, 0.0, -1.0])
    assert torch.equal(out, torch.nn.functional.conv1d(x[None, None], kernel[None, None], padding=1)[0, 0])
    return ["(" + ", ".join(f"{v:.0f}" for v in t.tolist()).replace("-", "−") + ")" for t in (*heads, out)]


def experiment(off=False):
    import torch

    n, seeds = 24, range(3)
    taps = torch.tensor([0.5, -1.0, 0.8], dtype=torch.float64)
    counts = [64, 128, 256, 512] if off else [1, 2, 4, 8, 16, 24, 32, 64, 128, 512]

    def measured(task):
        runs = [[_test_errors(task, count, n, seed) for count in counts] for seed in seeds]
        means = [[sum(run[i][j] for run in runs) / 3 for j in (0, 1)] for i in range(len(counts))]
        return runs, means

    local_runs, local = measured(lambda x: _filtered(x, taps))
    distant_runs, distant = measured(lambda x: x.flip(-1))

    def chart(title, errors):
        return {
            "title": title,
            "chart": "curves",
            "x": counts,
            "x_label": ("training sequences", "训练序列数"),
            "y_label": ("relative test error", "相对测试误差"),
            "log_x": True,
            "log_y": True,
            "series": [
                (("one shared filter", "共享的滤波器"), [error[0] for error in errors]),
                (("a weight for each pair", "每一对各有权重"), [error[1] for error in errors]),
            ],
        }

    label = ("many training sequences", "训练序列很多")
    if off:
        assert all(max(run[-1]) < 0.02 for run in local_runs), "with many sequences both learn the local rule"
        return {
            "says": (
                f"With {counts[-1]} sequences the advantage is gone: on the local rule the shared filter errs by "
                f"{local[-1][0]:.4f} and the free weights by {local[-1][1]:.4f} (3 seeds). The reversal stays out of the filter's "
                f"reach: {distant[-1][0]:.1f}.",
                f"有 {counts[-1]} 条序列时，优势没有了：在局部规则上，共享滤波器的误差是 {local[-1][0]:.4f}，自由权重是 "
                f"{local[-1][1]:.4f}（3 个种子）。倒序仍然超出滤波器的范围：{distant[-1][0]:.1f}。",
            ),
            "off": label,
            **chart(("The rule is local", "规则是局部的"), local),
        }
    early = counts.index(16)
    for near, far in zip(local_runs, distant_runs, strict=True):
        assert near[1][0] < 0.05, "a shared filter learns a local rule from two sequences"
        assert near[early][1] > 0.3, "free weights have not learned it from 16"
        assert near[-1][1] < 0.02, "but they do learn it in the end"
        assert far[-1][0] > 0.8 and far[-1][1] < 0.02, "a distant relation is out of the filter's reach"
    return {
        "says": (
            f"Means of 3 seeds. A rule among neighbours: from 16 sequences a shared filter errs by {local[early][0]:.4f}, free "
            f"weights for all {n} × {n} pairs by {local[early][1]:.2f}. A distant relation (reversal): with "
            f"{counts[-1]} sequences {distant[-1][0]:.1f} against {distant[-1][1]:.3f}.",
            f"3 个种子平均。相邻之间的规则：只有 16 条序列时，共享滤波器的误差是 {local[early][0]:.4f}，{n} × {n} 对各有权重时是 "
            f"{local[early][1]:.2f}。远距离的关系（倒序）：{counts[-1]} 条序列时分别是 {distant[-1][0]:.1f} 和 "
            f"{distant[-1][1]:.3f}。",
        ),
        "off": label,
        "charts": [
            chart(("The rule is local", "规则是局部的"), local),
            chart(("The rule is a reversal", "规则是倒序"), distant),
        ],
    }
