"""Leaks on real digits: coins that seem predictable, relatives in the file, and the luck of the best."""


def _coins(seed, inside, images=60, features=3000, kept=20):
    """Accuracy on the second half; the features are selected on all images, or `inside` the first half only."""
    import torch

    from dlkata.suite import digits

    pixels, _labels = digits()
    g = torch.Generator().manual_seed(seed)
    chosen = pixels.flatten(1)[torch.randperm(len(pixels), generator=g)[:images]]
    x = torch.sin(3 * chosen @ torch.randn(64, features, generator=g))
    coins = (torch.rand(images, generator=g) < 0.5).float() * 2 - 1
    half = images // 2
    seen = half if inside else images
    centred, sides = x[:seen] - x[:seen].mean(0), coins[:seen] - coins[:seen].mean()
    agreement = (centred.mT @ sides) / centred.norm(dim=0)
    x = x[:, agreement.abs().topk(kept).indices]
    x = (x - x[:half].mean(0)) / x[:half].std(0)
    gram = x[:half].mT @ x[:half] + 10 * torch.eye(kept)
    w = torch.linalg.solve(gram, x[:half].mT @ coins[:half])
    return ((x[half:] @ w).sign() == coins[half:]).float().mean().item()


def coin_flips_evidence():
    leaky = [_coins(seed, inside=False) for seed in range(12)]
    honest = [_coins(seed, inside=True) for seed in range(12)]
    mean = sum(leaky) / 12
    assert abs(sum(honest) / 12 - 0.5) < 0.1
    return [abs(mean - share) < 0.05 for share in (0.5, 0.6, 0.9, 1.0)]


def neighbours_evidence():
    import torch

    from dlkata.suite import digits

    pixels, labels = digits()
    x, places = pixels.flatten(1), torch.arange(1797)

    def nearest(held):
        kept = places[~held]
        return kept[torch.cdist(x[held], x[kept]).argmin(1)]

    def score(held):
        return (labels[nearest(held)] == labels[held]).float().mean().item()

    blocks = [(places >= 359 * b) & (places < 359 * (b + 1)) for b in range(5)]
    random = []
    for seed in range(5):
        order = torch.randperm(1797, generator=torch.Generator().manual_seed(seed))
        held = torch.zeros(1797, dtype=torch.bool)
        held[order[:359]] = True
        random.append(held)
    by_block, by_chance = (sum(map(score, sets)) / 5 for sets in (blocks, random))
    assert abs(by_chance - 0.986) < 0.004 and abs(by_block - 0.965) < 0.004
    missing = any(len(labels[block].unique()) < 10 for block in blocks)

    def score_without_close(held, distance=100):
        far = torch.cdist(x[held], x)
        far[:, held] = torch.inf
        far[(places[held][:, None] - places).abs() <= distance] = torch.inf
        return (labels[far.argmin(1)] == labels[held]).float().mean().item()

    # without the neighbours in the file the random split is as good as a block, no better
    relatives = abs(sum(map(score_without_close, random)) / 5 - by_block) < 0.005
    return [missing, None, relatives and by_chance - by_block > 0.015, None]


LARGEST = {10: 1.539, 20: 1.867, 50: 2.249, 100: 2.508}


def best_of_draw(rng):
    m, p, n = rng.choice(list(LARGEST)), rng.choice([0.7, 0.8, 0.85]), rng.choice([200, 400, 500])
    sigma = (p * (1 - p) / n) ** 0.5
    return {
        "m": m,
        "p": p,
        "n": n,
        "e": LARGEST[m],
        "sigma": round(sigma, 5),
        "answer": round(p + LARGEST[m] * sigma, 4),
        "one": round(p + sigma, 4),
        "shrunk": round(p + LARGEST[m] * sigma / m**0.5, 4),
    }


def best_of_evidence(drawn):
    import torch

    g = torch.Generator().manual_seed(0)
    p, n, m = drawn["p"], drawn["n"], drawn["m"]
    values = torch.full((20000, m), float(p), dtype=torch.float64)
    best = (torch.binomial(torch.full_like(values, n), values, generator=g) / n).amax(1).mean().item()
    close = min(("answer", "p", "one", "shrunk"), key=lambda name: abs(drawn[name] - best))
    return [name == close for name in ("answer", "p", "one", "shrunk")]


