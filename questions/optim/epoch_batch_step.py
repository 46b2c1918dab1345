"""Counting steps with torch's own loaders and samplers."""


def steps_draw(rng):
    import math

    while True:
        n, b, e = rng.randint(200, 2000), rng.choice([16, 32, 48, 64]), rng.randint(3, 8)
        values = math.ceil(n / b) * e, n // b * e, math.ceil(n * e / b), n * e
        if len({*values}) == 4 and all(abs(value / values[0] - 1) > 0.005 for value in values[1:]):
            break
    return {
        "n": n,
        "b": b,
        "e": e,
        "exact": round(n / b, 2),
        "per_epoch": values[0] // e,
        **dict(zip(("answer", "floored", "joined", "single"), values, strict=True)),
    }


def steps_evidence(drawn):
    import torch
    from torch.utils.data import DataLoader

    loader = DataLoader(range(drawn["n"]), batch_size=drawn["b"], generator=torch.Generator())
    steps = sum(1 for _ in range(drawn["e"]) for _ in loader)
    return [drawn[name] == steps for name in ("answer", "floored", "joined", "single")]


def updates_draw(rng):
    g, b, a = rng.choice([2, 4, 8]), rng.choice([4, 8, 16]), rng.choice([3, 5, 6, 10])
    answer = rng.randint(5, 40)
    effective = g * b * a
    return {
        "g": g,
        "b": b,
        "a": a,
        "n": effective * answer,
        "effective": effective,
        "answer": answer,
        "passes": answer * a,
        "one_gpu": answer * g,
        "loads": answer * a * g,
    }


def updates_evidence(drawn):
    """Every GPU walks its share of the data; an update is due after every `a` backward passes."""
    from torch.utils.data import BatchSampler, DistributedSampler

    counts = set()
    for rank in range(drawn["g"]):
        share = DistributedSampler(range(drawn["n"]), num_replicas=drawn["g"], rank=rank, shuffle=False)
        updates = waiting = 0
        for _ in BatchSampler(share, drawn["b"], drop_last=False):
            waiting += 1
            if waiting == drawn["a"]:
                updates, waiting = updates + 1, 0
        counts.add((updates, waiting))
    ((updates, waiting),) = counts
    assert waiting == 0
    return [drawn[name] == updates for name in ("answer", "passes", "one_gpu", "loads")]


def equal_epochs_evidence():
    import torch
    from torch.utils.data import DataLoader

    def run(batch, epochs=10, lr=0.001):
        g = torch.Generator().manual_seed(0)
        x = torch.randn(1024, 4, generator=g)
        y = x @ torch.tensor([1.0, -2.0, 3.0, 0.5]) + 0.1 * torch.randn(1024, generator=g)
        w, seen, lengths = torch.zeros(4, requires_grad=True), torch.zeros(1024), []
        for _ in range(epochs):
            for rows in DataLoader(range(1024), batch_size=batch, shuffle=True, generator=g):
                (gradient,) = torch.autograd.grad(((x[rows] @ w - y[rows]) ** 2).mean(), w)
                seen[rows] += 1
                lengths.append(lr * gradient.norm().item())
                w = (w - lr * gradient).detach().requires_grad_()
        return w.norm().item(), seen, lengths

    (small, seen_small, steps_small), (large, seen_large, steps_large) = run(32), run(256)
    assert large < small
    first_small, first_large = sum(steps_small[:4]) / 4, sum(steps_large[:4]) / 4
    fewer_views = not torch.equal(seen_small, seen_large)
    fewer_steps = len(steps_small) == 8 * len(steps_large) and 0.8 < first_large / first_small < 1.25
    divided = len(steps_small) == len(steps_large) and first_large < first_small / 4
    longer = first_large > 1.5 * first_small
    return [fewer_views, fewer_steps, divided, longer]
