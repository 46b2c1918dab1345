"""What is cut by detach, and what a forgotten one does to values that are learned from each other."""


def _learn(detach, seed=0, episodes=24000, chance=0.5):
    """A table V over A, B, C, learned from random episodes with falling steps; V after every 1200 of them."""
    import random

    rng = random.Random(seed)
    a = b = c = 0.5
    shown = []
    for n in range(episodes):
        rate = 2 / (20 + n / 10)
        is_b = rng.random() < chance
        after, reward = (b, 1.0) if is_b else (c, 0.0)
        error, last = after - a, reward - after
        a += (
            rate * error
        )  # -½ d/da of the square; the target's share, if it is not detached, comes with a minus
        after += rate * (last - (0 if detach else error))
        if is_b:
            b = after
        else:
            c = after
        if n % 1200 == 1199:
            shown.append((a, b, c))
    return shown


def _torch_step(detach):
    """The same gradients from autograd: halves of d/dA and d/dB of one episode over B, at V = (0.2, 0.6)."""
    import torch

    a, b = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (0.2, 0.6))
    target = b.detach() if detach else b
    (((target - a) ** 2 + (1 - b) ** 2) / 2).backward()
    return a.grad.item(), b.grad.item()


def experiment(off=False):
    import math

    for detach in (True, False):
        of_a, of_b = _torch_step(detach)
        assert math.isclose(of_a, -(0.6 - 0.2)) and math.isclose(
            of_b, -(0.4 - (0 if detach else 0.4)), abs_tol=1e-12
        )
    chance = 1.0 if off else 0.5
    runs = {detach: [_learn(detach, seed, chance=chance) for seed in range(3)] for detach in (True, False)}
    ends = {detach: [run[-1] for run in three] for detach, three in runs.items()}
    if off:
        assert all(abs(v - 1) < 0.05 for three in ends.values() for run in three for v in run[:2]), (
            "both right"
        )
        b = [sum(run[1] for run in ends[d]) / 3 for d in (True, False)]
        says = (
            f"If A always leads to B, both losses have their minimum at V(A) = V(B) = 1: V(B) ends at {b[0]:.2f} with detach "
            f"and {b[1]:.2f} without.",
            f"如果 A 总是到 B，两种 loss 的最小值都在 V(A) = V(B) = 1：V(B) 有 detach 时停在 {b[0]:.2f}，没有时停在 {b[1]:.2f}。",
        )
    else:
        for right, wrong in zip(ends[True], ends[False], strict=True):
            assert right[1] > 0.97 and right[2] < 0.03 and abs(right[0] - 0.5) < 0.1, (
                "detached: the true values"
            )
            assert abs(wrong[1] - 0.75) < 0.05 and abs(wrong[2] - 0.25) < 0.05, "not detached: 3/4 and 1/4"
        b, c = ([sum(run[i] for run in ends[d]) / 3 for d in (True, False)] for i in (1, 2))
        says = (
            f"True values are 1 for B and 0 for C. With detach V ends at {b[0]:.2f} and {c[0]:.2f}, without at {b[1]:.2f} and "
            f"{c[1]:.2f} (mean of 3 seeds).",
            f"真值：B 为 1，C 为 0。有 detach 时 V 停在 {b[0]:.2f} 和 {c[0]:.2f}，没有时停在 {b[1]:.2f} 和 {c[1]:.2f}"
            "（3 个种子平均）。",
        )

    def mean(detach, place):
        return [sum(run[i][place] for run in runs[detach]) / 3 for i in range(20)]

    return {
        "says": says,
        "off": ("A always leads to B", "A 总是到 B"),
        "title": ("Learned values", "学到的值"),
        "chart": "curves",
        "x": [1200 * (i + 1) for i in range(20)],
        "x_label": ("episodes", "回合"),
        "y_label": "V",
        "log_x": False,
        "log_y": False,
        "series": [
            (("V(B), detached", "V(B)，detach"), mean(True, 1)),
            (("V(B), not detached", "V(B)，不 detach"), mean(False, 1)),
            (("V(A), not detached", "V(A)，不 detach"), mean(False, 0)),
        ],
    }


def fork_evidence():
    wrong = [_learn(False, seed)[-1] for seed in range(3)]
    right = [_learn(True, seed)[-1] for seed in range(3)]
    assert all(abs(run[1] - 1) < 0.03 for run in right)

    def ends(value):
        return all(abs(run[1] - value) < 0.05 for run in wrong)

    return [ends(1), ends(1), ends(0.75), ends(0.5)]


def why_target_evidence():
    import torch

    def run(detach):
        v = torch.tensor([0.2, 0.6], dtype=torch.float64, requires_grad=True)
        target = v[1].detach() if detach else v[1]
        loss = (0.3 + 0.9 * target - v[0]) ** 2
        loss.backward()
        return loss.item(), v.grad[0].item(), v.grad[1].item()

    (one, toward, still), (other, _toward, moved) = run(True), run(False)
    return [one < other, None, still == 0 and moved != 0 and toward != 0, None]


def which_cut_evidence():
    import torch

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    ways = [
        lambda u: u.clone().contiguous(),
        lambda u: u.detach().requires_grad_(),
        lambda u: u.data,
        lambda u: u.view_as(u) + 0,
        lambda u: torch.tensor(u.tolist()),
    ]
    out = []
    for way in ways:
        u = x * x
        t = way(u)
        assert torch.equal(t, u)
        x.grad = None
        (t * u.new_ones(2) + u.new_zeros(2).requires_grad_()).sum().backward()
        out.append(x.grad is None)
    return out


def partly_draw(rng):
    while True:
        x, a, b = rng.randint(2, 7), rng.randint(2, 5), rng.randint(2, 9)
        values = {
            "answer": a * x * x + 2 * b * x,
            "uncut": 3 * a * x * x + 2 * b * x,
            "first": a * x * x,
            "second": 2 * b * x,
        }
        if len(set(values.values())) == 4:
            return {"x": x, "a": a, "b": b} | values


def partly_evidence(drawn):
    import torch

    x = torch.tensor(float(drawn["x"]), requires_grad=True)
    u = x * x
    (drawn["a"] * u.detach() * x + drawn["b"] * u).backward()
    return [x.grad.item() == drawn[k] for k in ("answer", "uncut", "first", "second")]


def aloud_evidence():
    import torch

    x = torch.tensor(2.0, requires_grad=True)
    u = x * x
    d = u.detach()
    z = d * x
    z.backward()
    cut = x.grad.item() == 4 and z.item() == 8
    u.backward()
    return [
        d.data_ptr() == u.data_ptr() and d.grad_fn is None and not d.requires_grad,
        x.grad.item() == 8,
        cut,
        None,
        abs(_learn(False, 0)[-1][1] - 0.75) < 0.05,
    ]


def worked():
    import torch

    x = torch.tensor(2.0, requires_grad=True)
    u = x * x
    whole = torch.autograd.grad(u * x, x)[0]
    x2 = torch.tensor(2.0, requires_grad=True)
    cut = torch.autograd.grad((x2 * x2).detach() * x2, x2)[0]
    assert (u * x).item() == 8
    return [f"3x² = {whole.item():.0f}", f"= u = {cut.item():.0f}"]
