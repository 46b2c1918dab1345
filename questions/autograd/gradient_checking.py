"""Finite differences: their two errors, and what they do and do not reveal."""


def _error(h, dtype, quadratic=False, one_sided=False):
    """Median relative error of a finite difference over many points."""
    import torch

    g = torch.Generator().manual_seed(0)
    x = torch.rand(200, generator=g, dtype=torch.float64) + 0.2
    x = x.to(dtype).double()  # the same points in either precision

    def f(v):
        return v * v / 2 + v if quadratic else v.sin().exp()

    exact = x + 1 if quadratic else x.cos() * x.sin().exp()
    low = x.to(dtype)
    upper, lower = low + h, low if one_sided else low - h
    numeric = (f(upper) - f(lower)).double() / (h if one_sided else 2 * h)
    return ((numeric - exact).abs() / exact.abs()).median().item()


STEPS = [10 ** (-k / 4) for k in range(0, 29)]


def experiment(off=False):
    import torch

    series = {}
    for name, dtype in (("float32", torch.float32), ("float64", torch.float64)):
        series[name] = [max(_error(h, dtype, quadratic=off), 1e-17) for h in STEPS]
    if off:
        assert min(series["float64"][:4]) < 1e-14 and min(series["float32"][:4]) < 1e-6, (
            "no error but rounding"
        )
        assert series["float32"][0] < 1e-3 * series["float32"][20], "so the largest step is the best"
        says = (
            f"For a quadratic function the error in h² vanishes: in float32 it is {series['float32'][0]:.0e} at h = 1 and "
            f"{series['float32'][20]:.0e} at 10⁻⁵. The largest step is the best.",
            f"对二次函数，h² 的误差消失：float32 下，h = 1 时误差 {series['float32'][0]:.0e}，h = 10⁻⁵ 时 "
            f"{series['float32'][20]:.0e}。步长越大越好。",
        )
    else:
        best = {name: min(range(len(STEPS)), key=row.__getitem__) for name, row in series.items()}
        low = STEPS[best["float32"]]
        assert 1e-3 < low < 2e-2, "float32 is best near 5e-3"
        assert STEPS[best["float64"]] < 2e-5, "float64 near 6e-6"
        assert series["float32"][-1] > 0.1, "and at 1e-7 float32 has lost everything"
        says = (
            f"float32 is best at h = {low:.0e}, with a relative error of {series['float32'][best['float32']]:.0e}; at 10⁻⁷ it "
            f"is {series['float32'][-1]:.1f}. float64 reaches {min(series['float64']):.0e} near {STEPS[best['float64']]:.0e}.",
            f"float32 在 h = {low:.0e} 处最好，相对误差 {series['float32'][best['float32']]:.0e}；到 10⁻⁷ 时误差是 "
            f"{series['float32'][-1]:.1f}。float64 在 {STEPS[best['float64']]:.0e} 附近达到 {min(series['float64']):.0e}。",
        )
    return {
        "says": says,
        "off": ("a quadratic function, which has no third derivative", "二次函数，三阶导数为零"),
        "title": ("Relative error of the central difference", "中心差分的相对误差"),
        "chart": "curves",
        "x": STEPS,
        "x_label": "h",
        "log_x": True,
        "log_y": True,
        "series": list(series.items()),
    }


def best_step_evidence():
    import torch

    errors = {h: _error(h, torch.float32) for h in STEPS}
    best = min(errors, key=errors.get)
    one_sided = min(STEPS, key=lambda h: _error(h, torch.float32, one_sided=True))
    assert one_sided < 1.5e-3 < best  # the square root of ε, for the one-sided difference
    return [best == STEPS[-1], best < 1e-6, 1e-3 < best < 2e-2, 1e-4 < best < 1e-3]


def why_double_evidence():
    import warnings

    import torch

    def passes(dtype):
        x = (torch.rand(5, generator=torch.Generator().manual_seed(0)) + 0.2).to(dtype).requires_grad_()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.autograd.gradcheck(lambda v: v.sin().exp(), (x,), raise_exception=False)

    assert passes(torch.float64) and not passes(torch.float32)
    zero = torch.tensor(1e-6, dtype=torch.float32).item() == 0
    assert torch.tensor(1.0) + 1e-6 != 1 and torch.tensor(40.0) + 1e-6 == 40
    low, high = (_error(1e-6, dtype) for dtype in (torch.float32, torch.float64))
    noise = 1e-3 < low < 1 and high < 1e-9
    x = torch.tensor(0.7, requires_grad=True)
    y = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    x.sin().exp().backward()
    y.sin().exp().backward()
    assert abs(x.grad.item() - y.grad.item()) < 1e-6
    other = type(x.sin().grad_fn) is not type(y.sin().grad_fn)
    return [zero, noise, None, other]


