"""Where exp and products leave the floating-point formats, and how logs avoid it."""


def overflow_evidence():
    import torch

    cases = [(12.0, "float16"), (12.0, "bfloat16"), (80.0, "float32"), (90.0, "float32"), (90.0, "bfloat16"), (90.0, "float64")]  # fmt: skip
    return [torch.exp(torch.tensor(x, dtype=getattr(torch, name))).isinf().item() for x, name in cases]


def underflow_draw(rng):
    import math

    p = rng.choice([0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25])

    def factors(limit):
        return math.ceil(limit / -math.log10(p))

    return {
        "p": p,
        "digits": round(-math.log10(p), 2),
        "answer": factors(45.155),
        "from_largest": factors(38.53),
        "double": factors(323.6),
        "half": factors(7.53),
    }


def underflow_evidence(drawn):
    import torch

    product, factor, count = torch.tensor(1.0), torch.tensor(drawn["p"]), 0
    while product > 0:
        product, count = product * factor, count + 1
    return [abs(drawn[name] / count - 1) < 0.035 for name in ("answer", "from_largest", "double", "half")]


def add_logs_draw(rng):
    import math

    a, gap = -rng.randint(80, 120) * 10, rng.choice([1, 2, 3])
    extra = math.log1p(math.exp(-gap))
    return {
        "a": a,
        "b": a - gap,
        "gap": gap,
        "extra": round(extra, 3),
        "answer": f"{a + extra:.2f}",
        "product": 2 * a - gap,
        "doubled": f"{a + math.log(2):.2f}",
    }


def add_logs_evidence(drawn):
    """By adding the probabilities themselves, in decimal arithmetic that has room for them."""
    from decimal import Decimal

    exact = float((Decimal(drawn["a"]).exp() + Decimal(drawn["b"]).exp()).ln())
    return [abs(float(drawn[name]) - exact) < 0.006 for name in ("answer", "product", "a", "doubled")]


def clamp_evidence():
    import torch
    from torch.nn import functional as F

    def loss_and_slope(loss):
        x = torch.tensor(-30.0, requires_grad=True)
        value = loss(x)
        return value.item(), torch.autograd.grad(value, x)[0].item()

    clamped, slope = loss_and_slope(lambda x: -(torch.sigmoid(x) + 1e-8).log())
    _, right = loss_and_slope(lambda x: -F.logsigmoid(x))
    assert abs(right + 1) < 1e-5
    return [clamped == float("inf"), clamped < 0, abs(slope) < 1e-4, abs(slope) > 10]


def formats_evidence():
    import torch

    def factors(dtype):
        product, count = torch.tensor(1.0, dtype=dtype), 0
        while product > 0 and count < 1000:
            product, count = product * 0.1, count + 1
        return count

    measured = [factors(dtype) for dtype in (torch.float16, torch.bfloat16, torch.float32)]
    claims = (8, 8, 46), (8, 41, 46), (5, 38, 38), (1000, 1000, 1000)
    return [all(abs(a - b) <= 1 for a, b in zip(measured, claim, strict=True)) for claim in claims]


def long_documents_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    ends, fine, positive, root = {}, True, True, True
    for n in (10, 20, 60, 200):
        for _ in range(3):
            probs = (torch.randn(n, generator=g) * 0.5 - torch.log(torch.tensor(20.0))).exp().clamp(max=1)
            ends.setdefault(n, []).append((1 / probs.prod()) ** (1 / n))
            fine &= 10 < (-probs.log().mean()).exp().item() < 40
            positive &= bool((probs > 0).all())
            root &= bool(torch.tensor(20.0) ** (1 / n) > 1)
    long_inf = all(torch.stack(ends[n]).isinf().all() for n in (60, 200))
    short_fine = all(torch.stack(ends[n]).isfinite().all() for n in (10, 20))
    return [not fine, not positive, not root, bool(long_inf and short_fine and fine)]


def worked():
    import torch

    p, q = torch.tensor([-1000.0, -1002.0], dtype=torch.float64)
    both = torch.logaddexp(p, q).item()
    assert p.exp() == 0 == q.exp()
    return [f"{both + 1000:.3f}", f"{both:.3f}".replace("-", "−")]


def experiment():
    import math

    import torch

    def border(dtype, low, high, failed):
        """Where `failed` begins to hold between `low` (fine) and `high`."""
        for _ in range(50):
            middle = (low + high) / 2
            low, high = (low, middle) if failed(torch.tensor(middle, dtype=dtype).exp()) else (middle, high)
        return high

    rows, limits = [], {}
    for name in ("float16", "bfloat16", "float32", "float64"):
        dtype = getattr(torch, name)
        above = border(dtype, 0.0, 2000.0, lambda y: y.isinf())
        below = border(dtype, 0.0, -2000.0, lambda y: y == 0)
        product, count = torch.tensor(1.0, dtype=dtype), 0
        while product > 0:
            product, count = product * 0.1, count + 1
        rows.append([name, f"{above:.1f}", f"{below:.1f}", count])
        limits[name] = above, below, count
    assert abs(limits["float32"][0] - 88.7) < 0.1 and abs(limits["float16"][0] - 11.1) < 0.1
    assert 44 <= limits["float32"][2] <= 48
    log_p = torch.full((1000,), math.log(0.1))
    total, product = log_p.sum().item(), log_p.exp().prod().item()
    assert product == 0 and abs(total + 2302.585) < 0.1
    return {
        "says": (
            f"exp overflows above {limits['float32'][0]:.1f} in fp32 and {limits['float16'][0]:.1f} in fp16. A product of 0.1s is 0 in fp32 after "
            f"{limits['float32'][2]} factors; the sum of 1000 logs is {total:.1f}.",
            f"exp 在 fp32 里超过 {limits['float32'][0]:.1f} 就上溢，fp16 里是 {limits['float16'][0]:.1f}。fp32 里 0.1 连乘 "
            f"{limits['float32'][2]} 次就成了 0，而 1000 个对数之和是 {total:.1f}。",
        ),
        "title": ("Where exp and products give up", "exp 与连乘在哪里失效"),
        "chart": "table",
        "columns": [
            ("format", "格式"),
            ("exp is inf above", "exp 上溢界限"),
            ("exp is 0 below", "exp 变 0 界限"),
            ("0.1ⁿ is 0 at n =", "0.1ⁿ 变 0 时的 n"),
        ],
        "rows": rows,
    }
