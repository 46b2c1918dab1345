"""A tensor lies on one device; Python waits for it only when it needs the values."""


def mixed_evidence():
    import torch

    a = torch.ones(3, device="meta")  # a device other than the CPU, there on every machine

    def adds(b):
        try:
            a + b
        except RuntimeError:
            return False
        return True

    return [
        adds(torch.tensor([2.0])),
        adds(torch.tensor([1.0, 2.0, 3.0])),
        adds(torch.ones(3, requires_grad=True)),
        adds(torch.tensor(2.0)),
    ]


def host_waits_evidence():
    import torch

    # Tensors on `meta` have no values: what runs there needs none, what fails there would have to wait.
    loss, x, losses = torch.ones((), device="meta"), torch.ones(5, device="meta"), []

    def needs_values(line):
        try:
            line()
        except (RuntimeError, NotImplementedError):
            return True
        return False

    return [
        needs_values(lambda: loss.item()),
        needs_values(lambda: losses.append(loss.detach())),
        needs_values(lambda: bool(loss > 100)),
        needs_values(lambda: x.reshape(-1, 1)),
        needs_values(lambda: x[x > 0]),
    ]


def transfer_draw(rng):
    n, side, gbs = rng.choice([64, 128, 256, 512]), rng.choice([128, 224, 256, 384]), rng.choice([12, 25, 50])
    numbers = n * 3 * side * side
    values = {
        "answer": numbers * 4 / gbs / 1e6,
        "as_bytes": numbers / gbs / 1e6,
        "one_channel": numbers * 4 / 3 / gbs / 1e6,
        "bits": numbers * 32 / gbs / 1e6,
    }
    shown = {name: float(f"{value:.3g}") for name, value in values.items()}
    return {"n": n, "side": side, "gbs": gbs, "millions": round(numbers / 1e6, 1), **shown}


def transfer_evidence(drawn):
    import torch

    images = torch.empty(drawn["n"], 3, drawn["side"], drawn["side"], dtype=torch.uint8, device="meta")
    ms = images.float().nbytes / (drawn["gbs"] * 1e9) * 1000
    return [abs(drawn[name] / ms - 1) < 0.02 for name in ("answer", "as_bytes", "one_channel", "bits")]


def slower_logging_evidence():
    """A queue that works by itself and a host that fills it; how busy is the queue's worker?"""

    def busy(wait, steps=300, host=1.0, device=1.2):
        now = free = worked = 0.0  # the host's clock, when the device is free, its working time
        for _ in range(steps):
            now += host  # preparing the kernels of one step
            start = max(now, free)
            free, worked = start + device, worked + device
            if wait:
                now = free + 0.005  # the value is needed: wait, then copy it
        return worked / free

    copying_alone = busy(False, host=1.005) < 0.9
    waiting = busy(False) > 0.95 and 0.45 < busy(True) < 0.65
    import torch

    w = torch.ones(3, requires_grad=True)
    keeps_graph = hasattr((w * 2).sum().item(), "grad_fn")
    more_work = busy(False, device=1.5) < busy(False)
    return [copying_alone, waiting, keeps_graph, more_work]


def worked():
    import torch

    images = torch.empty(256, 3, 224, 224, device="meta")
    return [f"{images.nbytes / 1e6:.1f} MB", f"{images.nbytes / 25e9 * 1000:.1f} ms"]
