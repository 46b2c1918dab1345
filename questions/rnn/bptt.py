"""Experiment, draws and evidence for bptt.md."""

STEPS = 48


def worked():
    import torch

    w = torch.tensor(0.9, dtype=torch.float64, requires_grad=True)
    states = [torch.zeros(())]
    for _ in range(4):
        states.append(w * states[-1] + 1)
    (full,) = torch.autograd.grad(states[-1], w)
    values = [h.item() for h in states]
    terms = [values[3], 0.9 * values[2], 0.81 * values[1]]
    assert abs(sum(terms) - full.item()) < 1e-6
    return [
        ", ".join(f"{h:g}" for h in values[2:3]),
        f"{values[4]:.3f}",
        f"{terms[0]:.2f} + {terms[1]:.2f} + {terms[2]:.2f} = {full.item():.2f}",
        f"{terms[0]:.2f} + {terms[1]:.2f} = {terms[0] + terms[1]:.2f}",
        f"0.9⁵⁰ = {0.9**50:.3f}",
        f"1.1⁵⁰ = {1.1**50:.0f}",
    ]


def _norms(seed, scale, linear=False, width=32):
    """The length of a gradient, 1 at the last state, by distance; and what a step multiplies it with, on average."""
    import torch

    g = torch.Generator().manual_seed(seed)
    w = scale * torch.linalg.qr(torch.randn(width, width, generator=g, dtype=torch.float64))[0]
    h, states = torch.zeros(width, dtype=torch.float64).requires_grad_(), []
    for _ in range(STEPS + 2):
        a = w @ h + 0.5 * torch.randn(width, generator=g, dtype=torch.float64)
        h = a if linear else a.tanh()
        states.append(h)
    at_the_end = torch.randn(width, generator=g, dtype=torch.float64)
    at_the_end = at_the_end / at_the_end.norm()
    grads = torch.autograd.grad(h, states[-1 - STEPS :], at_the_end)
    return [grad.norm().item() for grad in reversed(grads)]


def experiment(off=False):
    from math import exp, log

    scales = [0.9, 1.0, 1.1] if off else [0.9, 1.1, 3.0]
    runs = {s: [_norms(seed, s, linear=off) for seed in range(3)] for s in scales}
    if off:
        for run in runs[1.0]:
            assert max(abs(norm - 1) for norm in run) < 1e-9, "an orthogonal matrix alone keeps the length"
    else:
        assert all(run[-1] < 1e-3 for s in (0.9, 1.1) for run in runs[s]), "with tanh it vanishes at 1.1 too"
        assert all(run[-1] > 1e3 for run in runs[3.0]), "at 3 it explodes in spite of tanh"
    mean = {
        s: [exp(sum(log(run[k]) for run in found) / 3) for k in range(STEPS + 1)] for s, found in runs.items()
    }
    small, middle, large = (mean[s][-1] for s in scales)
    if off:
        says = (
            f"Without an activation the length is s to the power of the distance, exactly: after {STEPS} steps {small:.2g} for "
            f"s = 0.9, {middle:.2f} for s = 1, {large:.0f} for s = 1.1.",
            f"没有激活函数时，长度恰好是 s 的“距离”次方：{STEPS} 步之后，s = 0.9 是 {small:.2g}，s = 1 是 {middle:.2f}，s = 1.1 是 "
            f"{large:.0f}。",
        )
    else:
        factor = [mean[s][-1] ** (1 / STEPS) for s in scales]
        says = (
            f"After {STEPS} steps back the gradient has length {small:.0e} for s = 0.9, {middle:.0e} for s = 1.1, {large:.0e} for "
            f"s = 3 (geometric mean of 3 seeds); a step multiplies it by {factor[0]:.2f}, {factor[1]:.2f}, {factor[2]:.2f} on average.",
            f"往回 {STEPS} 步之后，梯度的长度：s = 0.9 是 {small:.0e}，s = 1.1 是 {middle:.0e}，s = 3 是 {large:.0e}（3 个随机种子的几何"
            f"平均）；平均每步乘 {factor[0]:.2f}、{factor[1]:.2f}、{factor[2]:.2f}。",
        )
    return {
        "says": says,
        "off": ("no activation: W alone", "没有激活函数，只有 W"),
        "title": ("Length of the gradient by distance", "梯度长度随距离的变化"),
        "chart": "curves",
        "x": list(range(STEPS + 1)),
        "x_label": ("steps back", "往回几步"),
        "y_label": ("length", "长度"),
        "log_y": True,
        "series": [(f"s = {s:g}", mean[s]) for s in scales],
    }


def stretching_evidence():
    little, much = ([_norms(seed, s)[-1] for seed in (10, 11, 12)] for s in (1.1, 3.0))
    return [
        min(little + much) > 1,
        max(little + much) < 1e-3,
        max(little) < 1e-3 and min(much) > 1e3,
        min(little) > 0.3 and min(much) > 1e3,
    ]


