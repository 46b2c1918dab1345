"""Experiment, draws and evidence for nadaraya_watson.md."""


def _data(seed=0):
    """50 noisy points of a curve, as (x, y), and the curve itself on a grid."""
    import torch

    g = torch.Generator().manual_seed(seed)
    x = (5 * torch.rand(50, generator=g, dtype=torch.float64)).sort().values

    def curve(points):
        return 2 * points.sin() + points**0.8

    y = curve(x) + 0.5 * torch.randn(50, generator=g, dtype=torch.float64)
    grid = torch.linspace(0.1, 4.9, 200, dtype=torch.float64)
    return x, y, grid, curve(grid)


def _predict(queries, keys, values, w, without_self=False):
    import torch

    scores = -0.5 * ((queries[:, None] - keys) * w) ** 2
    if without_self:
        scores = scores.masked_fill(torch.eye(len(keys), dtype=torch.bool), -torch.inf)
    return scores.softmax(-1) @ values


def experiment(off=False):
    widths = [0.1 * 10 ** (i / 8) for i in range(25)]  # w from 0.1 to 100
    own, left_out, test = [], [], []
    for seed in range(3):
        x, y, grid, truth = _data(seed)
        runs = [
            [(_predict(x, x, y, w) - y).square().mean().item() for w in widths],
            [(_predict(x, x, y, w, without_self=True) - y).square().mean().item() for w in widths],
            [(_predict(grid, x, y, w) - truth).square().mean().item() for w in widths],
        ]
        for kept, run in zip((own, left_out, test), runs, strict=True):
            kept.append(run)
        best = widths[runs[2].index(min(runs[2]))]
        chosen = widths[runs[1].index(min(runs[1]))]
        assert min(runs[0]) == runs[0][-1] < 0.1 * runs[0][0], "with its own pair, larger is always better"
        assert min(runs[2]) < 0.5 * min(runs[2][0], runs[2][-1]), "on the true curve both ends are bad"
        assert 0.3 < chosen / best < 3, "leaving the own pair out finds about the best width"
    own, left_out, test = (
        [sum(run[i] for run in runs) / 3 for i in range(25)] for runs in (own, left_out, test)
    )
    best, chosen = widths[test.index(min(test))], widths[left_out.index(min(left_out))]
    series = [
        (("training, own pair kept", "训练，保留自己"), own),
        (("training, own pair left out", "训练，去掉自己"), left_out),
        (("true curve", "真实曲线"), test),
    ]
    says = (
        f"Means of 3 data sets. On the true curve w = {best:.1f} is best (error {min(test):.2f}; {test[0]:.2f} at w = 0.1, "
        f"{test[-1]:.2f} at w = 100). The training error with each point's own pair falls all the way, to {own[-1]:.2f} at "
        "w = 100: training would let w grow and grow.",
        f"3 组数据的平均。对真实曲线，w = {best:.1f} 最好（误差 {min(test):.2f}；w = 0.1 时 {test[0]:.2f}，w = 100 时 "
        f"{test[-1]:.2f}）。保留自己那一对时，训练误差一路降到 w = 100 处的 {own[-1]:.2f}：训练会让 w 一直变大。",
    )
    if off:
        says = (
            f"With each point's own pair left out, the training error has its least at w = {chosen:.1f}, close to the best on "
            f"the true curve (w = {best:.1f}); at w = 100 it is {left_out[-1]:.2f}. Training now stops at a useful width.",
            f"去掉自己那一对之后，训练误差在 w = {chosen:.1f} 处最小，与真实曲线上的最佳值（w = {best:.1f}）接近；w = 100 时是 "
            f"{left_out[-1]:.2f}。这样训练就会停在有用的宽度上。",
        )
    return {
        "says": says,
        "off": ("each point's own pair left out", "去掉每个点自己那一对"),
        "title": ("Error by kernel scale w (width 1/w)", "误差随核缩放 w 的变化（宽度为 1/w）"),
        "chart": "curves",
        "x": widths,
        "x_label": "w",
        "y_label": ("mean squared error", "均方误差"),
        "log_x": True,
        "log_y": False,
        "series": series[1:] if off else series[::2],
    }


