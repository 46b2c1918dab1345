"""Functions with a backward of their own: right, wrong, stable, and sparing."""

MODELS = {"Llama-2-7B": (32, 11008), "Llama-3-8B": (32, 14336), "Llama-2-70B": (80, 28672)}


def _softplus():
    import torch

    class Softplus(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.clamp(min=0) + torch.log1p(torch.exp(-x.abs()))

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return grad * torch.sigmoid(x)

    return Softplus.apply


def _both(at):
    """Value and gradient of log(1 + eˣ) at a point: from its parts, and by a Function."""
    import torch

    def parts(x):
        return torch.log(1 + torch.exp(x))

    out = []
    for function in (parts, _softplus()):
        x = torch.tensor(float(at), requires_grad=True)
        y = function(x)
        y.backward()
        out.append((y.item(), x.grad.item()))
    return out


def experiment(off=False):
    import math

    import torch

    x = torch.randn(20, dtype=torch.float64, requires_grad=True, generator=torch.Generator().manual_seed(0))
    assert torch.autograd.gradcheck(_softplus(), (3 * x,)), "the Function's backward is right"
    points = [-5, -1, 0, 1, 5, 10] if off else [-20, 0, 20, 80, 100, 1000]
    rows = [(at, *_both(at)) for at in points]
    for at, (value, slope), (stable, right) in rows:
        exact = max(at, 0) + math.log1p(math.exp(-abs(at)))
        assert math.isclose(stable, exact, rel_tol=1e-5) and math.isclose(
            right, 1 / (1 + math.exp(-at)), rel_tol=1e-5
        )
        if at >= 100:
            assert value == math.inf and math.isnan(slope), "the parts overflow, and 0 · ∞ is NaN"
        elif off:
            assert math.isclose(value, exact, rel_tol=1e-4) and math.isclose(slope, right, rel_tol=1e-4), (
                "both right"
            )
    last = rows[4]
    if off:
        says = (
            f"Between −5 and 10 nothing overflows: at 5 both ways give {last[1][0]:.4f} with gradient {last[1][1]:.4f}.",
            f"在 −5 到 10 之间没有溢出：x = 5 时两种写法都得 {last[1][0]:.4f}，梯度 {last[1][1]:.4f}。",
        )
    else:
        says = (
            f"At x = 100 the parts give {last[1][0]} with gradient {last[1][1]}; the Function gives {last[2][0]:g} and "
            f"{last[2][1]:g}. At −20 the parts lose everything as well: {rows[0][1][0]:g} in place of {rows[0][2][0]:.1e}.",
            f"x = 100 时，拼起来的写法得 {last[1][0]}，梯度 {last[1][1]}；Function 得 {last[2][0]:g} 和 {last[2][1]:g}。"
            f"x = −20 时拼起来的写法也全丢了：得 {rows[0][1][0]:g}，应为 {rows[0][2][0]:.1e}。",
        )
    return {
        "says": says,
        "off": ("moderate x, from −5 to 10", "x 适中，从 −5 到 10"),
        "title": ("log(1 + eˣ) in float32", "float32 下的 log(1 + eˣ)"),
        "chart": "table",
        "columns": [
            "x",
            ("parts", "拼起来"),
            ("its gradient", "其梯度"),
            "Function",
            ("its gradient", "其梯度"),
        ],
        "rows": [[str(at), *(f"{v:.4g}" for pair in both for v in pair)] for at, *both in rows],
    }


def softplus_evidence():
    import math

    value, slope = _both(100)[0]
    low = _both(80)[0]
    assert _both(-20)[0][0] == 0  # 1 + e⁻²⁰ is rounded to 1: below zero the value loses its digits
    assert math.isclose(low[0], 80, rel_tol=1e-5) and math.isclose(low[1], 1, rel_tol=1e-5)
    infinite, nan = value == math.inf, math.isnan(slope)
    return [
        value == 100 and slope == 1,
        infinite and slope == 1,
        infinite and nan,
        value == 100 and nan,
    ]


def why_save_evidence():
    import torch

    def square(how):
        class Square(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                if how == "attribute":
                    ctx.x = x
                else:
                    ctx.save_for_backward(x)
                return x * x

            @staticmethod
            def backward(ctx, grad):
                x = ctx.x if how == "attribute" else ctx.saved_tensors[0]
                return grad * 2 * x

        return Square.apply

    def gradient(how, change):
        leaf = torch.tensor(3.0, requires_grad=True)
        x = leaf * 1
        y = square(how)(x)
        if change:
            with torch.no_grad():
                x.mul_(10)
        try:
            y.backward()
        except RuntimeError:
            return "error"
        return leaf.grad.item()

    assert gradient("attribute", False) == 6  # an attribute is still there in backward
    copies = gradient("saved", True) == 6
    notices = gradient("saved", True) == "error" and gradient("attribute", True) == 60
    return [None, copies, None, notices]


def _gated_keeps(fused, n=8, wide=16):
    """Tensors of n × wide that a gated product keeps for backward, from its parts or by a Function."""
    import torch

    class Gate(torch.autograd.Function):
        @staticmethod
        def forward(ctx, g, u):
            ctx.save_for_backward(g, u)
            return g * torch.sigmoid(g) * u

        @staticmethod
        def backward(ctx, grad):
            g, u = ctx.saved_tensors
            s = torch.sigmoid(g)
            return grad * u * s * (1 + g * (1 - s)), grad * g * s

    def parts(g, u):
        return g * torch.sigmoid(g) * u

    kept = {}

    def pack(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    generator = torch.Generator().manual_seed(0)
    x, y = (
        torch.randn(n, wide, generator=generator, dtype=torch.float64, requires_grad=True) for _ in range(2)
    )
    assert torch.autograd.gradcheck(Gate.apply, (x, y))
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        (Gate.apply if fused else parts)(x * 1, y * 1)
    return sum(t.untyped_storage().nbytes() for t in kept.values()) / (n * wide * 8)


def swiglu_draw(rng):
    model, tokens = rng.choice(sorted(MODELS)), rng.choice([2048, 4096, 6144, 8192, 12288])
    layers, wide = MODELS[model]
    tensor = tokens * wide * 2 * layers / 1e9
    values = {"answer": 2 * tensor, "one": tensor, "kept": 4 * tensor, "layer": 2 * tensor / layers}
    shown = {name: float(f"{value:.3g}") for name, value in values.items()}
    return {"model": model, "tokens": tokens, "layers": layers, "wide": wide} | shown


def swiglu_evidence(drawn):
    layers, wide = MODELS[drawn["model"]]
    saved = _gated_keeps(False) - _gated_keeps(True)
    gigabytes = saved * layers * wide * drawn["tokens"] * 2 / 1e9
    return [abs(gigabytes / drawn[k] - 1) < 0.01 for k in ("answer", "one", "kept", "layer")]


def offset_shape_evidence():
    import torch

    def add(reduce):
        class Add(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, b):
                return x + b[:, None]

            @staticmethod
            def backward(ctx, grad):
                return grad, reduce(grad)

        return Add.apply

    g = torch.Generator().manual_seed(0)
    x, weights = torch.randn(32, 10, generator=g), torch.randn(32, 10, generator=g)
    b = torch.randn(32, generator=g, requires_grad=True)
    want = torch.autograd.grad(((x + b[:, None]) * weights).sum(), b)[0]
    out = []
    for reduce in (lambda v: v.mean(1), lambda v: None, lambda v: v[:, 0], lambda v: v.sum(1)):
        b.grad = None
        (add(reduce)(x, b) * weights).sum().backward()
        out.append(b.grad is not None and torch.allclose(b.grad, want, atol=1e-6))
    message = ""
    try:
        (add(lambda v: v)(x, b) * weights).sum().backward()
    except RuntimeError as error:
        message = str(error)
    assert "expected shape compatible with [32]" in message, message
    return out


def worked():
    import torch

    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return grad * 3 * x**2

    x = torch.tensor(2.0, requires_grad=True)
    (5 * Cube.apply(x)).backward()
    value, slope = _both(100)[0]
    assert str(value) == "inf" and str(slope) == "nan"
    return [f"5 · 3 · 4 = {x.grad.item():.0f}"]
