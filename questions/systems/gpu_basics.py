"""Experiment, draws and evidence for gpu_basics.md. No GPU: a queue worked off by a thread, and simulated clocks."""


def worked():
    weights = (32 * (4 * 4096**2 + 3 * 4096 * 11008 + 2 * 4096) + 2 * 32000 * 4096 + 4096) * 2
    blocks = 65536 // (256 * 64)
    return [
        f"{weights / 1e9:.2f} GB",
        f"{weights / 25e9 * 1e3:.0f} ms",
        f"{weights / 2e12 * 1e3:.1f} ms",
        f"{320 * 5e-3:.1f} ms",
        f"{blocks * 256:,}",
        f"{blocks * 256 / 2048:.0%}".replace("%", " %"),
    ]


class _Stream:
    """Kernels, here pauses, carried out one after the other by a thread; whoever launches one does not wait for it."""

    def __init__(self, blocking=False):
        from queue import Queue
        from threading import Thread

        self.blocking, self.queue = blocking, Queue()
        self.thread = Thread(target=self._work, daemon=True)
        self.thread.start()

    def _work(self):
        from time import sleep

        while (seconds := self.queue.get()) is not None:
            sleep(seconds)
            self.queue.task_done()
        self.queue.task_done()

    def launch(self, seconds):
        self.queue.put(seconds)
        if self.blocking:
            self.queue.join()

    def synchronise(self):
        self.queue.join()

    def close(self):
        self.queue.put(None)
        self.thread.join()


LINES = ["model(x)", "loss.backward()", "optimizer.step()", "loss.item()"]
KERNELS = [6, 12, 2, 0]  # of 10 ms each


def _by_line(blocking):
    """Milliseconds that a plain clock shows for each line."""
    from time import perf_counter

    stream, shown = _Stream(blocking), []
    for kernels in KERNELS:
        start = perf_counter()
        for _ in range(kernels):
            stream.launch(0.01)
        if not kernels:
            stream.synchronise()  # .item() needs the value
        shown.append(1e3 * (perf_counter() - start))
    stream.close()
    return shown


def _usually(blocking):
    """The median of three runs, line by line."""
    from statistics import median

    return [median(column) for column in zip(*(_by_line(blocking) for _ in range(3)), strict=True)]


def experiment(off=False):
    shown = _usually(off)
    total = sum(shown)
    assert total > 190, "the kernels take 200 ms"
    if off:
        assert shown[3] < 0.1 * total, "when launches wait, nothing is left for .item()"
        assert 0.5 < shown[1] / total < 0.7, "and each line gets the time of its own kernels"
        says = (
            f"When every launch waits, backward() shows {shown[1]:.0f} of {total:.0f} ms and item() {shown[3]:.1f} ms: each "
            "line gets its own time, and nothing runs side by side any more.",
            f"每次 launch 都等待时，backward() 显示 {shown[1]:.0f} ms（共 {total:.0f} ms），item() 只有 {shown[3]:.1f} ms："
            "时间各归各行，但 CPU 与 GPU 也不再同时工作。",
        )
    else:
        assert shown[3] > 0.8 * total, "the line that waits gets nearly all the time"
        says = (
            f"The plain clock shows {shown[3]:.0f} of {total:.0f} ms at item() and {shown[1]:.1f} ms at backward(), whose "
            "kernels take 120 ms: the line that waits is blamed for the work of all others.",
            f"直接读时钟，item() 显示 {shown[3]:.0f} ms（共 {total:.0f} ms），而 kernel 要跑 120 ms 的 backward() 只显示 "
            f"{shown[1]:.1f} ms：等待的那一行替所有人背了时间。",
        )
    return {
        "says": says,
        "off": (
            "every launch waits, as with CUDA_LAUNCH_BLOCKING=1",
            "每次 launch 都等待，即 CUDA_LAUNCH_BLOCKING=1",
        ),
        "title": ("What a plain clock shows for each line", "直接读时钟，每一行显示的时间"),
        "chart": "bars",
        "bars": [(line, round(ms, 2)) for line, ms in zip(LINES, shown, strict=True)],
        "unit": "ms",
    }


def where_time_evidence():
    shown = _usually(blocking=False)
    total = sum(shown)
    return [shown[1] > 0.5 * total, shown[3] > 0.8 * total, abs(shown[1] / total - 0.6) < 0.1, total < 20]


class _Clock:
    """A simulated CPU and GPU: the first run is slow, a launch costs the CPU little, synchronising waits."""

    def __init__(self, launch=5.0, run=100.0, first=5000.0):
        self.cpu = self.gpu = 0.0
        self.cost, self.run, self.first = launch, run, first

    def launch(self):
        self.cpu += self.cost
        self.gpu = max(self.gpu, self.cpu) + self.run + self.first
        self.first = 0.0

    def synchronise(self):
        self.cpu = max(self.cpu, self.gpu)


