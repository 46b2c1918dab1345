"""Softmax and its logarithm at logits where the literal formula fails."""


def literal(o, c=0.0):
    """exp(o − c)/Σ exp(o − c), as it stands."""
    e = (o - c).exp()
    return e / e.sum()


def shift_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    o = torch.randn(6, generator=g, dtype=torch.float64) + 3
    shifted = o - o.max()
    ratios_survive = torch.allclose(shifted[1:] / shifted[:-1], o[1:] / o[:-1])
    cancels = torch.allclose(literal(o), literal(shifted), rtol=1e-14)
    # A change hidden by rounding would show once it is a thousand times finer: float32 errors against float64 ones.
    error = (literal(o) - literal(shifted)).abs().max().item()
    hidden_by_rounding = error > 1e-10
    learned = not torch.allclose(literal(o), literal(shifted))  # nothing has been trained here
    return [cancels, ratios_survive, hidden_by_rounding, learned]


def fused_evidence():
    import torch

    o = torch.tensor([0.0, 200.0])
    apart, fused = o.softmax(0).log(), o.log_softmax(0)
    # Without any exponential, two equal logits would give o − max = 0 instead of −log 2.
    no_exponentials = torch.zeros(2).log_softmax(0).abs().max().item() < 0.1
    softmax_overflows = not torch.tensor([1000.0, 0.0]).softmax(0).isfinite().all().item()
    log_of_zero = apart[0].item() == -float("inf") and fused[0].item() == -200
    g = torch.Generator().manual_seed(0)
    rows = torch.randn(1000, 10, generator=g).softmax(1).sum(1)
    sum_matters = (rows.log().abs().max().item()) > 1e-3
    return [no_exponentials, softmax_overflows, log_of_zero, sum_matters]


def which_constant_evidence():
    import torch

    inputs = [
        torch.tensor(o)
        for o in ([0.0, 0.0, 0.0, 400.0], [0.0, 200.0], [-300.0, -310.0], [5.0, -2.0], [1e4, -1e4])
    ]

    def safe(c):
        return all(
            torch.allclose(literal(o, c(o)), literal(o.double(), o.double().max()).float()) for o in inputs
        )

    return [safe(lambda o: o.mean()), safe(lambda o: o.min()), safe(lambda o: 88.0), safe(lambda o: o.max())]


def where_evidence():
    import torch

    def first(failed):
        return next(g for g in range(1, 800) if failed(torch.tensor([0.0, float(g)])))

    nan = first(lambda o: literal(o).isnan().any())
    no_log = first(lambda o: o.softmax(0).log()[0].isinf())
    return [(nan, no_log) == claim for claim in ((710, 89), (710, 104), (89, 89), (89, 104))]


def online_draw(rng):
    import math

    while True:
        seen, step = rng.sample(range(-3, 5), 3), rng.choice([1, 2])
        m = max(seen)
        last = m + step
        old = sum(math.exp(o - m) for o in seen)
        values = {
            "answer": old * math.exp(m - last) + 1,
            "not_rescaled": old + 1,
            "old_max": old + math.exp(last - m),
            "wrong_way": old * math.exp(last - m) + 1,
        }
        numbers = list(values.values())
        if min(abs(a / b - 1) for i, a in enumerate(numbers) for b in numbers[:i]) > 0.02:
            logits = ", ".join(str(o).replace("-", "−") for o in [*seen, last])
            shown = {name: f"{value:.3f}" for name, value in values.items()}
            return {"logits": logits, "last": last, "m": m, "l": f"{old:.3f}", **shown}


def online_evidence(drawn):
    """The sum relative to the final maximum, all logits at once."""
    import torch

    o = torch.tensor([float(x.replace("−", "-")) for x in drawn["logits"].split(", ")], dtype=torch.float64)
    whole = (torch.logsumexp(o, 0) - o.max()).exp().item()
    return [
        abs(float(drawn[name]) / whole - 1) < 0.005
        for name in ("answer", "not_rescaled", "old_max", "wrong_way")
    ]


