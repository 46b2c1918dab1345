"""The gradient of ‖Xw − y‖²: by hand, by autograd, and the rates it bears."""


def derivation_evidence():
    import torch

    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        x, w, y, dw = (torch.randn(s, generator=g, dtype=torch.float64) for s in ((7, 3), 3, 7, 3))
        dw = 1e-6 * dw
        r = x @ w - y
        dr = (x @ (w + dw) - y) - r
        dl = ((x @ (w + dw) - y).square().sum() - r @ r).item()
        assert abs(dl - (2 * r @ dr).item()) < 1e-3 * abs(dl) and torch.allclose(dr, x @ dw, atol=1e-12)
        gradient = torch.func.grad(lambda w, x=x, y=y: (x @ w - y).square().sum())(w)
        assert abs((2 * r @ x @ dw).item() - (gradient @ dw).item()) < 1e-12
        assert torch.allclose(gradient, 2 * x.T @ r)
    return [True]


def small_draw(rng):
    while True:
        rows = [[rng.randint(-2, 3) for _ in range(2)] for _ in range(3)]
        w, y = [rng.choice([-1, 1, 2]) for _ in range(2)], [rng.randint(-3, 4) for _ in range(3)]
        r = [row[0] * w[0] + row[1] * w[1] - target for row, target in zip(rows, y, strict=True)]
        j = rng.randint(0, 1)
        column = [row[j] for row in rows]
        product = sum(a * b for a, b in zip(column, r, strict=True))
        if product and product % 3 == 0 and abs(product) < 30 and 0 not in r:
            named = dict(
                zip(("a1", "a2", "b1", "b2", "c1", "c2"), [v for row in rows for v in row], strict=True)
            )
            named |= {f"w{i + 1}": w[i] for i in range(2)}
            named |= {
                f"{name}{i + 1}": v[i] for name, v in (("y", y), ("r", r), ("x", column)) for i in range(3)
            }
            values = {
                "answer": 2 * product,
                "half": product,
                "negative": -2 * product,
                "mean": 2 * product // 3,
            }
            words = {"which": ("first", "second")[j], "which_zh": ("第一个", "第二个")[j]}
            return named | values | words


def small_evidence(drawn):
    import torch

    x = torch.tensor([[float(drawn[f"{row}{i}"]) for i in (1, 2)] for row in "abc"], dtype=torch.float64)
    w = torch.tensor([float(drawn["w1"]), float(drawn["w2"])], dtype=torch.float64, requires_grad=True)
    y = torch.tensor([float(drawn[f"y{i}"]) for i in (1, 2, 3)], dtype=torch.float64)
    (gradient,) = torch.autograd.grad((x @ w - y).square().sum(), w)
    entry = gradient[("first", "second").index(drawn["which"])].item()
    return [abs(drawn[name] - entry) < 1e-9 for name in ("answer", "half", "negative", "mean")]


def why_transposed_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    x, w, y = (torch.randn(s, generator=g, dtype=torch.float64) for s in ((4, 4), 4, 4))
    r = x @ w - y
    gradient = torch.func.grad(lambda w: (x @ w - y).square().sum())(w)
    assert (2 * x @ r).shape == gradient.shape and not torch.allclose(
        2 * x @ r, gradient
    )  # fits, and is wrong
    undoes = torch.allclose(x.T @ x, torch.eye(4, dtype=torch.float64), atol=0.1)
    columns = torch.stack([(2 * r * x[:, j]).sum() for j in range(4)])
    return [None, undoes, torch.allclose(columns, gradient), None]


def wrong_step_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    x, w, y = (torch.randn(s, generator=g, dtype=torch.float64) for s in ((5, 3), 3, 5))
    loss = (x @ w - y).square().sum()
    step1 = torch.isclose(loss, w @ x.T @ x @ w - y @ x @ w - w @ x.T @ y + y @ y).item()
    step2 = torch.isclose(loss, w @ x.T @ x @ w - 2 * y @ x @ w + y @ y).item()
    square = torch.func.grad(lambda w: w @ x.T @ x @ w)(w)
    step3 = torch.allclose(square, x.T @ x @ w)
    assert torch.allclose(square, 2 * x.T @ x @ w)
    step4 = torch.allclose(torch.func.grad(lambda w: -2 * y @ x @ w)(w), -2 * x.T @ y)
    return [not step1, not step2, step1 and step2 and not step3, not step4]


def factor_evidence():
    import torch
    from torch.nn.functional import mse_loss

    means, accumulated, swapped, broadcast = [], [], [], []
    for n in (64, 40):
        g = torch.Generator().manual_seed(n)
        x, y = (
            torch.randn(n, 3, generator=g, dtype=torch.float64),
            torch.randn(n, generator=g, dtype=torch.float64),
        )
        w = torch.randn(3, generator=g, dtype=torch.float64).requires_grad_()
        mse_loss(x @ w, y).backward()
        mine = (2 * x.T @ (x @ w - y)).detach()
        ratio = mine / w.grad
        means.append(torch.allclose(ratio, torch.full_like(ratio, n)))
        first = w.grad.clone()
        mse_loss(x @ w, y).backward()
        accumulated.append(bool((w.grad.abs() < first.abs()).all()))
        crossed = torch.func.grad(lambda w, x=x, y=y: ((x @ w)[:, None] - y).square().mean())(w.detach())
        broadcast.append(torch.allclose(crossed * n, mine))
        try:
            swapped.append(torch.allclose(x @ (x @ w - y), first))
        except RuntimeError:
            swapped.append(False)
    return [all(broadcast), all(accumulated), all(means), all(swapped)]