def timing_evidence():
    def measured(warm=True, before=True, after=True):
        clock = _Clock()
        if warm:
            clock.launch()
        if before:
            clock.synchronise()
        start = clock.cpu
        for _ in range(50):
            clock.launch()
        if after:
            clock.synchronise()
        return (clock.cpu - start) / 50

    wrong = [measured(warm=False), measured(before=False), measured(after=False)]
    return [abs(measured() / 100 - 1) < 0.01 and all(abs(t / 100 - 1) > 0.3 for t in wrong)]


def launch_bound_draw(rng):
    kernels = rng.choice([240, 320, 400, 480, 640])
    run = rng.choice([1.5, 2, 2.5, 3])
    launch = rng.choice([4, 5, 6, 8])
    return {
        "kernels": kernels,
        "run": run,
        "launch": launch,
        "answer": round(kernels * launch / 1e3, 4),
        "only_run": round(kernels * run / 1e3, 4),
        "both": round(kernels * (launch + run) / 1e3, 4),
    }


def launch_bound_evidence(drawn):
    clock = _Clock(launch=drawn["launch"], run=drawn["run"], first=0.0)
    for _ in range(drawn["kernels"]):
        clock.launch()
    clock.synchronise()
    return [abs(clock.cpu / 1e3 / drawn[name] - 1) < 0.02 for name in ("answer", "only_run", "both")]


def gaps_evidence():
    def step(launch=6.0, run=2.0, graph=False):
        clock = _Clock(launch, run, first=0.0)
        for number in range(300):
            if graph and number:
                clock.gpu += clock.run  # replayed without the CPU
            else:
                clock.launch()
        clock.synchronise()
        return clock.cpu

    usual = step()
    faster_kernels = step(run=1.0) < 0.9 * usual  # by occupancy or by bandwidth
    return [None, faster_kernels, faster_kernels, step(graph=True) < 0.5 * usual]


def occupancy_draw(rng):
    while True:
        threads, registers = rng.choice([128, 256, 512]), rng.choice([32, 40, 48, 64, 96, 128])
        memory, tile = rng.choice([96, 160, 224]), rng.choice([12, 16, 20, 24, 32, 48, 64])
        room = [65536 / (threads * registers), memory / tile, 2048 / threads]
        whole = [int(blocks) for blocks in room]
        least, second, _most = sorted(whole)
        counts = {"answer": least, "looser": second, "parts": min(room), "one": 1}
        values = {name: round(100 * blocks * threads / 2048, 2) for name, blocks in counts.items()}
        apart = all(abs(a - b) > 1 for i, a in enumerate(values.values()) for b in list(values.values())[:i])
        if apart and least > 1:
            limits = dict(zip(("by_registers", "by_memory", "by_threads"), whole, strict=True))
            return (
                {"threads": threads, "registers": registers, "memory": memory, "tile": tile} | limits | values
            )


def occupancy_evidence(drawn):
    registers, memory, places, blocks = 65536, 1024 * drawn["memory"], 2048, 0
    while True:  # one block after the other moves in, until something runs out
        registers -= drawn["threads"] * drawn["registers"]
        memory -= 1024 * drawn["tile"]
        places -= drawn["threads"]
        if min(registers, memory, places) < 0:
            break
        blocks += 1
    share = 100 * blocks * drawn["threads"] / 2048
    return [abs(drawn[name] / share - 1) < 0.002 for name in ("answer", "looser", "parts", "one")]


def _issued(warps, wait=20, cycles=4000):
    """Instructions a cycle on a scheduler that issues one: after each a warp waits for memory."""
    ready, issued = [0] * warps, 0
    for now in range(cycles):
        first = min(range(warps), key=ready.__getitem__)
        if ready[first] <= now:
            ready[first] = now + 1 + wait
            issued += 1
    return issued / cycles


def hide_evidence():
    few, enough, many = _issued(7), _issued(21), _issued(42)
    hides = abs(few - 1 / 3) < 0.01 and enough > 0.99 and many < 1.01
    return [hides, None, many > 1.5 * enough, None]


def transfer_draw(rng):
    batch, side, rate = (
        rng.choice([64, 128, 256, 512]),
        rng.choice([160, 224, 256, 384]),
        rng.choice([12, 20, 25]),
    )
    ms = batch * 3 * side * side * 4 / rate / 1e6
    values = {"answer": ms, "as_bytes": ms / 4, "as_bits": ms * 8, "grey": ms / 3}
    return {"batch": batch, "side": side, "rate": rate} | {k: float(f"{v:.4g}") for k, v in values.items()}


def transfer_evidence(drawn):
    import torch

    images = torch.empty(drawn["batch"], 3, drawn["side"], drawn["side"], device="meta")
    ms = 1e3 * images.nbytes / (drawn["rate"] * 1e9)
    return [abs(drawn[name] / ms - 1) < 0.02 for name in ("answer", "as_bytes", "as_bits", "grey")]


def aloud_evidence():
    shown = _usually(blocking=False)
    late = shown[3] > 0.8 * sum(shown)
    queued = sum(shown[:3]) < 0.2 * sum(shown)
    return [queued, late, timing_evidence()[0], timing_evidence()[0], None]
