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


def experiment():
    count = 3000
    right, wrong = steps(0.5, count), steps(0.5, count, corrected=False)
    torchs = torch_steps(0.5, 50)
    assert max(abs(a - b) for a, b in zip(right, torchs, strict=False)) < 1e-9, "these are torch's steps"
    peak = max(range(count), key=wrong.__getitem__)
    assert max(abs(length - 1) for length in right) < 1e-6, "corrected, every step is lr"
    assert abs(wrong[0] - 3.162) < 0.01, "uncorrected, the first step is 0.1/√0.001 times too long"
    assert 10 <= peak + 1 <= 14 and abs(wrong[peak] - 6.57) < 0.05, "the worst is about 6.6 near step 12"
    shown = sorted({round(10 ** (i / 15)) for i in range(53)} & set(range(1, count + 1)))
    return {
        "says": (
            f"Under a constant gradient every step of Adam is lr. Without the correction the first is {wrong[0]:.2f} lr, "
            f"step {peak + 1} is {wrong[peak]:.2f} lr, and step 1000 still {wrong[999]:.2f} lr.",
            f"梯度恒定时，Adam 每一步都等于 lr。去掉修正之后，第 1 步是 {wrong[0]:.2f} lr，"
            f"第 {peak + 1} 步是 {wrong[peak]:.2f} lr，到第 1000 步仍有 {wrong[999]:.2f} lr。",
        ),
        "title": ("Adam's step length under a constant gradient", "梯度恒定时 Adam 的步长"),
        "chart": "curves",
        "x": shown,
        "x_label": ("step", "步数"),
        "y_label": ("step length / lr", "步长 / lr"),
        "log_x": True,
        "log_y": False,
        "series": [
            (("with correction", "有修正"), [right[t - 1] for t in shown]),
            (("without", "无修正"), [wrong[t - 1] for t in shown]),
        ],
    }
