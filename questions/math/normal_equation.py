"""Least squares in closed form: when it exists, by hand, and what rounding does to it."""


def exists_evidence():
    import torch

    g = torch.Generator().manual_seed(0)

    def singular(x):
        x = x / x.norm(dim=0)  # scale has no part in it
        return torch.linalg.matrix_rank(x).item() < x.shape[1]

    days = torch.eye(7, dtype=torch.float64)[torch.randint(7, (60,), generator=g)]
    metres = torch.rand(60, 1, generator=g, dtype=torch.float64)
    wide, tall = (torch.randn(s, generator=g, dtype=torch.float64) for s in ((50, 80), (80, 50)))
    t = torch.linspace(0, 1, 100, dtype=torch.float64)[:, None]
    small = torch.cat([1e-6 * torch.rand(60, 1, generator=g, dtype=torch.float64), tall[:60, :3]], 1)
    cases = [
        wide,
        torch.cat([torch.ones(60, 1, dtype=torch.float64), days], 1),
        torch.cat([metres, metres / 0.3048], 1),
        torch.cat([t, t**2], 1),
        tall,
        small,
    ]
    return [singular(x) for x in cases]


def line_draw(rng):
    while True:
        y = [rng.randint(-4, 9) for _ in range(4)]
        s, ty = sum(y), sum(t * v for t, v in enumerate(y))
        values = {
            "answer": (4 * ty - 6 * s) / 20,
            "origin": ty / 14,
            "ends": (y[3] - y[0]) / 3,
            "w0": (14 * s - 6 * ty) / 20,
        }
        v = list(values.values())
        if all(abs(a - b) > 0.05 for i, a in enumerate(v) for b in v[:i]) and min(map(abs, v)) > 0.1:
            return (
                {f"y{i}": y[i] for i in range(4)}
                | {"s": s, "ty": ty}
                | {n: round(x, 4) for n, x in values.items()}
            )


def line_evidence(drawn):
    import torch

    t = torch.arange(4, dtype=torch.float64)
    y = torch.tensor([[float(drawn[f"y{i}"])] for i in range(4)], dtype=torch.float64)
    slope = torch.linalg.lstsq(torch.stack([torch.ones(4).double(), t], 1), y).solution[1].item()
    return [abs(drawn[n] - slope) < 0.005 * abs(slope) for n in ("answer", "origin", "ends", "w0")]


def derivation_evidence():
    import torch

    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        x, y = (torch.randn(s, generator=g, dtype=torch.float64) for s in ((9, 4), 9))
        w = torch.linalg.inv(x.T @ x) @ x.T @ y

        def loss(w, x=x, y=y):
            return (x @ w - y).square().sum()

        assert torch.func.grad(loss)(w).norm() < 1e-9
        assert (torch.linalg.eigvalsh(torch.func.hessian(loss)(w)) > 0).all()
        assert all(loss(w) < loss(w + torch.randn(4, generator=g, dtype=torch.float64)) for _ in range(50))
    return [True]


def recovered(kappa, seed):
    """Relative errors of the weights in fp32, by the inverse of XᵀX and by QR of X."""
    import torch

    g = torch.Generator().manual_seed(seed)
    left, _ = torch.linalg.qr(torch.randn(100, 6, generator=g, dtype=torch.float64))
    right, _ = torch.linalg.qr(torch.randn(6, 6, generator=g, dtype=torch.float64))
    x = (
        left
        * torch.logspace(0, -torch.log10(torch.tensor(float(kappa))).item(), 6, dtype=torch.float64)
        @ right
    )
    w = torch.randn(6, generator=g, dtype=torch.float64)
    y = (x @ w).float()
    x = x.float()
    formula = torch.linalg.inv(x.T @ x) @ x.T @ y
    q, r = torch.linalg.qr(x)
    by_qr = torch.linalg.solve_triangular(r, (q.T @ y)[:, None], upper=True)[:, 0]
    return [((found.double() - w).norm() / w.norm()).item() for found in (formula, by_qr)]


def digits_evidence():
    runs = [recovered(1e4, seed) for seed in range(9)]
    medians = [sorted(run[i] for run in runs)[4] for i in (0, 1)]
    good, bad = [m < 0.001 for m in medians], [m > 0.1 for m in medians]
    return [good[0] and good[1], good[0] and bad[1], bad[0] and good[1], bad[0] and bad[1]]


def why_lstsq_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    x = torch.randn(50, 4, generator=g, dtype=torch.float64)
    x[:, 3] = x[:, 0] + 1e-3 * x[:, 3]
    squares = abs(torch.linalg.cond(x.T @ x) / torch.linalg.cond(x) ** 2 - 1).item() < 1e-3
    y = torch.randn(50, 1, generator=g, dtype=torch.float64)
    one = torch.linalg.lstsq(x, y).solution
    other = torch.linalg.solve(x.T @ x, x.T @ y)
    regularises = one.norm().item() < 0.99 * other.norm().item()
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        torch.empty(4, 1000, device="meta") @ torch.empty(1000, 4, device="meta")
    cheaper = counter.get_total_flops() > 2 * 2 * 1000 * 4**2  # QR by Householder: 2nd² multiplications
    return [None, squares, cheaper, regularises]


