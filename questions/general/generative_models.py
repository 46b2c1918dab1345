"""What VAE, GAN and diffusion minimise, in one dimension, where the best answer is known exactly."""


def _samples(seed, steps, modes=(-1.0, 1.0), number=1000, spread=0.05):
    """Data at the modes; the exact E(x₀ | x_t) as the denoiser; `steps` steps back through a schedule of 1,000."""
    import torch

    g = torch.Generator().manual_seed(seed)
    kept = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64), 0)
    times = torch.linspace(999, -1, steps + 1).round().long().tolist()
    x = torch.randn(number, 1, generator=g, dtype=torch.float64)
    centres = torch.tensor(modes, dtype=torch.float64)
    for here, there in zip(times, times[1:], strict=False):
        a, b = kept[here], kept[there] if there >= 0 else torch.ones((), dtype=torch.float64)
        variance = a * spread**2 + 1 - a
        off = x - a.sqrt() * centres
        belongs = (-(off**2) / (2 * variance)).softmax(1)
        x0 = (belongs * (centres + a.sqrt() * spread**2 / variance * off)).sum(1, keepdim=True)
        noise = (x - a.sqrt() * x0) / (1 - a).sqrt()
        fresh = ((1 - b) / (1 - a) * (1 - a / b)).sqrt()
        x = b.sqrt() * x0 + (1 - b - fresh**2).clamp(min=0).sqrt() * noise
        x = x + fresh * torch.randn(x.shape, generator=g, dtype=torch.float64)
    return x[:, 0]


def _near(x):
    """Share of samples within 0.2 of −1 and of +1."""
    return [((x - mode).abs() < 0.2).double().mean().item() for mode in (-1, 1)]


def one_jump_evidence():
    split, middle, normal, one = [], [], [], []
    for seed in range(3):
        x = _samples(seed, 1)
        low, high = _near(x)
        split.append(low > 0.4 and high > 0.4)
        middle.append(x.abs().max().item() < 0.2)
        normal.append(x.std().item() > 0.5)
        one.append(max(low, high) > 0.9)
        assert min(_near(_samples(seed, 200))) > 0.4  # many steps do split them
    return [all(split), all(middle), all(normal), all(one)]


def kl_cost_draw(rng):
    import math

    while True:
        mu, logvar = rng.choice([0.5, 1, 1.5, -1, 2]), rng.choice([-2, -1.5, -1, -0.5, 0.5, 1])
        var = math.exp(logvar)
        values = {
            "answer": (mu**2 + var - 1 - logvar) / 2,
            "no_half": mu**2 + var - 1 - logvar,
            "as_var": (mu**2 + abs(logvar) - 1 - math.log(abs(logvar))) / 2,
            "sign": (mu**2 + var - 1 + logvar) / 2,
        }
        numbers = list(values.values())
        if all(abs(a - b) > 0.03 * abs(b) + 0.01 for i, a in enumerate(numbers) for b in numbers[:i]):
            shown = {name: float(f"{value:.3g}") for name, value in values.items()}
            return {"mu": mu, "logvar": logvar, "var": float(f"{var:.3g}")} | shown


def kl_cost_evidence(drawn):
    import torch
    from torch.distributions import Normal, kl_divergence

    sigma = torch.tensor(drawn["logvar"] / 2, dtype=torch.float64).exp()
    code = Normal(torch.tensor(float(drawn["mu"]), dtype=torch.float64), sigma)
    zero = torch.zeros((), dtype=torch.float64)
    cost = kl_divergence(code, Normal(zero, zero + 1)).item()
    return [abs(drawn[name] / cost - 1) < 0.01 for name in ("answer", "no_half", "as_var", "sign")]


def implied_draw(rng):
    while True:
        root, rest = rng.choice([(0.8, 0.6), (0.6, 0.8), (0.28, 0.96), (0.96, 0.28)])
        x, e = rng.randint(-20, 20) / 10, rng.randint(-15, 15) / 10
        values = {
            "answer": (x - rest * e) / root,
            "no_root": (x - rest**2 * e) / root**2,
            "swapped": (x - root * e) / rest,
            "undivided": x - rest * e,
        }
        numbers = list(values.values())
        apart = all(abs(a - b) > 0.05 * abs(b) + 0.02 for i, a in enumerate(numbers) for b in numbers[:i])
        if apart and min(map(abs, numbers)) > 0.1 and e:
            shown = {name: float(f"{value:.3g}") for name, value in values.items()}
            return {"a": round(root**2, 4), "x": x, "e": e, "r": root, "s": rest} | shown


def implied_evidence(drawn):
    kept = drawn["a"]

    def fits(x0):
        return abs(kept**0.5 * x0 + (1 - kept) ** 0.5 * drawn["e"] - drawn["x"]) < 0.006 * max(1, abs(x0))

    return [fits(drawn[name]) for name in ("answer", "no_root", "swapped", "undivided")]


def non_saturating_evidence():
    import torch
    from torch.nn.functional import logsigmoid

    a = torch.logit(torch.tensor(0.001, dtype=torch.float64)).requires_grad_()
    (flat,) = torch.autograd.grad(logsigmoid(-a), a)
    (steep,) = torch.autograd.grad(-logsigmoid(a), a)
    other_direction = bool(flat.sign() != steep.sign())
    steeper = abs(steep.item() + 0.999) < 1e-6 and abs(flat.item() + 0.001) < 1e-6
    w = torch.tensor(0.5, requires_grad=True)  # G's only weight; both losses reach it through D
    (through,) = torch.autograd.grad(logsigmoid(-(3 * w)), w)
    return [other_direction, None, steeper, through.item() == 0]


