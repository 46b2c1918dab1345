"""fp16 and bf16: range, resolution, and what loss scaling does."""


def made_up_gradients(count=100_000):
    """Gradients spread evenly over the orders of magnitude from 10⁻¹⁰ to 10⁻³."""
    import torch

    g = torch.Generator().manual_seed(0)
    return 10 ** (torch.rand(count, generator=g, dtype=torch.float64) * 7 - 10)


def lost(gradients, dtype, scale=1):
    """The share of entries that become 0 in this format."""
    return ((gradients * scale).to(dtype) == 0).double().mean().item()


def why_scale_evidence():
    import torch

    gradients = made_up_gradients()
    large = torch.tensor([1e5, 3e5], dtype=torch.float64)
    shifts_back = bool((large * 1024).half().isfinite().all())
    loss = torch.tensor(0.0123)
    loses_digits = abs(loss.half().item() / loss.item() - 1) > 0.01
    inside = gradients[gradients > 1e-4]
    biased = abs((inside.half().double() / inside).mean().item() - 1) > 1e-4
    lifts = lost(gradients, torch.float16) > 0.2 and lost(gradients, torch.float16, 2**16) < 0.01
    return [shifts_back, loses_digits, biased, lifts]


def bf16_without_evidence():
    import torch

    half, brain = torch.finfo(torch.float16), torch.finfo(torch.bfloat16)
    more_digits = brain.eps < half.eps
    same_range = (
        lost(made_up_gradients(), torch.bfloat16) == 0 and brain.tiny == torch.finfo(torch.float32).tiny
    )
    product = torch.tensor(1e-6, dtype=torch.bfloat16) * torch.tensor(1e-6, dtype=torch.bfloat16)
    rescaled = product.item() > 0.1
    saturates = brain.max < 70000
    return [same_range, more_digits, rescaled, saturates]


def scaler_order_evidence():
    """Of all orders, only this one moves the weights by the clipped gradient and lowers the scale after an overflow."""
    import itertools
    import warnings

    import torch

    names = ["scale", "unscale", "clip", "step", "update"]

    def run(order, loss_factor):
        w = torch.nn.Parameter(torch.ones(3))
        optimizer = torch.optim.SGD([w], lr=1.0)
        scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
        loss = (loss_factor * w).sum()
        parts = {
            "scale": lambda: scaler.scale(loss).backward(),
            "unscale": lambda: scaler.unscale_(optimizer),
            "clip": lambda: torch.nn.utils.clip_grad_norm_([w], 1.0),
            "step": lambda: scaler.step(optimizer),
            "update": scaler.update,
        }
        before = w.detach().clone()
        try:
            for name in order:
                parts[name]()
        except (AssertionError, RuntimeError):
            return None
        return (w.detach() - before).norm().item(), scaler.get_scale()

    right = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for order in itertools.permutations(names):
            fine = run(order, 1.0)
            if fine and abs(fine[0] - 1) < 1e-4 and run(order, float("inf")) == (0.0, 512.0):
                right.append(order)
    return [right == [tuple(names)]]


def largest_scale_draw(rng):
    import math

    while True:
        g = rng.choice([0.03, 0.05, 0.07, 0.15, 0.2, 0.3, 0.6, 0.7, 1.5, 3, 5, 6, 7, 12])
        answer = 2 ** math.floor(math.log2(65504 / g))
        if 2 <= answer <= 2**19 and 0.55 < g * answer / 65504 < 0.99:
            break
    from_one = 2.0 ** math.floor(math.log2(1 / g))
    return {
        "g": g,
        "answer": answer,
        "scaled": round(g * answer, 2),
        "double": 2 * answer,
        "half": answer // 2,
        "from_one": int(from_one) if from_one >= 1 else from_one,
    }


def largest_scale_evidence(drawn):
    import torch

    def fits(scale):
        return torch.tensor(drawn["g"] * scale, dtype=torch.float64).half().isfinite().item()

    return [
        fits(drawn[name]) and not fits(2 * drawn[name]) for name in ("answer", "double", "half", "from_one")
    ]


def experiment():
    import torch

    def show(value):
        return f"{value:.7g}"

    values = [1e-8, 1e-5, 1 / 3, 1.001, 257, 70000]
    rows = [
        [show(v), *(show(torch.tensor(v, dtype=torch.float64).to(dtype).item()) for dtype in (torch.float16, torch.bfloat16))]
        for v in values
    ]  # fmt: skip
    assert rows[0][1] == "0" and rows[5][1] == "inf", "fp16 has a narrow range"
    assert rows[3][2] == "1" and rows[4][2] != "257", "bf16 has coarse steps"
    gradients = made_up_gradients()
    shares = {
        "fp16": lost(gradients, torch.float16),
        "fp16 × 2¹⁶": lost(gradients, torch.float16, 2**16),
        "bf16": lost(gradients, torch.bfloat16),
    }
    assert shares["fp16"] > 0.25 and shares["fp16 × 2¹⁶"] < 0.01 and shares["bf16"] == 0
    return {
        "says": (
            f"fp16 turns 1e-8 into 0 and 70000 into inf; bf16 keeps both, but rounds 1.001 to 1 and 257 to {rows[4][2]}. Of gradients "
            f"between 1e-10 and 1e-3, fp16 loses {100 * shares['fp16']:.0f} %, with a loss scale of 2¹⁶ {100 * shares['fp16 × 2¹⁶']:.0f} %, bf16 none.",
            f"fp16 把 1e-8 变成 0，把 70000 变成 inf；bf16 两者都能表示，却把 1.001 舍入成 1，把 257 舍入成 {rows[4][2]}。"
            f"对 1e-10 到 1e-3 之间的梯度，fp16 丢掉 {100 * shares['fp16']:.0f} %，损失缩放 2¹⁶ 之后丢掉 {100 * shares['fp16 × 2¹⁶']:.0f} %，bf16 一个不丢。",
        ),
        "charts": [
            {
                "title": ("A number, and what is left of it", "一个数，以及它剩下的样子"),
                "chart": "table",
                "columns": [("number", "原数"), "fp16", "bf16"],
                "rows": rows,
            },
            {
                "title": ("Gradients that become 0", "变成 0 的梯度所占比例"),
                "chart": "bars",
                "bars": [(name, round(100 * share, 2)) for name, share in shares.items()],
                "unit": "%",
                "log": False,
            },
        ],
    }