def masked_row_evidence():
    import torch
    from torch.nn import functional as F

    inf = float("inf")
    scores = torch.tensor([[300.0, -inf], [-inf, -inf]])
    weights = scores.softmax(1)
    overflows = bool(torch.tensor([[300.0, 1e30]]).softmax(1).isnan().any())
    log_zero = bool(F.cross_entropy(torch.tensor([[0.0, 500.0]]), torch.tensor([0])).isnan())
    product = bool((torch.tensor([1.0, 0.0]) @ torch.tensor([1.0, 1e30])).isnan())
    return [overflows, log_zero, product, bool(weights[1].isnan().all() and weights[0].isfinite().all())]


def worked():
    import torch

    o = torch.tensor([1.0, 3.0, 4.0], dtype=torch.float64)
    total = (o - 4).exp().sum()
    logs = [f"{x:.3f}".replace("-", "−") for x in o.log_softmax(0).tolist()]
    return [f"{total.item():.3f}", f"{total.log().item():.3f}", *logs]


def experiment(off=False):
    import torch

    def show(value):
        return f"{value:.4g}"

    rows = []
    for gap in (1.0, 3.0, 10.0, 30.0) if off else (10.0, 50.0, 88.0, 89.0, 104.0, 200.0, 1000.0):
        o = torch.tensor([0.0, gap])
        rows.append(
            [
                f"[0, {gap:.0f}]",
                show(literal(o)[1].item()),
                show(o.softmax(0)[1].item()),
                show(o.softmax(0).log()[0].item()),
                show(o.log_softmax(0)[0].item()),
            ]
        )
    cells = {row[0]: row[1:] for row in rows}
    title = (
        "fp32: p of the larger logit, then log p of the smaller",
        "fp32：较大 logit 的 p，以及较小 logit 的 log p",
    )
    columns = [
        "logits",
        ("literal", "照定义"),
        ("shifted", "减最大值"),
        "log(softmax)",
        "log_softmax",
    ]
    label = ("logits up to 30", "logits 不超过 30")
    if off:
        assert all(row[1] == row[2] and abs(float(row[3]) / float(row[4]) - 1) < 1e-3 for row in rows)
        return {
            "says": (
                "With logits up to 30 all ways agree: neither exp nor the small probability leaves fp32's range.",
                "logits 不超过 30 时，各种算法的结果一致：exp 和小概率都没有超出 fp32 的范围。",
            ),
            "off": label,
            "title": title,
            "chart": "table",
            "columns": columns,
            "rows": rows,
        }
    assert cells["[0, 88]"][0] == "1" and cells["[0, 89]"][0] == "nan", "the literal form fails above 88.7"
    assert all(row[2] == "1" for row in rows), "the shifted form never does"
    assert cells["[0, 200]"][2:] == ["-inf", "-200"], "only the fused log survives"

    def slope(loss):
        o = torch.tensor([0.0, 200.0], requires_grad=True)
        return torch.autograd.grad(loss(o), o)[0][0].item()

    fused, clamped = slope(lambda o: -o.log_softmax(0)[0]), slope(lambda o: -(o.softmax(0)[0] + 1e-9).log())
    assert abs(fused + 1) < 1e-6 and abs(clamped) < 1e-6
    return {
        "says": (
            f"In fp32 the literal softmax is NaN from a logit of 89 on; with the maximum subtracted it is right everywhere. At [0, 200], "
            f"log(softmax) is {cells['[0, 200]'][2]}, log_softmax {cells['[0, 200]'][3]}; its loss has the slope {fused:.0f}, with +1e-9 in the log {abs(clamped):.0f}.",
            f"fp32 里照定义算的 softmax 从 logit 为 89 起就是 NaN，减去最大值则处处正确。在 [0, 200] 处，log(softmax) 是 "
            f"{cells['[0, 200]'][2]}，log_softmax 是 {cells['[0, 200]'][3]}；后者的 loss 斜率为 {fused:.0f}，而在 log 里加 1e-9 时为 {abs(clamped):.0f}。",
        ),
        "off": label,
        "title": title,
        "chart": "table",
        "columns": columns,
        "rows": rows,
    }
