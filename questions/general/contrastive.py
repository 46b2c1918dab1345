"""InfoNCE: its ceiling ln N with a perfect critic, what τ weighs, and the collapse without negatives."""


def _estimate(seed, n, nats, width=8, batches=None):
    """ln N − L for Gaussian pairs that share so many nats, scored by the true ln p(y|x)/p(y)."""
    import math

    import torch

    g = torch.Generator().manual_seed(1000 * seed + n)
    rest = math.exp(-2 * nats / width)  # 1 − ρ² of each coordinate
    rho, found = (1 - rest) ** 0.5, []
    for _ in range(batches or max(2, 1024 // n)):
        x = torch.randn(n, width, generator=g)
        y = rho * x + rest**0.5 * torch.randn(n, width, generator=g)
        off = y[None] - rho * x[:, None]
        scores = (y.square()[None] / 2 - off.square() / (2 * rest)).sum(-1) - width / 2 * math.log(rest)
        found.append(math.log(n) - torch.nn.functional.cross_entropy(scores, torch.arange(n)).item())
    return sum(found) / len(found)


def ceiling_evidence():
    values = [_estimate(seed, 64, 8.0) for seed in range(3)]
    assert all(5.7 < _estimate(seed, 512, 8.0) < 6.24 for seed in range(2))
    return [all(abs(value - nats) < 0.15 for value in values) for nats in (8.0, 4.1, 0.1, 12.0)]


def share_draw(rng):
    import math

    while True:
        pos, neg = rng.choice([0.5, 0.6, 0.7, 0.8]), rng.choice([0.1, 0.2, 0.3, 0.4])
        k, tau = rng.choice([7, 15, 31, 63]), rng.choice([0.1, 0.2])
        gap = (pos - neg) / tau
        values = {
            "answer": math.log(1 + k * math.exp(-gap)),
            "no_tau": math.log(1 + k * math.exp(neg - pos)),
            "only": math.log(k) - gap,
            "single": math.log(1 + math.exp(-gap)),
        }
        numbers = list(values.values())
        apart = all(abs(a - b) > 0.04 * abs(b) + 0.005 for i, a in enumerate(numbers) for b in numbers[:i])
        if pos > neg and apart and values["answer"] > 0.02:
            shown = {name: float(f"{value:.3g}") for name, value in values.items()}
            return shown | {
                "pos": pos, "neg": neg, "k": k, "n": k + 1, "tau": tau,
                "a": f"{pos / tau:g}", "b": f"{neg / tau:g}",
            }  # fmt: skip


def share_evidence(drawn):
    import torch

    s = torch.tensor([[drawn["pos"]] + [drawn["neg"]] * drawn["k"]], dtype=torch.float64)
    loss = torch.nn.functional.cross_entropy(s / drawn["tau"], torch.tensor([0])).item()
    return [abs(drawn[name] / loss - 1) < 0.01 for name in ("answer", "no_tau", "only", "single")]


def hard_ones_evidence():
    import torch

    def look(seed, tau):
        g = torch.Generator().manual_seed(seed)
        s = torch.cat([torch.tensor([0.8]), 0.15 * torch.randn(1000, generator=g), torch.tensor([0.7])])
        s.requires_grad_()
        loss = torch.nn.functional.cross_entropy((s / tau)[None], torch.tensor([0]))
        (gradient,) = torch.autograd.grad(loss, s)
        assert tau > 0.1 or loss.item() < 0.2  # and hardly any of it is left
        return (gradient[-1] / gradient[1:].sum()).item(), (s / tau).softmax(0)[0].item()

    shares, positives = [], []
    for seed in range(3):
        (wide, before), (narrow, after) = look(seed, 0.5), look(seed, 0.05)
        shares.append(wide < 0.01 and narrow > 0.65)
        positives.append(after < before)
    return [False, all(positives), all(shares), None]


def per_device_evidence():
    import math

    import torch

    def first_loss(candidates, tau, seed):
        g = torch.Generator().manual_seed(seed)
        a, b = (torch.nn.functional.normalize(torch.randn(512, 256, generator=g), dim=1) for _ in range(2))
        scores = (a[:64] @ b[:candidates].mT) / tau
        return torch.nn.functional.cross_entropy(scores, torch.arange(64)).item()

    alone = [first_loss(64, 1.0, seed) for seed in range(3)]
    gathered = [first_loss(512, 1.0, seed) for seed in range(3)]
    small = abs(math.log(64) - 4.16) < 0.01 and all(abs(loss - 4.16) < 0.02 for loss in alone)
    other = [abs(loss - 4.16) < 0.02 for loss in gathered]
    hotter = [abs(first_loss(512, tau, 0) - 4.16) < 0.02 for tau in (0.5, 5.0)]
    return [None, small and not any(other), any(hotter), None]


def agreement_evidence():
    import torch

    from dlkata.suite import digits

    images, labels = digits()
    x, y = images.flatten(1)[:400], labels[:400]
    apart, lengths, spreads = [], [], []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        torch.manual_seed(seed)
        net = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.Tanh(), torch.nn.Linear(32, 8))
        optimizer = torch.optim.Adam(net.parameters(), lr=0.005)

        def spread(net=net):
            z = net(x)
            means = torch.stack([z[y == digit].mean(0) for digit in range(10)])
            return z.var(0).sum().item(), means.var(0).sum().item(), z.norm(dim=1).mean().item()

        start = spread()
        for _ in range(300):
            a, b = (x + 0.2 * torch.randn(x.shape, generator=g) for _ in range(2))
            loss = (net(a) - net(b)).square().sum(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        end = spread()
        spreads.append(end[0] < 0.02 * start[0])
        apart.append(end[1] > start[1])
        lengths.append(end[2] > 2 * start[2])
    return [all(apart), None, all(lengths), all(spreads)]


def worked():
    import torch

    s = torch.tensor([[0.8, 0.3, 0.3, 0.1]], dtype=torch.float64)
    shown = []
    for tau in (1.0, 0.1):
        p = (s / tau).softmax(1)[0, 0].item()
        shown += [f"{p:.3f}", f"{torch.nn.functional.cross_entropy(s / tau, torch.tensor([0])).item():.3f}"]
    return shown


def experiment(off=False):
    import math

    nats, numbers = (0.3 if off else 8.0), [2, 8, 32, 128, 512]
    runs = [[_estimate(seed, n, nats) for seed in range(3)] for n in numbers]
    means = [sum(values) / 3 for values in runs]
    for n, values in zip(numbers, runs, strict=True):
        assert max(values) < math.log(n) + 1e-6, "the estimate never exceeds ln N"
    if off:
        assert all(abs(mean - nats) < 0.08 for mean in means[1:]), (
            "with little to be seen a small batch shows it"
        )
        says = (
            f"The pairs share only {nats} nats: N = 8 already shows {means[1]:.2f}, N = 512 {means[-1]:.2f}. ln N is no hindrance.",
            f"每对的互信息只有 {nats} nats：N = 8 已经显示 {means[1]:.2f}，N = 512 是 {means[-1]:.2f}。ln N 不再碍事。",
        )
    else:
        assert min(runs[-1]) > 5.5 and max(runs[2]) < 3.5, "the estimate is held down by ln N"
        says = (
            f"The pairs share {nats:.0f} nats and the critic is perfect. N = 8 shows {means[1]:.2f} (ln N = {math.log(8):.2f}), N = 32 "
            f"{means[2]:.2f} ({math.log(32):.2f}), N = 512 {means[-1]:.2f} ({math.log(512):.2f}).",
            f"每对的互信息是 {nats:.0f} nats，打分函数是完美的。N = 8 显示 {means[1]:.2f}（ln N = {math.log(8):.2f}），N = 32 是 "
            f"{means[2]:.2f}（{math.log(32):.2f}），N = 512 是 {means[-1]:.2f}（{math.log(512):.2f}）。",
        )
    return {
        "says": says,
        "off": ("pairs that share only 0.3 nats", "每对的互信息只有 0.3 nats"),
        "title": ("ln N − L with a perfect critic", "完美打分函数下的 ln N − L"),
        "chart": "curves",
        "x": numbers,
        "x_label": "N",
        "y_label": "nats",
        "log_x": True,
        "series": [
            (("estimate", "估计值"), means),
            ("ln N", [math.log(n) for n in numbers]),
            (("truth", "真实值"), [nats] * len(numbers)),
        ],
    }
