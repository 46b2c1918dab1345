"""Experiment, draws and evidence for ppo_grpo.md."""


def worked():
    import torch

    shown = []
    for a in (2.0, -2.0):
        rho = torch.tensor(1.5, requires_grad=True)
        value = torch.minimum(rho * a, rho.clamp(0.8, 1.2) * a)
        value.backward()
        shown.append(f"{value.item():.1f}".replace("-", "−"))
        assert (rho.grad.item() == 0) == (a > 0)
    rewards = torch.tensor([1.0, 0, 0, 0])
    std = rewards.std(correction=0)
    good, bad = ((rewards - rewards.mean()) / std)[:2].tolist()
    return [*shown, f"{std.item():.3f}", f"{good:.3f}", f"{bad:.3f}".replace("-", "−")]


def _errors(seed, distance, tokens=64, repeats=2000):
    """Root-mean-square error and mean of k1, k2, k3, all over the true KL divergence; and that divergence."""
    import torch

    g = torch.Generator().manual_seed(seed)
    logits = torch.randn(64, generator=g, dtype=torch.float64)
    other = logits + distance * torch.randn(64, generator=g, dtype=torch.float64)
    t = logits.log_softmax(0) - other.log_softmax(0)
    p = logits.softmax(0)
    true = (p * t).sum()
    seen = t[torch.multinomial(p, tokens * repeats, True, generator=g)].view(repeats, tokens)
    estimates = [seen, seen**2 / 2, (-seen).exp() - 1 + seen]
    off = [((k.mean(1) - true) ** 2).mean().sqrt().item() / true.item() for k in estimates]
    # The mean without sampling noise: over all words.
    means = [(p * k).sum().item() / true.item() for k in (t, t**2 / 2, (-t).exp() - 1 + t)]
    return off, means, true.item()


def experiment(off=False):
    runs = [_errors(seed, 3.0 if off else 0.3) for seed in range(4)]
    for errors, means, _ in runs:
        assert abs(means[0] - 1) < 1e-9 and abs(means[2] - 1) < 1e-9, "k1 and k3 are unbiased at any distance"
        if off:
            assert errors[2] > 0.8 * errors[0], "far away k3 is no steadier than k1"
            assert means[1] > 2, "and k2 is more than twice too large"
        else:
            assert errors[0] > 3 * max(errors[1:]), "near the reference k1 has by far the largest error"
            assert abs(means[1] - 1) < 0.1, "and k2's bias is small"
    error, mean = ([sum(run[part][i] for run in runs) / len(runs) for i in range(3)] for part in (0, 1))
    true = sum(run[2] for run in runs) / len(runs)
    where = ("far from", "远离") if off else ("close to", "接近")
    return {
        "says": (
            f"Policies {where[0]} the reference (KL {true:.2f}): from 64 tokens the error is {error[0]:.0%} of the KL with k1, "
            f"{error[1]:.0%} with k2, {error[2]:.0%} with k3. k2's mean is {mean[1]:.2f} times the KL; those of k1 and k3 are "
            "exact."
            + (" k3's lead over k1 is gone: its exponential is dominated by rare tokens." if off else ""),
            f"策略{where[1]}参考模型时（KL 为 {true:.2f}）：用 64 个 token 估计，误差占 KL 的比例，k1 为 {error[0]:.0%}，k2 为 "
            f"{error[1]:.0%}，k3 为 {error[2]:.0%}。k2 的均值是 KL 的 {mean[1]:.2f} 倍，k1 和 k3 的均值精确。"
            + ("k3 相对 k1 的优势没有了：指数项由少见的 token 主导。" if off else ""),
        ),
        "off": (
            "the policy lies ten times as far from the reference",
            "策略与参考模型的距离扩大到十倍",
        ),
        "title": (
            "Error of the KL estimate from 64 tokens, in % of the KL",
            "用 64 个 token 估计 KL 的误差，占 KL 的百分比",
        ),
        "chart": "bars",
        "unit": "%",
        "bars": [
            (name, round(100 * value, 1)) for name, value in zip(("k1", "k2", "k3"), error, strict=True)
        ],
    }


