"""Experiment, draws and evidence for dataloader.md. Times are simulated; copies are made by a real DataLoader."""


def _a_step(workers, loads, step, prefetch=2):
    """Mean time of a step when batch j is loaded by worker j mod k, at most k · prefetch batches ahead, and batches
    are used in order, as DataLoader does it."""
    if not workers:
        return sum(loads) / len(loads) + step
    free, used, clock = [0.0] * workers, [], 0.0
    for j, load in enumerate(loads):
        asked = 0.0 if j < workers * prefetch else used[j - workers * prefetch]
        free[j % workers] = max(free[j % workers], asked) + load
        clock = max(clock, free[j % workers])
        used.append(clock)  # handed to the training, which asks for another one
        clock += step
    return clock / len(loads)


def worked():
    return [f"{_a_step(k, [240.0] * 3000, 100.0):.0f} ms" for k in range(4)]


def experiment(off=False):
    import random

    load, step, counts = (20.0 if off else 240.0), 100.0, list(range(9))
    rule = [load + step] + [max(step, load / k) for k in counts[1:]]
    rows = []
    for seed in range(4):
        rng = random.Random(seed)
        loads = [rng.gammavariate(4, load / 4) for _ in range(3000)]
        rows.append([_a_step(k, loads, step) for k in counts])
        for k in counts:
            assert abs(_a_step(k, [load] * 3000, step) / rule[k] - 1) < 0.01, (
                "steady loading follows the rule"
            )
        assert rows[-1][8] < 1.03 * step, "with many workers the GPU sets the pace"
        if off:
            assert rows[-1][0] < 1.25 * rows[-1][8], "workers bring little where loading is cheap"
        else:
            assert rows[-1][0] > 3 * rows[-1][8], "workers bring much"
            assert rows[-1][3] > 1.02 * step, "three workers are just not enough when loading varies"
    mean = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    if off:
        says = (
            f"With 20 ms of loading a step takes {mean[0]:.0f} ms without workers and {mean[1]:.0f} ms with one: there is "
            f"little to win.",
            f"加载只要 20 ms 时，没有 worker 每步 {mean[0]:.0f} ms，有一个 {mean[1]:.0f} ms：没多少可赢的。",
        )
    else:
        says = (
            f"A step takes {mean[0]:.0f} ms without workers, {mean[1]:.0f} with one, {mean[2]:.0f} with two, {mean[3]:.0f} "
            f"with three, {mean[4]:.0f} with four, {mean[8]:.0f} with eight. Loading varies here; if it did not, three "
            f"would do (4 seeds).",
            f"没有 worker 时每步 {mean[0]:.0f} ms，一个 {mean[1]:.0f}，两个 {mean[2]:.0f}，三个 {mean[3]:.0f}，四个 "
            f"{mean[4]:.0f}，八个 {mean[8]:.0f}。这里的加载时间有波动；没有波动时三个就够了（4 个种子）。",
        )
    return {
        "says": says,
        "off": ("loading takes 20 ms instead of 240", "加载只要 20 ms，而不是 240 ms"),
        "charts": [
            {
                "chart": "bars",
                "title": ("Time of a step by number of workers", "每步时间，按 worker 数"),
                "bars": [(f"k = {k}", round(value, 1)) for k, value in zip(counts, mean, strict=True)],
                "unit": "ms",
            }
        ],
    }


def enough_draw(rng):
    from math import ceil

    while True:
        image, batch = rng.choice([2, 3, 4, 5, 6, 8, 10]), rng.choice([32, 64, 96, 128])
        step = rng.choice([50, 60, 80, 90, 110, 120, 150, 180])
        load = image * batch
        exact = load / step
        values = {
            "answer": ceil(exact),
            "short": int(exact),
            "sum": ceil(exact + 1),
            "double": 2 * ceil(exact),
        }
        if 2 < exact < 14 and exact % 1 > 0.05 and len(set(values.values())) == 4:
            return {"image": image, "batch": batch, "step": step, "load": load} | values


def enough_evidence(drawn):
    load, step = float(drawn["image"] * drawn["batch"]), float(drawn["step"])

    def waits(workers):
        return _a_step(workers, [load] * 4000, step) > 1.005 * step

    least = next(k for k in range(1, 40) if not waits(k))
    return [drawn[name] == least for name in ("answer", "short", "sum", "double")]


def copies_evidence():
    """Real workers, forked where the system can, so that these classes need not be imported by them."""
    import random
    import time
    from multiprocessing import get_all_start_methods

    import torch
    from torch.utils.data import DataLoader, Dataset, IterableDataset

    class Data(Dataset):
        def __init__(self):
            self.count, self.rng = 0, random.Random(0)

        def __len__(self):
            return 8

        def __getitem__(self, i):
            self.count += 1
            if i == 0:
                time.sleep(0.1)  # the first worker is the slowest
            return i, self.rng.randrange(10**6), torch.randint(10**6, ()).item()

    class Stream(IterableDataset):
        def __iter__(self):
            return iter(range(3))

    fork = "fork" if "fork" in get_all_start_methods() else None

    def epoch(data, size):
        loader = DataLoader(data, batch_size=size, num_workers=4, multiprocessing_context=fork)
        return [[part.tolist() for part in batch] for batch in loader]

    data = Data()
    first, second = (list(zip(*epoch(data, 1), strict=True)) for _ in range(2))
    in_order = first[0] == tuple([i] for i in range(8))
    own_repeats = first[1] == second[1]
    torch_same = len({value for (value,) in first[2][:4]}) == 1
    fours = sorted(x for batch in epoch(Stream(), 3) for x in batch) == sorted(list(range(3)) * 4)
    torch.manual_seed(0)
    loader = DataLoader(list(range(64)), 8, shuffle=True, num_workers=4, multiprocessing_context=fork)
    order = [batch.tolist() for batch in loader]
    shares = [sorted(order[w] + order[w + 4]) for w in range(4)]
    own_shuffle = all(max(s) - min(s) < 16 for s in shares)  # each worker a fixed quarter of the data
    return [data.count == 0, not in_order, fours, torch_same, own_repeats, own_shuffle]


def throughput_evidence():
    import random

    claims = [
        [340] + [340 / k for k in range(1, 9)],
        [340] + [100] * 8,
        [240] + [240 / k for k in range(1, 9)],
        [340, 240, 130] + [100] * 6,
    ]
    holds = [True] * 4
    for seed in range(4):
        rng = random.Random(seed)
        loads = [rng.gammavariate(4, 60.0) for _ in range(3000)]
        seen = [_a_step(k, loads, 100.0) for k in range(9)]
        for i, claim in enumerate(claims):
            holds[i] &= all(abs(a / b - 1) < 0.06 for a, b in zip(seen, claim, strict=True))
    return holds


def jagged_evidence():
    def images(workers=0, load=150.0, step=50.0, batch=128):
        return batch / _a_step(workers, [load] * 2000, step)

    size = 128 * 3 * 224 * 224 * 4
    copying = size / 12e9 * 1e3  # ms, a pageable copy at 12 GB/s
    assert abs(size / 1e6 - 77) < 0.1 and copying < 10
    now = images()
    tried = [
        images(step=25.0),
        images(load=300.0, step=100.0, batch=256),
        images(workers=4),
        images(step=50 - copying / 2),
    ]
    return [rate > 2 * now for rate in tried]
