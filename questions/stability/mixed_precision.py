"""fp16 and bf16: range, resolution, and what loss scaling does."""


def made_up_gradients(count=100_000, low=-10, high=-3):
    """Gradients spread evenly over the orders of magnitude from 10⁻¹⁰ to 10⁻³."""
    import torch

    g = torch.Generator().manual_seed(0)
    return 10 ** (torch.rand(count, generator=g, dtype=torch.float64) * (high - low) + low)


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


def share_lost_evidence():
    import torch

    gradients = made_up_gradients()
    shares = [
        lost(gradients, torch.float16),
        lost(gradients, torch.float16, 2**16),
        lost(gradients, torch.bfloat16),
    ]
    claims = (0.7, 0, 0), (0.35, 0.35, 0), (0.35, 0, 0.35), (0.35, 0, 0)
    return [max(abs(a - b) for a, b in zip(shares, claim, strict=True)) < 0.02 for claim in claims]


def what_shrinks_evidence():
    """Bytes saved for the backward pass of an MLP with and without autocast; bytes a weight from tensors of each kind."""
    import torch
    from torch import nn

    net = nn.Sequential(nn.Linear(64, 256), nn.GELU(), nn.Linear(256, 64))
    own = {p.data_ptr() for p in net.parameters()}

    def saved(low):
        sizes = {}

        def keep(t):
            if t.data_ptr() not in own and t.shape[0] == 512:  # activations: they have the batch in front
                sizes[t.data_ptr()] = t.untyped_storage().nbytes()
            return t

        x = torch.randn(512, 64, requires_grad=True)
        hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t)
        with hooks, torch.autocast("cpu", dtype=torch.bfloat16, enabled=low):
            out = net(x if not low else x.bfloat16())
        assert out.dtype == (torch.bfloat16 if low else torch.float32)
        return sum(sizes.values())

    halved = 0.4 < saved(True) / saved(False) < 0.6
    four, two = torch.float32.itemsize, torch.bfloat16.itemsize
    states_stay = 4 * four == 2 * two + 3 * four  # weight, gradient, m, v against the same and a master copy
    return [
        not halved and not states_stay,
        halved and not states_stay,
        halved and states_stay,
        not halved and states_stay,
    ]


def falling_scale_evidence():
    import torch

    def scales(loss_of, steps=20):
        w = torch.nn.Parameter(torch.ones(2))
        optimizer = torch.optim.SGD([w], lr=1e-3)
        scaler, seen = torch.amp.GradScaler("cpu"), []
        for _ in range(steps):
            optimizer.zero_grad()
            scaler.scale(loss_of(w)).backward()
            scaler.step(optimizer)
            scaler.update()
            seen.append(scaler.get_scale())
        return seen, torch.equal(w.detach(), torch.ones(2))

    zeros, _ = scales(lambda w: (w * 0).sum())  # all gradients are 0
    broken, kept = scales(lambda w: (w * (torch.tensor(70000.0).half() - torch.tensor(70000.0).half())).sum())
    _, runaway_kept = scales(lambda w: w.pow(2).sum())
    high, _ = scales(lambda w: w.half().mul(30.0).float().sum())  # 30·65536 overflows fp16; 30·2048 does not
    assert high[0] < 65536 and high[-1] == high[-5] > 1
    return [zeros[-1] < 1, broken[-1] < 1 and kept, runaway_kept, high[-1] < 1]


def worked():
    import torch

    one = torch.ones(())
    out = []
    for dtype in (torch.bfloat16, torch.float16):
        below = 1 - torch.nextafter(one.to(dtype), torch.zeros((), dtype=dtype)).item()
        out.append(f"{below:.4f}" if dtype is torch.bfloat16 else f"{below:.5f}")
    assert (one.bfloat16() - 0.001).item() == 1
    out.append(f"{(one.half() - 0.001).item():.4f}")
    total = torch.zeros((), dtype=torch.bfloat16)
    for _ in range(400):
        total += 1
    out.append(f"{total.item():.0f}")
    return [*out, f"{16 * 6.738:.1f} GB", f"{2 * 6.738:.1f} GB", f"{4 * 6.738:.1f}"]


def experiment(off=False):
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
    gradients = made_up_gradients(low=-6, high=-1) if off else made_up_gradients()
    shares = {
        "fp16": lost(gradients, torch.float16),
        "fp16 × 2¹⁶": lost(gradients, torch.float16, 2**16),
        "bf16": lost(gradients, torch.bfloat16),
    }
    if off:
        assert max(shares.values()) == 0, "larger gradients survive in every format"
    else:
        assert shares["fp16"] > 0.25 and shares["fp16 × 2¹⁶"] < 0.01 and shares["bf16"] == 0
    return {
        "off": ("gradients from 1e-6 to 1e-1", "梯度在 1e-6 到 1e-1 之间"),
        "says": (
            "Gradients between 1e-6 and 1e-1 all survive, in fp16 without any loss scale as in bf16: there is nothing to lift.",
            "1e-6 到 1e-1 之间的梯度全都保住了，fp16 不用 loss scaling 也一样：没有需要抬高的东西。",
        )
        if off
        else (
            f"fp16 turns 1e-8 into 0 and 70000 into inf; bf16 keeps both, but rounds 1.001 to 1 and 257 to {rows[4][2]}. Of gradients "
            f"between 1e-10 and 1e-3, fp16 loses {100 * shares['fp16']:.0f} %, with a loss scale of 2¹⁶ {100 * shares['fp16 × 2¹⁶']:.0f} %, bf16 none.",
            f"fp16 把 1e-8 变成 0，把 70000 变成 inf；bf16 两者都能表示，却把 1.001 舍入成 1，把 257 舍入成 {rows[4][2]}。"
            f"对 1e-10 到 1e-3 之间的梯度，fp16 丢掉 {100 * shares['fp16']:.0f} %，loss scaling 取 2¹⁶ 时丢掉 {100 * shares['fp16 × 2¹⁶']:.0f} %，bf16 一个不丢。",
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