def new_clinic_evidence():
    """Noisy copies of digits: a random split by copy against one by image, 1-NN."""
    import torch

    from dlkata.suite import digits

    pixels, labels = digits()

    def score(seed, by_image, share=0.2, images=150, copies=6):
        g = torch.Generator().manual_seed(seed)
        source = torch.randperm(1797, generator=g)[:images].repeat(copies)
        x = pixels.flatten(1)[source] + 0.3 * torch.randn(images * copies, 64, generator=g)
        image = torch.rand(images, generator=g).repeat(copies)
        held = (image if by_image else torch.rand(images * copies, generator=g)) < share
        found = torch.cdist(x[held], x[~held]).argmin(1)
        return (labels[source][~held][found] == labels[source][held]).float().mean().item()

    gaps = [score(seed, False) - score(seed, True) for seed in range(4)]
    ten = [score(seed, False, share=0.1) - score(seed, True, share=0.1) for seed in range(4)]
    more_folds_cure = sum(ten) / 4 < 0.05
    luck = min(gaps) < 2 * (0.9 * 0.1 / 180) ** 0.5
    return [more_folds_cure, luck, None, min(gaps) > 0.08]


def protocol_evidence():
    leak = sum(_coins(seed, inside=False) - _coins(seed, inside=True) for seed in range(6)) / 6
    return [leak > 0.25]  # dividing comes before whatever is fitted


def worked():
    import torch

    p, n = 0.9, 500
    sigma = (p * (1 - p) / n) ** 0.5
    x = torch.linspace(-8, 8, 16001, dtype=torch.float64)
    below = torch.special.ndtr(x)
    largest = (x * 20 * below**19 * torch.exp(-(x**2) / 2) / (2 * torch.pi) ** 0.5).sum().item() * 0.001
    return [f"σ = {sigma:.4f}", f"{largest:.2f}σ", f"{p + largest * sigma:.3f}"]


def experiment(off=False):
    seeds, numbers = range(10), [30, 100, 300, 1000, 3000]
    means = []
    for features in numbers:
        means.append(sum(_coins(seed, inside=off, features=features) for seed in seeds) / len(seeds))
    if off:
        assert max(abs(mean - 0.5) for mean in means) < 0.12, (
            "selected inside the training half, coins stay coins"
        )
        says = (
            f"Selected on the training half only, the 20 features score {100 * means[0]:.0f} % (out of 30) to {100 * means[-1]:.0f} % "
            "(out of 3,000) on the other half: coins can't be predicted.",
            f"只在训练那一半上选特征，另一半上的准确率是 {100 * means[0]:.0f} %（从 30 个里选）到 {100 * means[-1]:.0f} %（从 3,000 个里选）："
            "硬币猜不中。",
        )
    else:
        assert means[-1] > 0.85 and means[-1] > means[0] + 0.2, "the more features, the more the leak shows"
        says = (
            f"Labels are coin flips, and yet: 20 features selected on all 60 images score {100 * means[0]:.0f} % on the held-out half "
            f"when chosen from 30, {100 * means[2]:.0f} % from 300, {100 * means[-1]:.0f} % from 3,000 (mean of 10 seeds).",
            f"标签是抛硬币得来的，可是：在全部 60 张图上选出 20 个特征，留出那一半上的准确率，从 30 个里选时是 {100 * means[0]:.0f} %，"
            f"从 300 个里选是 {100 * means[2]:.0f} %，从 3,000 个里选是 {100 * means[-1]:.0f} %（10 个种子平均）。",
        )
    return {
        "says": says,
        "off": ("features selected on the training half only", "只在训练那一半上选特征"),
        "title": ("Accuracy on coin flips, 20 features kept", "抛硬币标签上的准确率，保留 20 个特征"),
        "chart": "bars",
        "bars": [
            ((f"of {features}", f"共 {features} 个"), round(mean, 3))
            for features, mean in zip(numbers, means, strict=True)
        ],
    }