def largest_rate_draw(rng):
    while True:
        n, small, large = (
            rng.choice([20, 40, 50, 100]),
            rng.choice([4, 5, 10, 16]),
            rng.choice([25, 40, 80, 100, 200]),
        )
        values = {"answer": n / large, "half": n / large / 2, "by_small": n / small, "sum": 1 / large}
        if len(set(values.values())) == 4:
            return {"n": n, "small": small, "large": large} | {k: round(v, 5) for k, v in values.items()}


def largest_rate_evidence(drawn):
    import torch

    n = drawn["n"]
    g = torch.Generator().manual_seed(0)
    q, _ = torch.linalg.qr(torch.randn(n, 2, generator=g, dtype=torch.float64))
    x = q * torch.tensor([drawn["small"], drawn["large"]], dtype=torch.float64).sqrt()

    def converges(lr):
        w = torch.ones(2, dtype=torch.float64)  # the error; the target is 0
        for _ in range(3000):
            w = w - lr * 2 / n * (x.T @ (x @ w))
            if w.norm() > 1e6:
                return False
        return w.norm().item() < 1

    return [
        converges(0.99 * drawn[v]) and not converges(1.01 * drawn[v])
        for v in ("answer", "half", "by_small", "sum")
    ]


def descended(seed, share, mean=False, steps=400):
    """Losses of gradient descent at η = share/λ over the least possible one, on a random regression."""
    import torch

    g = torch.Generator().manual_seed(seed)
    x = torch.randn(50, 4, generator=g, dtype=torch.float64)
    y = x @ torch.ones(4, dtype=torch.float64) + torch.randn(50, generator=g, dtype=torch.float64)
    best = x @ torch.linalg.lstsq(x, y[:, None]).solution[:, 0] - y
    top = torch.linalg.eigvalsh(x.T @ x)[-1]
    w, losses = torch.zeros(4, dtype=torch.float64), []
    for _ in range(steps):
        r = x @ w - y
        losses.append((r.square().sum() / best.square().sum()).item())
        w = w - share / top * 2 * (x.T @ r) / (50 if mean else 1)
    return losses


def edge_evidence():
    settles, explodes = {}, {}
    for share in (0.9, 1.1):
        ends = [descended(seed, share)[-1] for seed in range(3)]
        settles[share], explodes[share] = max(ends) < 1.001, min(ends) > 1e6
    return [
        settles[0.9] and settles[1.1],
        settles[0.9] and explodes[1.1],
        explodes[0.9] and settles[1.1],
        explodes[0.9] and explodes[1.1],
    ]


def worked():
    import torch

    x, w, y = torch.tensor([[1, 2], [0, 1], [1, 0]]), torch.tensor([1, 1]), torch.tensor([2, 1, 3])

    def shown(v):
        return "(" + ", ".join(str(n).replace("-", "−") for n in v.tolist()) + ")"

    r = x @ w - y
    parts = 2 * r[:, None] * x
    return [
        f"Xw = {shown(x @ w)}",
        f"r = {shown(r)}",
        f"Xᵀr = {shown(x.T @ r)}",
        f"2·1·(1, 2) = {shown(parts[0])}",
        f"2·(−2)·(1, 0) = {shown(parts[2])}",
        shown(2 * x.T @ r),
    ]


def experiment(off=False):
    runs = {share: [descended(seed, share, mean=off) for seed in range(3)] for share in (0.9, 1.1)}
    below, above = ([run[-1] for run in runs[share]] for share in (0.9, 1.1))
    if off:
        assert max(below + above) < 100, "with the mean both rates are far below the limit, n/λ"
        says = (
            f"With the mean of 50 squares the limit is 50/λ: at 0.9/λ and 1.1/λ the loss falls in all seeds; after 400 steps it is "
            f"{below[0]:.3f} and {above[0]:.3f} times the least possible. The edge has moved by the factor n.",
            f"改成 50 个平方的平均，上限是 50/λ：0.9/λ 和 1.1/λ 下，所有种子的 loss 都在下降；400 步后分别是最小值的 "
            f"{below[0]:.3f} 倍和 {above[0]:.3f} 倍。边界移动了 n 倍。",
        )
    else:
        assert max(below) < 1.001, "below 1/λ the loss settles at the least possible"
        assert min(above) > 1e6, "above it the loss explodes"
        says = (
            f"Three seeds, 400 steps. At η = 0.9/λ the loss ends at {max(below):.3f} times the least possible; at 1.1/λ it is above "
            f"{min(above):.0e} times. The edge is 1/λ, not 2/λ: the Hessian of the sum is 2XᵀX.",
            f"三个种子，400 步。η = 0.9/λ 时，loss 停在最小值的 {max(below):.3f} 倍；1.1/λ 时超过 {min(above):.0e} 倍。边界是 1/λ 而不是 2/λ："
            "总和的 Hessian 是 2XᵀX。",
        )
    shown = 400 if off else 60
    return {
        "says": says,
        "off": ("the mean of the squares instead of their sum", "用平方的平均代替总和"),
        "title": ("Loss over the least possible", "loss 与最小值之比"),
        "chart": "curves",
        "x": list(range(shown)),
        "x_label": ("step", "步数"),
        "y_label": ("ratio", "比值"),
        "log_y": True,
        "series": [(f"η = {share}/λ", runs[share][0][:shown]) for share in (0.9, 1.1)],
    }
