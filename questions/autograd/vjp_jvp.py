"""Products with Jacobians, and the matrices that they spare."""


def _layer(batch, d=8):
    import torch

    g = torch.Generator().manual_seed(0)
    w = torch.randn(d, d, generator=g)
    return lambda x: torch.tanh(x @ w), torch.randn(batch, d, generator=g)


def _numbers(batch, by_example=False):
    """Numbers in the full Jacobian (or in the Jacobians of single examples), and in a VJP."""
    import torch

    f, x = _layer(batch)
    matrix = torch.func.vmap(torch.func.jacrev(f))(x) if by_example else torch.func.jacrev(f)(x)
    y, pull = torch.func.vjp(f, x)
    u = torch.ones_like(y)
    (row,) = pull(u)
    if not by_example:
        assert torch.allclose(torch.tensordot(u, matrix, 2), row, atol=1e-5), "uᵀJ, by the matrix or without"
    return matrix.numel(), row.numel()


def experiment(off=False):
    batches = [1, 2, 4, 8, 16, 32]
    full, row = zip(*(_numbers(b, by_example=off) for b in batches), strict=True)
    assert all(n == 8 * b for n, b in zip(row, batches, strict=True)), "the VJP has the shape of X"
    if off:
        assert all(n == 64 * b for n, b in zip(full, batches, strict=True)), "one block an example"
        says = (
            f"By single examples there are {full[-1]:,} numbers for B = 32, {full[-1] // full[-2]} times those for 16: the "
            "blocks between different examples, which are zero, are never computed.",
            f"逐样本求，B = 32 时是 {full[-1]:,} 个数，为 16 时的 {full[-1] // full[-2]} 倍：不同样本之间的块都是零，根本不算。",
        )
    else:
        assert all(n == (8 * b) ** 2 for n, b in zip(full, batches, strict=True)), (
            "the Jacobian is (8B) × (8B)"
        )
        says = (
            f"For B = 32 the Jacobian has {full[-1]:,} numbers, {full[-1] // full[-2]} times those for 16; the VJP has "
            f"{row[-1]}, {row[-1] // row[-2]} times.",
            f"B = 32 时 Jacobian 有 {full[-1]:,} 个数，为 16 时的 {full[-1] // full[-2]} 倍；VJP 有 {row[-1]} 个，为 "
            f"{row[-1] // row[-2]} 倍。",
        )
    return {
        "says": says,
        "off": ("one Jacobian for each example, by vmap", "用 vmap 逐样本求 Jacobian"),
        "title": ("Numbers in the result, 8 → 8", "结果里的数，8 → 8"),
        "chart": "curves",
        "x": batches,
        "x_label": "B",
        "log_x": True,
        "log_y": True,
        "series": [("Jacobian", list(full)), ("VJP", list(row))],
    }


def doubling_evidence():
    factors = {(b[0] / a[0], b[1] / a[1]) for a, b in ((_numbers(n), _numbers(2 * n)) for n in (2, 8))}
    return [factors == {pair} for pair in ((2, 2), (4, 2), (4, 4), (2, 4))]


def why_products_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    w1, w2, x = (torch.randn(4, 4, generator=g, dtype=torch.float64) for _ in range(3))
    x = x[0]

    def one(v):
        return torch.tanh(w1 @ v)

    def two(v):
        return torch.tanh(w2 @ v)

    jac = torch.func.jacrev
    chained = torch.allclose(jac(lambda v: two(one(v)))(x), jac(two)(one(x)) @ jac(one)(x))
    rows = torch.stack([torch.func.vjp(one, x)[1](e)[0] for e in torch.eye(4, dtype=torch.float64)])
    exact = torch.allclose(rows, (1 - one(x) ** 2)[:, None] * w1, atol=1e-14)
    full, row = _numbers(32)
    assert exact  # true, and no reason
    return [None, not chained, full > 100 * row, None]


def softmax_draw(rng):
    while True:
        p, q = rng.choice([0.2, 0.3, 0.4, 0.5, 0.6]), rng.choice([0.1, 0.2, 0.3])
        r = round(1 - p - q, 1)
        a, b, c = (rng.randint(-6, 9) for _ in range(3))
        mean = p * a + q * b + r * c
        values = {"answer": p * (a - mean), "diagonal": p * (1 - p) * a, "plain": p * a, "centred": a - mean}
        numbers = list(values.values())
        apart = min(abs(x - y) for i, x in enumerate(numbers) for y in numbers[:i])
        if r >= 0.1 and a and apart > 0.15 and min(map(abs, numbers)) > 0.1:
            shown = {name: round(value, 3) for name, value in values.items()}
            return {"p": p, "q": q, "r": r, "a": a, "b": b, "c": c, "mean": round(mean, 2)} | shown


