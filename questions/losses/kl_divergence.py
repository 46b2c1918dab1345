"""Experiment, draws and evidence for kl_divergence.md."""


def _kl(p, q):
    import math

    return sum(a * (math.log(a / b) if b else math.inf) for a, b in zip(p, q, strict=True) if a)


def both_ways_draw(rng):
    import math

    while True:
        p, q = ([rng.randint(1, 7) for _ in range(2)] for _ in range(2))
        if sum(p) > 9 or sum(q) > 9:
            continue
        p, q = ([*v, 10 - sum(v)] for v in (p, q))
        p, q = ([v / 10 for v in row] for row in (p, q))
        a, b, names = rng.choice([(p, q, "pq"), (q, p, "qp")])
        values = {
            "answer": _kl(a, b),
            "reverse": _kl(b, a),
            "cross": -sum(u * math.log(v) for u, v in zip(a, b, strict=True)),
            "bits": _kl(a, b) / math.log(2),
        }
        numbers = list(values.values())
        if (
            min(numbers) > 0.03
            and min(abs(u / v - 1) for i, u in enumerate(numbers) for v in numbers[:i]) > 0.05
        ):
            shown = {name: f"{v:.3g}" for name, v in values.items()}
            texts = {k: ", ".join(f"{v:.1f}" for v in row) for k, row in (("p", p), ("q", q))}
            return {"first": names[0], "second": names[1], **texts, **shown}


def both_ways_evidence(drawn):
    import torch

    rows = {k: torch.tensor([float(v) for v in drawn[k].split(", ")], dtype=torch.float64) for k in "pq"}
    a, b = (torch.distributions.Categorical(rows[drawn[k]]) for k in ("first", "second"))
    kl = torch.distributions.kl_divergence(a, b).item()
    return [abs(float(drawn[k]) / kl - 1) < 0.01 for k in ("answer", "reverse", "cross", "bits")]


def nonnegative_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    ok = True
    for _ in range(200):
        p, q = (torch.rand(6, generator=g, dtype=torch.float64) for _ in range(2))
        p[0] = 0
        p, q = p / p.sum(), q / q.sum()
        some = p > 0
        x = q[some] / p[some]
        minus = (p[some] * x.log()).sum()
        mean = (p[some] * x).sum()
        ok &= bool(minus <= mean.log() <= 1e-12) and abs(-minus - _kl(p.tolist(), q.tolist())) < 1e-12
    return [ok]


def wrong_step_evidence():
    """True for the step that fails: what becomes of q without its own entropy."""
    import torch

    p = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)

    def fitted(entropy):
        o = torch.zeros(3, dtype=torch.float64, requires_grad=True)
        adam = torch.optim.Adam([o], 0.1)
        for _ in range(400):
            q = o.softmax(0)
            loss = -(q * p.log()).sum() + entropy * (q * q.log()).sum()
            adam.zero_grad()
            loss.backward()
            adam.step()
        return o.softmax(0).detach()

    q = torch.tensor([0.2, 0.2, 0.6], dtype=torch.float64)
    quotient = abs(_kl(q.tolist(), p.tolist()) - ((q * q.log()).sum() - (q * p.log()).sum()).item()) > 1e-12
    whole, cut = fitted(1.0), fitted(0.0)
    collapses = bool(cut[0] > 0.99) and torch.allclose(whole, p, atol=1e-2)
    forward = torch.zeros(3, dtype=torch.float64, requires_grad=True)  # with p in front the argument holds
    for _ in range(500):
        (slope,) = torch.autograd.grad(-(p * forward.log_softmax(0)).sum(), forward)
        forward.data -= slope
    return [quotient, None, collapses, not torch.allclose(forward.softmax(0), p, atol=1e-3)]


def _noise(bins, n, seeds=3, repeats=200):
    """KL(p̂‖p), and the share of repetitions in which KL(p‖p̂) is infinite, by seed."""
    import torch

    found = []
    for seed in range(seeds):
        g = torch.Generator().manual_seed(seed)
        drawn = torch.randint(bins, (repeats, n), generator=g)
        counts = torch.zeros(repeats, bins).scatter_add_(1, drawn, torch.ones(repeats, n))
        share = counts / n
        forward = torch.special.xlogy(share, share * bins).sum(1)
        found.append(
            (forward.mean().item(), (counts == 0).any(1).float().mean().item(), forward.min().item())
        )
    return found


