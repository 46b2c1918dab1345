"""Experiment, draws and evidence for autoregressive.md."""

WINDOW, HORIZON = 8, 80


def worked():
    from math import exp, log

    start, to_b, to_a = {"a": 0.5, "b": 0.5}, {"a": 0.9, "b": 1 - 0.6}, {"a": 1 - 0.9, "b": 0.6}
    text, p = "abba", 1.0
    for before, now in zip([None, *text], text, strict=False):
        p *= start[now] if before is None else (to_a if now == "a" else to_b)[before]
    mean = -log(p) / len(text)
    return [f"{p:.3f}", f"{mean:.3f}", f"{exp(mean):.3f}"]


def _errors(seed, noise, period=40):
    """Errors against the clean sine by horizon, fed back and direct; the recursion's largest root; its last forecast."""
    import math

    import torch

    g = torch.Generator().manual_seed(seed)
    shift = 6 * torch.rand(1, generator=g, dtype=torch.float64)
    clean = torch.sin(2 * math.pi * torch.arange(1000, dtype=torch.float64) / period + shift)
    noisy = clean + noise * torch.randn(1000, generator=g, dtype=torch.float64)
    train, windows = noisy[:600], noisy[600:].unfold(0, WINDOW, 1)[: 400 - WINDOW - HORIZON]
    truth = clean[600:].unfold(0, WINDOW + HORIZON, 1)[: len(windows), WINDOW:]

    def fitted(horizon):
        rows = train.unfold(0, WINDOW + horizon, 1)
        return torch.linalg.lstsq(rows[:, :WINDOW], rows[:, -1:]).solution[:, 0]

    one = fitted(1)
    fed_back, direct, seen = [], [], windows
    for k in range(HORIZON):
        next_value = seen @ one
        seen = torch.cat([seen[:, 1:], next_value[:, None]], 1)
        fed_back.append((next_value - truth[:, k]).square().mean().sqrt().item())
        direct.append((windows @ fitted(k + 1) - truth[:, k]).square().mean().sqrt().item())
    step = torch.cat([torch.eye(WINDOW, dtype=torch.float64)[1:], one[None]])
    return fed_back, direct, torch.linalg.eigvals(step).abs().max().item(), seen.abs().max().item()


def experiment(off=False):
    runs = [_errors(seed, 0.0 if off else 0.3) for seed in range(3)]
    for fed_back, direct, root, last in runs:
        if off:
            assert max(fed_back) < 1e-6, "without noise the recursion is exact, and stays so"
            assert abs(root - 1) < 1e-6, "its largest root has modulus 1: nothing is damped"
        else:
            assert fed_back[0] < 0.25 and 0.65 < fed_back[-1] < 0.75, (
                "fed back it ends as guessing the mean does"
            )
            assert max(direct) < 0.32 and direct[-1] < 0.25, "predicting directly stays good at any horizon"
            assert root < 0.97 and last < 0.15, "the fitted recursion damps its own forecasts"
    back, direct = ([sum(run[i][k] for run in runs) / 3 for k in range(HORIZON)] for i in (0, 1))
    root = sum(run[2] for run in runs) / 3
    if off:
        says = (
            f"Without noise the fitted recursion is the sine's own: its largest root has modulus {root:.4f}, and fed with its "
            f"predictions for {HORIZON} steps the error stays below 10⁻⁶, as the direct one's.",
            f"没有噪声时，拟合出的就是正弦自身的递推：最大的特征根模为 {root:.4f}，把预测值喂回去 {HORIZON} 步，误差仍在 10⁻⁶ 以下，"
            "与直接预测一样。",
        )
    else:
        says = (
            f"The error grows from {back[0]:.2f} at one step to {back[-1]:.2f} at {HORIZON} when predictions are fed back; direct "
            f"prediction from the same {WINDOW} values has {direct[-1]:.2f} there (3 seeds). The recursion's largest root is "
            f"{root:.2f}: its forecast fades to the mean.",
            f"把预测值喂回去，误差从 1 步的 {back[0]:.2f} 增大到 {HORIZON} 步的 {back[-1]:.2f}；由同样 {WINDOW} 个值直接预测，"
            f"{HORIZON} 步处是 {direct[-1]:.2f}（3 个随机种子）。递推最大特征根的模是 {root:.2f}：预测值衰减到均值。",
        )
    return {
        "says": says,
        "off": ("the series has no noise", "序列没有噪声"),
        "title": ("Error by horizon", "误差随预测步数的变化"),
        "chart": "curves",
        "x": list(range(1, HORIZON + 1)),
        "x_label": ("steps ahead", "往前几步"),
        "y_label": ("error", "误差"),
        "series": [
            (("fed with its own predictions", "把预测值喂回去"), back),
            (("one model a horizon", "每个步数一个模型"), direct),
        ],
    }