def clipping_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    w = 0.8 * torch.linalg.qr(torch.randn(16, 16, generator=g))[0]
    w.requires_grad_()
    uses, h = [], torch.randn(16, generator=g)
    for _ in range(50):
        uses.append(w * 1)  # each use of its own
        h = (uses[-1] @ h + 0.5 * torch.randn(16, generator=g)).tanh()
    grads = torch.autograd.grad(h.sum(), uses)
    total = sum(grads)
    share = (sum(grads[:10]).norm() / total.norm()).item()  # of what lies 40 steps back and more
    clipped = torch.nn.Parameter(torch.zeros(16, 16))
    ratios = []
    for threshold in (1.0, 1e-4):
        clipped.grad = total.clone()
        torch.nn.utils.clip_grad_norm_([clipped], threshold)
        ratios.append(
            torch.nn.functional.cosine_similarity(clipped.grad.flatten(), total.flatten(), dim=0).item()
        )
    same_direction = min(ratios) > 0.9999
    linear = torch.linalg.matrix_power(0.8 * torch.eye(4), 50).norm().item()
    only_tanh = linear > 0.1
    return [None, not same_direction, only_tanh, same_direction and share < 1e-3]


def all_uses_draw(rng):
    while True:
        w, x = rng.choice([0.5, 0.8, 0.9, 1.2, 1.5, 2.0]), [rng.choice([1, 2, 3, -1, 4]) for _ in range(4)]
        h = [0.0]
        for value in x:
            h.append(w * h[-1] + value)
        values = {
            "answer": h[3] + w * h[2] + w * w * h[1],
            "last": h[3],
            "no_powers": h[3] + h[2] + h[1],
            "truncated": h[3] + w * h[2],
        }
        numbers = sorted(values.values())
        if (
            min(b - a for a, b in zip(numbers, numbers[1:], strict=False)) > 0.2
            and min(map(abs, numbers)) > 0.2
        ):
            shown = {k: float(f"{v:.4g}") for k, v in values.items()}
            return {"w": w} | {f"x{i + 1}": v for i, v in enumerate(x)} | shown


def all_uses_evidence(drawn):
    import torch

    w = torch.tensor(float(drawn["w"]), dtype=torch.float64, requires_grad=True)
    h = torch.zeros((), dtype=torch.float64)
    for i in range(1, 5):
        h = w * h + drawn[f"x{i}"]
    h.backward()
    found = w.grad.item()
    return [abs(drawn[k] - found) < 0.005 * abs(found) for k in ("answer", "last", "no_powers", "truncated")]


def reach_back_draw(rng):
    from math import log

    w, share = rng.choice([0.7, 0.8, 0.85, 0.9, 0.95, 0.97, 0.98]), rng.choice([0.2, 0.1, 0.05])
    values = {
        "answer": log(share) / log(w),
        "memory": 1 / (1 - w),
        "linear": (1 - share) / (1 - w),
        "half": log(0.5) / log(w),
    }
    return {"w": w, "share": share} | {k: float(f"{v:.4g}") for k, v in values.items()}


def reach_back_evidence(drawn):
    left, steps = 1.0, 0
    while left * drawn["w"] > drawn["share"]:
        left, steps = left * drawn["w"], steps + 1
    near = steps + (left - drawn["share"]) / (
        left - left * drawn["w"]
    )  # between two steps, in a straight line
    return [abs(drawn[k] - near) < 0.03 * near for k in ("answer", "memory", "linear", "half")]


def too_short_evidence():
    """The gradient of the loss at the answer with respect to the first letter, for every place of the cuts."""
    import torch

    torch.manual_seed(0)
    rnn = torch.nn.RNN(4, 8, batch_first=True)
    reached = []
    for offset in (None, *range(10)):
        x, h = torch.randn(1, 31, 4, requires_grad=True), torch.zeros(1, 1, 8)
        for t in range(31):
            if offset is not None and t % 10 == offset:
                h = h.detach()
            out, h = rnn(x[:, t : t + 1], h)
        (grad,) = torch.autograd.grad(out.square().sum(), x)
        reached.append(grad[0, 0].norm().item())
    full, cut = reached[0], reached[1:]
    none = full > 0 and max(cut) == 0
    return [None, max(cut) > 0, max(cut) > 0, none]


def spike_evidence():
    """A long product whose scale moves a little; what clipping makes of the step; and gradients that were small before."""
    import torch

    before, after = _norms(3, 1.6)[-1], _norms(3, 3.0)[-1]
    cliff = after > 1000 * before
    p = torch.nn.Parameter(torch.zeros(3))
    p.grad = torch.tensor([300.0, -800.0, 250.0])
    torch.nn.utils.clip_grad_norm_([p], 1.0)
    tamed = p.grad.norm().item() < 1.001
    vanishing = after < 1
    return [cliff and tamed, None, vanishing, None]