def same_source_evidence():
    found = _noise(50, 100)
    quarter = all(0.2 < kl < 0.32 and low > 0 for kl, _, low in found)
    infinite = all(share > 0.95 for _, share, _ in found)
    zero = all(abs(kl) < 0.05 for kl, _, _ in found)
    return [zero and not infinite, zero and infinite, quarter and not infinite, quarter and infinite]


def penalty_evidence():
    import torch

    p = torch.tensor([0.7, 0.2, 0.1], dtype=torch.float64)
    ref = torch.tensor([0.1, 0.3, 0.6], dtype=torch.float64)
    t = p.log() - ref.log()
    means = []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        own, other = (torch.multinomial(d, 20000, True, generator=g) for d in (p, ref))
        means.append((t[own].mean().item(), t[other].mean().item()))
    there, back = _kl(p.tolist(), ref.tolist()), _kl(ref.tolist(), p.tolist())
    right = all(abs(a - there) < 0.05 and abs(b + back) < 0.05 for a, b in means)
    no_direction = all(abs(a - b) < 0.05 for a, b in means)
    return [right, None, no_direction, None]


def too_small_evidence():
    import torch
    from torch.nn.functional import kl_div

    g = torch.Generator().manual_seed(0)
    log_q = torch.randn(4, 32000, generator=g).log_softmax(1)
    p = torch.randn(4, 32000, generator=g).softmax(1)
    per_sample = kl_div(log_q, p, reduction="batchmean").item()
    small = kl_div(log_q, p, reduction="mean").item()
    exchanged = kl_div(p.log(), log_q, reduction="mean").abs().item()  # NaN, as log_q is negative
    uniform = kl_div(log_q, torch.full_like(p, 1 / 32000), reduction="batchmean").item()
    return [
        None,
        abs(small * 32000 / per_sample - 1) < 1e-3 and small < 1e-4,
        exchanged < 1e-3,
        uniform < 0.1,
    ]


def worked():
    p, q = (0.5, 0.5), (0.9, 0.1)
    return [f"{_kl(p, q):.3f}", f"{_kl(q, p):.3f}"]


def experiment(off=False):
    sizes = (20000, 50000) if off else (50, 100, 200, 500, 1000)
    repeats = 20 if off else 200
    found = {n: _noise(50, n, repeats=repeats) for n in sizes}
    mean = {n: sum(run[0] for run in runs) / 3 for n, runs in found.items()}
    empty = {n: sum(run[1] for run in runs) / 3 for n, runs in found.items()}
    for n, runs in found.items():
        assert all(0.9 * 49 / (2 * n) < kl < 1.35 * 49 / (2 * n) and low > 0 for kl, _, low in runs), (
            "chance alone gives about (K − 1)/2n, and never a negative value"
        )
    if off:
        assert max(mean.values()) < 0.002 and max(empty.values()) == 0
        says = (
            f"With 20,000 samples the KL is {mean[20000]:.4f}, and no bin is empty, so that both directions are finite and near 0.",
            f"采样 20,000 个时，KL 只有 {mean[20000]:.4f}，没有空格子，两个方向都有限，接近 0。",
        )
    else:
        assert all(share > 0.95 for _, share, _ in found[100]), "the other direction is infinite"
        says = (
            f"100 samples of p itself have KL(p̂‖p) = {mean[100]:.2f} on average, {mean[500]:.3f} with 500; (K − 1)/(2n) says "
            f"{49 / 200:.2f} and {49 / 1000:.3f}. KL(p‖p̂) is infinite in {empty[100]:.0%} of the cases with 100 (3 seeds of 200).",
            f"从 p 自己采样 100 个，KL(p̂‖p) 平均是 {mean[100]:.2f}，500 个是 {mean[500]:.3f}；(K − 1)/(2n) 给出 {49 / 200:.2f} 和 "
            f"{49 / 1000:.3f}。100 个时，KL(p‖p̂) 在 {empty[100]:.0%} 的情形里是无穷大（3 个种子，各 200 次）。",
        )
    return {
        "says": says,
        "off": ("many samples for each bin", "每个格子有很多样本"),
        "title": ("Samples of p against p, 50 bins", "p 的样本与 p 相比，50 个格子"),
        "chart": "table",
        "columns": [
            "n",
            ("KL to p", "到 p 的 KL"),
            "(K-1)/2n",
            ("the other way infinite", "反方向为无穷大"),
        ],
        "rows": [[f"{n:,}", f"{mean[n]:.4f}", f"{49 / (2 * n):.4f}", f"{empty[n]:.0%}"] for n in sizes],
    }