def two_fits_evidence():
    import torch

    moved, stopped, minima = [], [], []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        days = torch.eye(7, dtype=torch.float64)[torch.randint(7, (80,), generator=g)]
        x = torch.cat([torch.ones(80, 1, dtype=torch.float64), days], 1)
        y = torch.randn(80, 1, generator=g, dtype=torch.float64)
        one = torch.linalg.lstsq(x, y, driver="gelsd").solution
        other = one.clone()
        other[0] += 899.4
        other[1:] -= 899.4
        moved.append(torch.allclose(x @ one, x @ other))
        slopes = [(x.T @ (x @ w - y)).norm().item() for w in (one, other)]
        losses = [(x @ w - y).square().sum().item() for w in (one, other)]
        stopped.append(max(slopes) > 1e-6)
        minima.append(abs(losses[0] - losses[1]) > 1e-6 * losses[0])
    return [None, all(moved), any(stopped), any(minima)]


def aloud_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    x, y = (
        torch.randn(4, 9, generator=g, dtype=torch.float64),
        torch.randn(4, 1, generator=g, dtype=torch.float64),
    )
    least = torch.linalg.pinv(x) @ y
    w = torch.zeros(9, 1, dtype=torch.float64)
    for _ in range(3000):
        w = w - 0.02 * x.T @ (x @ w - y)
    same = torch.allclose(w, least, atol=1e-6)
    ridge = torch.linalg.matrix_rank(x.T @ x + 0.1 * torch.eye(9, dtype=torch.float64)).item() == 9
    return [
        True,
        (x.T @ (x @ least - y)).norm().item() < 1e-9,
        exists_evidence()[:3] == [True] * 3,
        same and ridge,
        None,
        None,
    ]


def worked():
    import torch

    x, y = torch.tensor([[1.0, 0], [1, 1], [1, 2]]).double(), torch.tensor([1.0, 2, 4]).double()
    a, b = x.T @ x, x.T @ y
    w = torch.linalg.solve(a, b)
    r = (y - x @ w).tolist()
    entries = [f"{v:.0f}" for v in a.flatten().tolist()]
    return [
        f"XᵀX = ({entries[0]}, {entries[1]}; {entries[2]}, {entries[3]})",
        f"Xᵀy = ({b[0].item():.0f}, {b[1].item():.0f})",
        f"det = {torch.linalg.det(a).item():.0f}",
        f"= {w[0].item():.3f}",
        f"= {w[1].item():.1f}",
        f"({r[0]:.3f}, {r[1]:.3f}, {r[2]:.3f})".replace("-", "−"),
    ]


def experiment(off=False):
    kappas = [1, 3, 10] if off else [1, 10, 100, 1e3, 1e4, 1e5]
    formula, by_qr = [], []
    for kappa in kappas:
        runs = [recovered(kappa, seed) for seed in range(5)]
        formula.append(sorted(run[0] for run in runs)[2])
        by_qr.append(sorted(run[1] for run in runs)[2])
    if off:
        assert max(formula) < 1e-4 and max(by_qr) < 1e-4, "with well-conditioned columns both are right"
        says = (
            f"κ up to 10: errors of {formula[-1]:.0e} with the inverse and {by_qr[-1]:.0e} with QR. With columns that differ clearly, "
            "the formula does no harm.",
            f"κ 不超过 10：求逆的误差为 {formula[-1]:.0e}，QR 为 {by_qr[-1]:.0e}。各列差别明显时，公式并无害处。",
        )
    else:
        assert formula[4] > 0.1 > 0.001 > by_qr[4], "at κ = 10⁴ the formula is lost and QR is right"
        assert formula[3] / formula[1] > 1000, "the formula's error grows with the square of κ"
        assert 10 < by_qr[4] / by_qr[2] < 1000, "that of QR with κ"
        says = (
            f"Median of 5 seeds, fp32. κ = 100: {formula[2]:.0e} with the inverse, {by_qr[2]:.0e} with QR; κ = 1000: {formula[3]:.0e} and "
            f"{by_qr[3]:.0e}; κ = 10⁴: {formula[4]:.0e}, hardly a digit right, and {by_qr[4]:.0e}. One error grows like κ², the other like κ.",
            f"5 个种子的中位数，fp32。κ = 100：求逆 {formula[2]:.0e}，QR {by_qr[2]:.0e}；κ = 1000：{formula[3]:.0e} 和 {by_qr[3]:.0e}；κ = 10⁴："
            f"{formula[4]:.0e}（几乎一位都不对）和 {by_qr[4]:.0e}。一个误差按 κ² 增长，另一个按 κ。",
        )
    return {
        "says": says,
        "off": ("columns that are nearly orthogonal", "各列接近正交"),
        "title": ("Relative error of the weights", "权重的相对误差"),
        "chart": "curves",
        "x": kappas,
        "x_label": ("condition number of X", "X 的条件数"),
        "y_label": ("relative error", "相对误差"),
        "log_x": True,
        "log_y": True,
        "series": [(("inv(XᵀX)Xᵀy", "inv(XᵀX)Xᵀy"), formula), ("QR", by_qr)],
    }