def estimators_evidence():
    runs = [_errors(seed, 0.3)[0] for seed in (20, 21, 22)]

    def far(one, others, larger):
        return all(
            (run[one] > 3 * max(run[i] for i in others))
            if larger
            else (3 * run[one] < min(run[i] for i in others))
            for run in runs
        )

    return [far(0, (1, 2), False), far(0, (1, 2), True), far(1, (0, 2), True), far(2, (0, 1), True)]


def clip_draw(rng):
    while True:
        rho, a, eps = (
            rng.choice([0.5, 0.6, 0.7, 1.3, 1.4, 1.5, 1.8]),
            rng.choice([-3, -2, -1, 1, 2, 3]),
            rng.choice([0.1, 0.2]),
        )
        plain, limited = rho * a, min(max(rho, 1 - eps), 1 + eps) * a
        values = {
            "answer": min(plain, limited),
            "wrong": max(plain, limited),
            "only_a": a,
            "negated": -min(plain, limited),
        }
        if len({round(v, 3) for v in values.values()}) == 4:
            shown = {"a": a, "plain": round(plain, 3), "limited": round(limited, 3)}
            return (
                {"rho": rho, "eps": eps}
                | {k: f"{v:g}".replace("-", "−") for k, v in shown.items()}
                | {k: round(float(v), 4) for k, v in values.items()}
            )


def clip_evidence(drawn):
    a, rho, eps = float(drawn["a"].replace("−", "-")), drawn["rho"], drawn["eps"]
    # Piece by piece: constant beyond the limit in the direction of A, ρA everywhere else.
    past = rho > 1 + eps if a > 0 else rho < 1 - eps
    value = (1 + eps if a > 0 else 1 - eps) * a if past else rho * a
    return [abs(drawn[k] - value) < 0.005 * abs(value) for k in ("answer", "wrong", "only_a", "negated")]


def no_gradient_evidence():
    import torch

    found = []
    for ratio, a in ((1.5, 1), (0.6, 1), (1.5, -1), (0.6, -1), (1.1, 1), (0.9, -1)):
        rho = torch.tensor(ratio, requires_grad=True)
        torch.minimum(rho * a, rho.clamp(0.8, 1.2) * a).backward()
        found.append(rho.grad.item() == 0)
    return found


def baseline_evidence():
    """All groups of four answers out of three, exactly: mean and variance of the gradient with and without baseline."""
    from itertools import product

    import torch

    p = torch.tensor([0.2, 0.5, 0.3], dtype=torch.float64)
    reward = torch.tensor([3.0, 2.0, 1.0], dtype=torch.float64)
    score = torch.eye(3, dtype=torch.float64) - p  # ∇ log π of each answer, in the logits
    sums = {True: torch.zeros(3).double(), False: torch.zeros(3).double()}
    squares = {True: 0.0, False: 0.0}
    halves = True
    for group in product(range(3), repeat=4):
        group = torch.tensor(group)
        weight = p[group].prod()
        r = reward[group]
        for subtract in (True, False):
            gradient = ((r - r.mean() * subtract)[:, None] * score[group]).mean(0)
            sums[subtract] += weight * gradient
            squares[subtract] += (weight * gradient.square().sum()).item()
        advantage = r - r.mean()
        halves &= bool((advantage > 0).sum() == (advantage < 0).sum())
    plain = sums[False]
    same = torch.allclose(sums[True], 0.75 * plain)  # 1 − 1/G
    variance = {k: squares[k] - sums[k].square().sum().item() for k in squares}
    quieter = variance[True] / 0.75**2 < 0.5 * variance[False]  # at the same expected gradient
    return [None, None, same and quieter, halves]