def collapse_evidence():
    """x ~ N(0, λ), z ~ N(0, 1), decoder N(wz, s²), encoder N(vx, t²): the expected loss, minimised."""
    import torch

    def code(spread, noise, weight=1.0, steps=400, width=1):
        w, v, logt = (torch.full((width,), value, dtype=torch.float64) for value in (0.5, 0.5, -0.5))
        learned = [value.requires_grad_() for value in (w, v, logt)]
        optimizer = torch.optim.Adam(learned, lr=0.05)
        for _ in range(steps):
            t2 = (2 * logt).exp()
            kl = ((v**2 * spread + t2 - 1) / 2 - logt).sum()
            error = (1 - (w * v).sum()) ** 2 * spread + (w**2 * t2).sum()
            loss = error / (2 * noise) + weight * kl
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return kl.item()

    from dlkata.suite import digits

    pixels = digits()[0].flatten(1).double()
    largest = torch.linalg.eigvalsh(torch.cov(pixels.mT))[-1].item()
    assert 0.69 < largest < 0.71 and code(largest, 1.0, steps=500) < 1e-2
    return [
        code(largest, 1.0, width=4) > 0.1,
        code(largest, 0.1) > 0.1,
        code(largest, 1.0, weight=4.0) > 0.1,
        None,
    ]


def objectives_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    prior, likely = torch.rand(6, generator=g).softmax(0), torch.rand(6, generator=g)
    evidence = (prior * likely).sum().log()  # ln p(x) for six values of z
    guesses = torch.randn(100, 6, generator=g).softmax(1)
    bounds = (guesses * (guesses.log() - prior.log() - likely.log())).sum(1)
    above = bool((bounds >= -evidence - 1e-6).all())
    p, q = torch.rand(5, generator=g, dtype=torch.float64), torch.rand(5, generator=g, dtype=torch.float64)
    d = torch.linspace(0.001, 0.999, 999, dtype=torch.float64)[:, None]
    best = d[(p * d.log() + q * (1 - d).log()).argmax(0), 0]
    untrained = torch.nn.functional.binary_cross_entropy(torch.full((8,), 0.5), torch.zeros(8)).item()
    proves = abs(untrained - 0.693) > 0.001  # D knows nothing, whatever G is
    return [above, proves, torch.allclose(best, p / (p + q), atol=0.002), None, None]


def worked():
    import math

    kl = (1 + 0.25 - 1 - math.log(0.25)) / 2
    x = 0.8 * 2 + 0.6 * -0.5
    return [
        f"{kl:.3f} nats",
        f"D = {0.3 / (0.3 + 0.1):.2f}",
        f"−{2 * math.log(2):.3f}",
        f"x_t = {x:.1f}",
        f"{(-0.5 + 0.3) ** 2:.2f}",
        f"{(x + 0.6 * 0.3) / 0.8:.2f}",
    ]


def experiment(off=False):
    modes, numbers = ((1.0,), (1, 2, 5)) if off else ((-1.0, 1.0), (1, 2, 5, 10, 50, 200))
    charts, shares = [], {}
    for steps in numbers:
        runs = [_samples(seed, steps, modes) for seed in range(3)]
        shares[steps] = [sum(_near(x)) for x in runs]
        edges = [-1.5 + 0.1 * i for i in range(31)]
        counts = [((runs[0] >= a) & (runs[0] < a + 0.1)).sum().item() for a in edges[:-1]]
        charts.append([count**0.5 for count in counts])
    first, last = (100 * sum(shares[steps]) / 3 for steps in (numbers[0], numbers[-1]))
    if off:
        assert min(shares[1]) > 0.99, "with one mode the mean is a good sample"
        says = (
            f"All data near +1: a single step already puts {first:.0f} % of the samples there. Averaging does harm only "
            "where there is something to choose.",
            f"数据全在 +1 附近：一步就把 {first:.0f} % 的样本放到了那里。只有需要选择时，取平均才有害。",
        )
    else:
        assert max(shares[1]) < 0.01 and max(shares[2]) < 0.05, "one or two jumps land between the modes"
        assert min(shares[50]) > 0.99, "fifty steps land on them"
        ten = 100 * sum(shares[10]) / 3
        says = (
            f"The denoiser is exact, and yet: in one step {first:.0f} % of the samples come within 0.2 of −1 or +1, in ten "
            f"{ten:.0f} %, in two hundred {last:.0f} %. One step lands on the mean, 0, where there is no data.",
            f"去噪是精确的，可是：一步采样，只有 {first:.0f} % 的样本落在 −1 或 +1 的 0.2 之内；十步 {ten:.0f} %，两百步 "
            f"{last:.0f} %。一步落在均值 0 处，那里没有数据。",
        )
    return {
        "says": says,
        "off": ("data with a single mode", "数据只有一个模式"),
        "title": (
            "Where samples land, −1.5 to 1.5 (shade: root of the number)",
            "样本落在哪里，−1.5 到 1.5（深浅：个数的平方根）",
        ),
        "chart": "picture",
        "values": charts,
        "rows": [(f"{n} steps" if n > 1 else "1 step", f"{n} 步") for n in numbers],
    }
