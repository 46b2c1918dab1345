"""Adam with and without its bias correction, and with its ε in the wrong place."""


def steps(gradient, count, lr=1.0, betas=(0.9, 0.999), eps=1e-8, corrected=True, eps_inside=False):
    """The lengths of the first `count` steps under a constant gradient."""
    m = v = 0.0
    lengths = []
    for t in range(1, count + 1):
        m = betas[0] * m + (1 - betas[0]) * gradient
        v = betas[1] * v + (1 - betas[1]) * gradient**2
        m_hat, v_hat = (m / (1 - betas[0] ** t), v / (1 - betas[1] ** t)) if corrected else (m, v)
        lengths.append(lr * m_hat / ((v_hat + eps) ** 0.5 if eps_inside else v_hat**0.5 + eps))
    return lengths


def torch_steps(gradient, count, lr=1.0, betas=(0.9, 0.999)):
    """The same from `torch.optim.Adam`."""
    import torch

    w = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer, lengths = torch.optim.Adam([w], lr=lr, betas=betas), []
    for _ in range(count):
        before = w.item()
        w.grad = torch.full((1,), gradient, dtype=torch.float64)
        optimizer.step()
        lengths.append(before - w.item())
    return lengths


def first_step_draw(rng):
    b1 = rng.choice([0.8, 0.9, 0.95])
    b2 = rng.choice([0.999, 0.9999])
    root = (1 - b2) ** 0.5
    return {
        "b1": b1,
        "b2": b2,
        "m": round(1 - b1, 4),
        "root": round(root, 5),
        "answer": round((1 - b1) / root, 3),
        "unrooted": round((1 - b1) / (1 - b2), 3),
    }


def first_step_evidence(drawn):
    betas = drawn["b1"], drawn["b2"]
    ratio = steps(0.7, 1, betas=betas, corrected=False)[0] / torch_steps(0.7, 1, betas=betas)[0]
    return [abs(value / ratio - 1) < 0.01 for value in (drawn["answer"], drawn["m"], 1, drawn["unrooted"])]


def no_correction_evidence():
    wrong, right = steps(0.7, 1000, corrected=False), torch_steps(0.7, 1000)
    ratios = [a / b for a, b in zip(wrong, right, strict=True)]
    peak = ratios.index(max(ratios)) + 1
    return [
        all(ratio < 1 for ratio in ratios[:10]),
        min(ratios) > 1 and 10 <= peak <= 14,
        ratios[0] > 1 and abs(ratios[1] - 1) < 0.05,
        max(abs(ratio - 1) for ratio in ratios) < 0.05,
    ]


def epsilon_evidence():
    outside, inside = steps(1e-6, 50)[-1], steps(1e-6, 50, eps_inside=True)[-1]
    assert abs(outside - torch_steps(1e-6, 50)[-1]) < 1e-6
    return [abs(inside / claim - 1) < 0.15 for claim in (1, 0.7, 0.01, 100)]


def experiment(off=False):
    count, before = 3000, 10_000 if off else 0
    right, wrong = (steps(0.5, count + before, corrected=corrected)[before:] for corrected in (True, False))
    torchs = torch_steps(0.5, 50)
    peak = max(range(count), key=wrong.__getitem__)
    assert off or max(abs(a - b) for a, b in zip(right, torchs, strict=False)) < 1e-9, (
        "these are torch's steps"
    )
    assert max(abs(length - 1) for length in right) < 1e-6, "corrected, every step is lr"
    if off:
        assert max(abs(length - 1) for length in wrong) < 1e-4, "filled means need no correction"
        says = (
            f"After {before:,} gradients both means are full, 1 − βᵗ is 1 and the correction does nothing: "
            f"every step is lr, with it and without it (to {max(abs(length - 1) for length in wrong):.0e}).",
            f"见过 {before:,} 个梯度之后，两个平均都已填满，1 − βᵗ 等于 1，修正不起作用：有没有它，每一步都是 lr"
            f"（相差不超过 {max(abs(length - 1) for length in wrong):.0e}）。",
        )
    else:
        assert abs(wrong[0] - 3.162) < 0.01, "uncorrected, the first step is 0.1/√0.001 times too long"
        assert 10 <= peak + 1 <= 14 and abs(wrong[peak] - 6.57) < 0.05, "the worst is about 6.6 near step 12"
        says = (
            f"Under a constant gradient every step of Adam is lr. Without the correction the first is {wrong[0]:.2f} lr, "
            f"step {peak + 1} is {wrong[peak]:.2f} lr, and step 1000 still {wrong[999]:.2f} lr.",
            f"梯度恒定时，Adam 每一步都等于 lr。去掉修正之后，第 1 步是 {wrong[0]:.2f} lr，"
            f"第 {peak + 1} 步是 {wrong[peak]:.2f} lr，到第 1000 步仍有 {wrong[999]:.2f} lr。",
        )
    shown = sorted({round(10 ** (i / 15)) for i in range(53)} & set(range(1, count + 1)))
    return {
        "says": says,
        "off": ("both means have seen 10,000 gradients before", "两个平均事先已见过 10,000 个梯度"),
        "title": ("Adam's step length under a constant gradient", "梯度恒定时 Adam 的步长"),
        "chart": "curves",
        "x": shown,
        "x_label": ("step", "步数"),
        "y_label": ("step length / lr", "步长 / lr"),
        "log_x": True,
        "log_y": False,
        "series": [
            (("with correction", "有修正"), [round(right[t - 1], 4) for t in shown]),
            (("without", "无修正"), [round(wrong[t - 1], 4) for t in shown]),
        ],
    }


def rare_draw(rng):
    k = rng.choice([9, 16, 25, 36, 49])
    return {
        "k": k,
        "answer": float(f"{k**-0.5:.3g}"),
        "sgd": float(f"{1 / k:.3g}"),
        "whole": round(k**0.5),
    }


def rare_evidence(drawn):
    """torch's Adam on 4000 weights that receive their gradients at random, against one that always does."""
    import torch

    ratios = []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        w = torch.zeros(4000, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.Adam([w], lr=1e-3)
        for t in range(2000):
            w.grad = (torch.rand(4000, generator=g) < 1 / drawn["k"]).double()
            w.grad[0] = 1.0
            optimizer.step()
            if t == 999:
                before = w.detach().clone()
        moved = before - w.detach()
        ratios.append((moved[1:].mean() / moved[0]).item())
    return [
        all(abs(value / r - 1) < 0.08 for r in ratios)
        for value in (drawn["answer"], drawn["sgd"], 1, drawn["whole"])
    ]


def worked():
    import torch

    w = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer, path = torch.optim.Adam([w], lr=0.1), [0.0]
    for gradient in (2.0, -1.0):
        w.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
        path.append(w.item())
    state = optimizer.state[w]
    m, v = state["exp_avg"].item(), state["exp_avg_sq"].item()
    m_hat, v_hat = m / (1 - 0.9**2), v / (1 - 0.999**2)
    second = path[1] - path[2]
    assert abs(second - 0.1 * m_hat / v_hat**0.5) < 1e-8 and abs(path[1] + 0.1) < 1e-8
    wrong = steps(0.7, 20, corrected=False)
    return [
        f"{m:.2f}", f"{v:.6f}", f"{m_hat:.3f}", f"{v_hat:.3f}", f"{v_hat**0.5:.3f}", f"{second:.4f}",
        f"{wrong[0]:.1f}", f"{max(wrong):.1f}",
    ]  # fmt: skip