def group_draw(rng):
    while True:
        size = rng.choice([4, 5, 8, 10, 16])
        right = rng.randint(1, size - 1)
        p = right / size
        std = (p * (1 - p)) ** 0.5
        values = {
            "answer": (1 - p) / std,
            "centred": 1 - p,
            "by_variance": 1 / p,
            "of_wrong": p / std,
        }
        sizes = list(values.values())
        if all(abs(a - b) > 0.03 * max(a, b) for i, a in enumerate(sizes) for b in sizes[:i]):
            return {"size": size, "right": right, "p": round(p, 4), "std": round(std, 3)} | {
                k: float(f"{v:.3g}") for k, v in values.items()
            }


def group_evidence(drawn):
    import torch

    rewards = torch.zeros(drawn["size"], dtype=torch.float64)
    rewards[: drawn["right"]] = 1
    advantage = torch.nn.functional.layer_norm(rewards, rewards.shape, eps=0)[0].item()
    return [abs(drawn[k] / advantage - 1) < 0.01 for k in ("answer", "centred", "by_variance", "of_wrong")]


def k1_as_loss_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    logits = torch.randn(6, generator=g, dtype=torch.float64, requires_grad=True)
    reference = torch.randn(6, generator=g, dtype=torch.float64).log_softmax(0)
    weights = logits.detach().softmax(0)  # how often each token is sampled: a constant to backward
    (as_loss,) = torch.autograd.grad((weights * (logits.log_softmax(0) - reference)).sum(), logits)
    true = logits.log_softmax(0)
    (of_kl,) = torch.autograd.grad((true.exp() * (true - reference)).sum(), logits, retain_graph=True)
    t = logits.log_softmax(0) - reference
    (of_k2,) = torch.autograd.grad((weights * t**2 / 2).sum(), logits)
    assert torch.allclose(of_k2, of_kl), "k2 in the loss has the gradient of the KL"
    entropy = -(true.exp() * true).sum()
    (of_entropy,) = torch.autograd.grad(entropy, logits)
    nothing = as_loss.abs().max().item() < 1e-12

    def along(direction):
        return not nothing and torch.nn.functional.cosine_similarity(as_loss, direction, 0).item() > 0.5

    return [along(of_kl), nothing, along(-of_kl), along(of_entropy)]


def flat_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    right = (torch.rand(20000, 8, generator=g) < 0.97).double()
    equal = right.std(1) == 0
    advantage = torch.where(
        equal[:, None], 0, (right - right.mean(1, True)) / (right.std(1, correction=0, keepdim=True) + 1e-9)
    )
    silent = equal.double().mean().item()
    explained = abs(silent - 0.97**8) < 0.02 and advantage[equal].abs().max().item() == 0
    rho = torch.ones(100)  # one update a batch: the policy is the one that sampled
    clipped = ((rho - 1).abs() > 0.2).any().item()
    return [clipped, None, explained, None]


def memory_draw(rng):
    p = rng.choice([1.5, 3, 7, 8, 13, 14, 32, 70])
    return {
        "p": p,
        "answer": 16.0 * p,
        "weights": 2.0 * p,
        "moments": 8.0 * p,
        "both": 32.0 * p,
    }


def memory_evidence(drawn):
    import torch

    weight = torch.nn.Parameter(torch.zeros(1000, dtype=torch.bfloat16))
    weight.grad = torch.zeros_like(weight)
    master = torch.nn.Parameter(weight.detach().float())
    master.grad = torch.ones_like(master)
    optimizer = torch.optim.Adam([master])
    optimizer.step()
    moments = [s for s in optimizer.state[master].values() if s.numel() == 1000]
    each = sum(t.nbytes for t in (weight.data, weight.grad, master.data, *moments)) / 1000
    total = each * drawn["p"]
    return [abs(drawn[k] / total - 1) < 0.01 for k in ("answer", "weights", "moments", "both")]


def aloud_evidence():
    clipped = no_gradient_evidence()
    same = baseline_evidence()[2]
    silent = flat_evidence()[2]
    return [None, clipped == [True, False, False, True, False, False], None, same, silent]