def rolled_out_evidence():
    runs = [_errors(seed, 0.3) for seed in (10, 11, 12)]
    back, direct = [run[0][-1] for run in runs], [run[1][-1] for run in runs]
    good = max(direct) < 0.25
    return [
        max(back) < 0.3 and good,
        min(back) > 1 and good,
        min(back) > 0.65 and max(back) < 0.75 and good and max(run[3] for run in runs) < 0.15,
        min(back) > 0.65 and min(direct) > 0.65,
    ]


def flat_forecast_evidence():
    """One-step error small all along; fed back flat. Without a leak and without a drift."""
    back, _direct, _root, last = _errors(5, 0.3)
    by_true_inputs, at_the_end = back[0], back[-1]
    underfitted = by_true_inputs > 0.5
    return [None, by_true_inputs < 0.25 and at_the_end > 0.65 and last < 0.15, None, underfitted]


def markov_evidence():
    """A random chain of order 2: which conditions give the right distribution of the last of five symbols, and are of
    fixed length?"""
    import torch

    g = torch.Generator().manual_seed(0)
    order, start = (
        torch.rand(3, 3, 3, generator=g, dtype=torch.float64),
        torch.full((3, 3), 1 / 9, dtype=torch.float64),
    )
    order = order / order.sum(-1, keepdim=True)
    joint = torch.einsum("ab,abc,bcd,cde->abcde", start, order, order, order)
    exact = joint / joint.sum(-1, keepdim=True)

    def given(dropped):
        kept = joint.sum(dropped, keepdim=True)
        return torch.allclose((kept / kept.sum(-1, keepdim=True)).expand_as(exact), exact)

    recent, old = given((0, 1)), given((2, 3))
    return [old, recent, None, False]  # the last one is exact, but its condition has four symbols


def what_it_assumes_evidence():
    import torch

    p = torch.rand(2, 3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    p = p / p.sum()
    one, two = p.sum((1, 2), keepdim=True), p.sum(2, keepdim=True)
    last, late = p.sum((0, 1), keepdim=True), p.sum(0, keepdim=True)
    exact = torch.allclose(one * (two / one) * (p / two), p) and torch.allclose(
        last * (late / last) * (p / late), p
    )
    near = torch.allclose(
        two * (late / late.sum(2, keepdim=True)), p
    )  # "depends on the one before" is needed?
    return [None, exact, near, None]


def perplexity_draw(rng):
    while True:
        p = [rng.choice([0.02, 0.05, 0.1, 0.2, 0.25, 0.4, 0.5, 0.6, 0.8, 0.9]) for _ in range(4)]
        product = p[0] * p[1] * p[2] * p[3]
        values = [product**-0.25, sum(1 / x for x in p) / 4, 4 / sum(p), 1 / product]
        if len(set(p)) > 2 and min(abs(a / b - 1) for i, a in enumerate(values) for b in values[:i]) > 0.08:
            names = ("answer", "arithmetic", "inverse_mean", "whole")
            shown = {k: float(f"{v:.3g}") for k, v in zip(names, values, strict=True)}
            return {f"p{i + 1}": x for i, x in enumerate(p)} | shown


def perplexity_evidence(drawn):
    import torch

    p = torch.tensor([drawn[f"p{i}"] for i in range(1, 5)], dtype=torch.float64)
    logits = torch.stack([p, 1 - p], 1).log()
    loss = torch.nn.functional.cross_entropy(logits, torch.zeros(4, dtype=torch.long)).exp().item()
    return [abs(drawn[k] / loss - 1) < 0.006 for k in ("answer", "arithmetic", "inverse_mean", "whole")]


def table_draw(rng):
    size, order = rng.choice([3, 4, 5, 6, 8, 10, 27]), rng.choice([2, 3])
    return {
        "size": size,
        "order": order,
        "less": size - 1,
        "answer": size**order * (size - 1),
        "entries": size ** (order + 1),
        "pairs": size * order * (size - 1),
        "one_more": size ** (order + 1) * (size - 1),
    }


def table_evidence(drawn):
    import torch

    table = torch.empty([drawn["size"]] * (drawn["order"] + 1), device="meta")
    rows = table[..., 0].numel()  # one equation each: its sum is one
    free = table.numel() - rows
    return [drawn[k] == free for k in ("answer", "entries", "pairs", "one_more")]