def central_draw(rng):
    x, h = rng.randint(2, 5), rng.choice([0.2, 0.3, 0.4, 0.5])
    values = {
        "answer": 3 * x * x + h * h,
        "exact": 3 * x * x,
        "forward": 3 * x * x + 3 * x * h + h * h,
        "half": 3 * x * x + h * h / 4,
        "square": h * h,
    }
    return {"x": x, "h": h} | {name: round(value, 4) for name, value in values.items()}


def central_evidence(drawn):
    x, h = drawn["x"], drawn["h"]
    value = ((x + h) ** 3 - (x - h) ** 3) / (2 * h)
    return [abs(value - drawn[k]) < 1e-6 for k in ("answer", "exact", "forward", "half")]


def cost_draw(rng):
    params, ms = rng.randrange(2000, 90000, 1000), rng.choice([0.5, 1, 2, 5, 8])
    values = {
        "answer": 2 * params * ms / 1000,
        "one": params * ms / 1000,
        "step": 3 * ms / 1000,
        "direction": 2 * ms / 1000,
    }
    return {"params": params, "ms": ms} | {name: round(value, 4) for name, value in values.items()}


def cost_evidence(drawn):
    import torch

    calls = 0

    def f(v):
        nonlocal calls
        calls += 1
        return (v**3).sum()

    n = 40
    x = torch.rand(n, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    gradient = [(f(x + 1e-5 * e) - f(x - 1e-5 * e)).item() / 2e-5 for e in torch.eye(n, dtype=torch.float64)]
    assert torch.allclose(torch.tensor(gradient, dtype=torch.float64), 3 * x * x, atol=1e-6)
    seconds = calls / n * drawn["params"] * drawn["ms"] / 1000
    return [abs(seconds / drawn[k] - 1) < 0.005 for k in ("answer", "one", "step", "direction")]


def _mismatch(fixed, p=0.5):
    """Largest entry of the numerical and of the analytical Jacobian of dropout."""
    import torch

    x = torch.rand(6, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 1

    def f(v):
        if fixed:
            torch.manual_seed(3)
        return torch.nn.functional.dropout(v, p)

    h = 1e-6
    with torch.random.fork_rng():
        torch.manual_seed(1)
        columns = [(f(x + h * e) - f(x - h * e)) / (2 * h) for e in torch.eye(6, dtype=torch.float64)]
        exact = torch.autograd.functional.jacobian(f, x)
    numeric = torch.stack(columns, 1)
    return numeric.abs().max().item(), exact.abs().max().item(), torch.allclose(numeric, exact, atol=1e-6)


def mask_evidence():
    numeric, exact, same = _mismatch(fixed=False)
    _numeric, _exact, repaired = _mismatch(fixed=True)
    assert numeric > 5e5 and exact <= 2 and not same
    kink = not repaired  # with the mask held fixed it is linear, and the check passes
    return [kink, None, None, repaired]


def finds_evidence():
    import torch
    from torch.autograd import gradcheck

    def function(forward, backward):
        class F(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return forward(x)

            @staticmethod
            def backward(ctx, grad):
                return backward(ctx.saved_tensors[0], grad)

        return F.apply

    x = torch.randn(6, dtype=torch.float64, requires_grad=True, generator=torch.Generator().manual_seed(0))
    tested = [
        function(lambda v: v**3, lambda v, g: 3 * v**2),
        lambda v: v.var(),  # divides by n − 1, and is differentiated as such
        function(lambda v: v - v.mean(), lambda v, g: g),
        function(lambda v: v**2, lambda v, g: g * torch.where(v > 50, v, 2 * v)),
    ]
    one = torch.randn((), dtype=torch.float64, requires_grad=True, generator=torch.Generator().manual_seed(1))
    assert not gradcheck(
        tested[0], (one,), raise_exception=False
    )  # seen on a scalar as well, by a zero gradient
    tested[0](one).backward()
    assert torch.isclose(one.grad, 3 * one.detach() ** 2)  # but not by a plain backward from it
    return [not gradcheck(f, (x,), raise_exception=False) for f in tested]


def worked():
    up, down = 2.1**3, 1.9**3
    return [
        f"({up:.3f} − {down:.3f}) / 0.2 = {(up - down) / 0.2:.2f}",
        f"({up:.3f} − 8) / 0.1 = {(up - 8) / 0.1:.2f}",
    ]
