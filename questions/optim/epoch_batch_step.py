"""Counting steps with torch's own loaders and samplers."""


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


def token_steps_draw(rng):
    tokens, gpus, b = rng.choice([1, 2, 15]), rng.choice([64, 128, 256, 512]), rng.choice([2, 4, 8])
    length, a = rng.choice([2048, 4096, 8192]), rng.choice([2, 4, 8])
    batch = gpus * b * length * a
    return {
        "tokens": tokens,
        "gpus": gpus,
        "b": b,
        "length": length,
        "a": a,
        "batch": round(batch / 1e6, 2),
        "answer": round(tokens * 1e12 / batch),
        "passes": round(tokens * 1e12 / batch * a),
        "one_gpu": round(tokens * 1e12 / batch * gpus),
        "sequences": round(tokens * 1e12 / batch * length),
    }


def token_steps_evidence(drawn):
    """The tokens of one update, allocated without memory, until the corpus is used up."""
    import torch

    update = [
        torch.empty(drawn["b"], drawn["length"], dtype=torch.int8, device="meta")
        for _ in range(drawn["gpus"])
        for _ in range(drawn["a"])
    ]
    steps = drawn["tokens"] * 1e12 / sum(batch.numel() for batch in update)
    return [abs(drawn[name] / steps - 1) < 0.01 for name in ("answer", "passes", "one_gpu", "sequences")]


def accumulated_tokens_evidence():
    import torch
    from torch.nn import functional as F

    overwritten, order, unequal, weighted = [], [], [], []
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        lengths = torch.randint(1, 30, (64,), generator=g)
        x = torch.randn(64, 30, 8, generator=g)
        y = torch.randint(5, (64, 30), generator=g).masked_fill(torch.arange(30) >= lengths[:, None], -100)

        def gradient(parts, by_tokens=False, x=x, y=y):
            w = torch.zeros(8, 5, requires_grad=True)
            for a, b in zip(x.chunk(parts), y.chunk(parts), strict=True):
                logits = (a @ w).flatten(0, 1)
                total = F.cross_entropy(logits, b.flatten(), reduction="sum")
                share = (y != -100).sum() if by_tokens else (b != -100).sum() * parts
                (total / share).backward()
            return w.grad

        whole = gradient(1)
        off = (gradient(4) - whole).norm() / whole.norm()
        unequal.append(off.item() > 0.01)
        weighted.append(((gradient(4, by_tokens=True) - whole).norm() / whole.norm()).item() < 1e-5)
        order.append(off.item() < 1e-5)
        w = torch.zeros(2, requires_grad=True)
        for _ in range(2):
            w.sum().backward()
        overwritten.append(w.grad[0].item() == 1)
    # All parts are taken at the same weights: weighted by tokens they agree with the large batch.
    return [not all(weighted), all(order), all(unequal) and all(weighted), all(overwritten)]


def worked():
    from torch.utils.data import DataLoader

    loader = DataLoader(range(50_000), batch_size=128)
    sizes = len(loader), 50_000 - 128 * (len(loader) - 1)
    effective = 128 * 8 * 4
    updates = len(DataLoader(range(50_000), batch_size=effective))
    return [
        f"{50_000 / 128:.1f}",
        f"{sizes[0]}",
        f"{sizes[1]}",
        f"{effective}",
        f"{updates}",
        f"{round(2e12 / 4e6):,}",
    ]