def worked():
    import torch

    keys, values = torch.tensor([0.0, 1.0, 3.0]), torch.tensor([2.0, 4.0, 0.0])
    weights = (-0.5 * (1 - keys).square()).softmax(0)
    return [*(f"{w:.3f}" for w in weights.tolist()), f"{(weights @ values).item():.3f}"]


def outside_evidence():
    import torch

    x = torch.linspace(0, 5, 50, dtype=torch.float64)
    far = torch.tensor([10.0], dtype=torch.float64)
    answers = [_predict(far, x, 2 * x + 1, w).item() for w in (0.3, 1.0, 3.0, 10.0)]
    inside = all(1 <= answer <= 11 + 1e-9 for answer in answers) and answers[1] > 10

    def always(value):
        return all(abs(answer - value) < 0.5 for answer in answers)

    return [always(21), always(0), inside, always(6)]


def weight_draw(rng):
    import math

    def nearer(a, b):
        return 1 / (1 + math.exp(b - a))

    while True:
        near, far = rng.choice([0.2, 0.5, 0.8, 1]), rng.choice([1.2, 1.5, 2, 2.5])
        w = rng.choice([0.5, 0.8, 1.2, 1.5])
        half = nearer(-0.5 * (near * w) ** 2, -0.5 * (far * w) ** 2)
        values = [
            half,
            nearer(-((near * w) ** 2), -((far * w) ** 2)),
            nearer(-0.5 * near * w, -0.5 * far * w),
            1 - half,
        ]
        if min(abs(a / b - 1) for i, a in enumerate(values) for b in values[:i]) > 0.04 and half < 0.97:
            shown = [float(f"{v:.3g}") for v in values]
            names = ("answer", "no_half", "no_square", "swapped")
            return {"near": near, "far": far, "w": w, **dict(zip(names, shown, strict=True))}


def weight_evidence(drawn):
    import torch

    # the definition: each kernel divided by the sum of the kernels
    density = torch.distributions.Normal(0.0, 1.0 / drawn["w"]).log_prob
    kernels = density(torch.tensor([drawn["near"], drawn["far"]])).exp()
    share = (kernels[0] / kernels.sum()).item()
    return [abs(share / drawn[name] - 1) < 0.01 for name in ("answer", "no_half", "no_square", "swapped")]


def memorising_evidence():
    from itertools import pairwise

    import torch

    x, y, grid, truth = _data()

    def trained(without_self):
        log_w = torch.zeros((), dtype=torch.float64, requires_grad=True)  # w starts at 1 and stays positive
        path = []
        for _ in range(150):
            loss = (_predict(x, x, y, log_w.exp(), without_self) - y).square().mean()
            (slope,) = torch.autograd.grad(loss, log_w)
            with torch.no_grad():
                log_w -= 0.5 * slope
            path.append(log_w.exp().item())
        return path, loss.item()

    def error(w):
        return (_predict(grid, x, y, w) - truth).square().mean().item()

    path, loss = trained(False)
    honest, _ = trained(True)
    grows = all(a < b for a, b in pairwise(path)) and path[-1] > 3 * honest[-1] and loss < 0.1
    return [grows, abs(path[-1] - 1) < 0.01, path[-1] < 0.1, error(path[-1]) < 1.2 * error(honest[-1])]


def parts_evidence():
    import torch

    x, y, grid, _ = _data()
    kernels = (-0.5 * ((grid[:, None] - x) * 3.0) ** 2).exp()
    textbook = (kernels * y).sum(1) / kernels.sum(1)
    same = torch.allclose(textbook, _predict(grid, x, y, 3.0))
    w = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(_predict(grid, x, y, w).sum(), w)
    return [same, same, same, slope.item() != 0]