def softmax_evidence(drawn):
    import torch

    p = torch.tensor([drawn[k] for k in "pqr"], dtype=torch.float64)
    z = p.log().requires_grad_()
    out = z.softmax(0)
    g = torch.tensor([float(drawn[k]) for k in "abc"], dtype=torch.float64)
    first = torch.autograd.grad(out, z, g)[0][0].item()
    return [abs(first - drawn[k]) < 0.002 for k in ("answer", "diagonal", "plain", "centred")]


def whole_matrix_draw(rng):
    n, m = rng.choice([(4096, 4096), (4096, 11008), (4096, 14336), (8192, 8192), (8192, 1024)])
    tokens = rng.choice([64, 128, 256])
    values = {
        "answer": tokens * m * tokens * n * 2,
        "blocks": tokens * m * n * 2,
        "weight": m * n * 2,
        "vector": tokens * n * 2,
    }
    return {"n": n, "m": m, "tokens": tokens} | {k: float(f"{v / 1e9:.3g}") for k, v in values.items()}


def whole_matrix_evidence(drawn):
    import torch

    w = torch.randn(3, 5)  # small: the number of entries is tokens² · n · m
    count = torch.func.jacrev(lambda x: x @ w)(torch.randn(4, 3)).numel()
    assert count == 4 * 4 * 3 * 5
    gigabytes = count / (16 * 15) * drawn["tokens"] ** 2 * drawn["n"] * drawn["m"] * 2 / 1e9
    return [abs(gigabytes / drawn[k] - 1) < 0.01 for k in ("answer", "blocks", "weight", "vector")]


def each_example_evidence():
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    g = torch.Generator().manual_seed(0)
    n, d = 16, 8
    x, y = torch.randn(n, d, generator=g), torch.randn(n, d, generator=g)
    w = torch.randn(d, d, generator=g)

    def loss(w, x, y):
        return ((torch.tanh(x @ w) - y) ** 2).mean(-1)

    loop = torch.stack([torch.func.grad(loss)(w, x[i], y[i]) for i in range(n)])

    def counted(work):
        with FlopCounterMode(display=False) as counter:
            result = work()
        return counter.get_total_flops(), result

    mapped, rows = counted(lambda: torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))(w, x, y))
    inner = w.clone().requires_grad_()

    def one_by_one():  # what jacrev computes, a VJP through the whole batch for each row
        losses = loss(inner, x, y)
        return torch.stack([torch.autograd.grad(losses[i], inner, retain_graph=True)[0] for i in range(n)])

    by_rows, same = counted(one_by_one)
    assert torch.allclose(same, loop, atol=1e-6)
    total, mean = (
        torch.autograd.grad(getattr(loss(inner, x, y), how)(), inner)[0] for how in ("sum", "mean")
    )
    assert torch.allclose(total, n * mean, atol=1e-5)
    one_row = total.shape == loop.shape
    values = loss(w, x, y)
    scaled = loop.mean(0) * (values / values.mean())[:, None, None]
    good = torch.allclose(rows, loop, atol=1e-6) and mapped < by_rows / 3
    return [one_row, good, None, torch.allclose(scaled, loop, atol=1e-2)]


def worked():
    import torch

    def f(x):
        return torch.stack([x[0] * x[1], x[0] + x[1]])

    x, v = torch.tensor([2.0, 3.0]), torch.tensor([1.0, 0.0])
    jv = torch.func.jvp(f, (x,), (v,))[1]
    uj = torch.func.vjp(f, x)[1](v)[0]
    entries = (128 * 4096) ** 2
    power = f"{entries / 1e11:.1f}"
    return [
        *("(" + ", ".join(f"{n:.0f}" for n in t.tolist()) + ")" for t in (jv, uj)),
        f"{power} · 10¹¹",
        f"{round(2 * entries / 1e9, -1):.0f} GB",
        f"{128 * 4096:,}",
    ]
