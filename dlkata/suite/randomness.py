"""Numbers drawn at random: how they are spread, and whether each is drawn by itself.

Judged are statistics with bounds, at least six standard deviations from what right numbers give: chance must not turn
a right attempt away, and journals must not depend on who drew what first.
"""

import math
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from dlkata.suite.finding import Finding, Mismatch
from dlkata.suite.journals import journal
from dlkata.suite.judging import holds, near


def spread(values: Tensor, std: float, name: str, *, uniform: bool) -> None:
    """At least 12,000 numbers come from U(−√3 std, √3 std), or from N(0, std²)."""
    values = values.detach().double().cpu().flatten()
    size = values.square().mean().sqrt().item()
    _width(size / std, 0.06, name)
    near(
        values.mean().item() / size, 0.0, 0.06, f"{name}: mean / std",
        "The entries are not centred on 0",
        "各元素的均值不为 0",
    )  # fmt: skip
    near(
        values.abs().mean().item() / size,
        math.sqrt(3) / 2 if uniform else math.sqrt(2 / math.pi),
        0.0125,
        f"{name}: mean |·| / std",
        "The entries do not follow a uniform distribution"
        if uniform
        else "The entries do not follow a normal distribution",
        "各元素不服从均匀分布" if uniform else "各元素不服从正态分布",
    )
    largest = values.abs().max().item() / std
    holds(
        largest <= math.sqrt(3) * (1 + 1e-6) if uniform else largest > 3.1,
        "Some entries lie outside (−b, b)"
        if uniform
        else "No entry lies far out: a normal distribution is not truncated",
        "部分元素落在 (−b, b) 之外" if uniform else "没有离均值很远的元素：正态分布不应截断",
        name=f"{name}: max |·|",
    )
    near(
        values.unique().numel() / values.numel(), 1.0, 0.05, f"{name}: distinct entries",
        "Entries are copies of each other; each is drawn independently",
        "许多元素相同；每个元素应当独立抽取",
    )  # fmt: skip


def _width(ratio: float, within: float, name: str) -> None:
    """Noted as a logarithm, so that every width is told as sharply; shown as the ratio."""
    label = f"{name}: std / right std"
    journal.record(label, math.log(ratio) if ratio else -math.inf, (0.0, within))
    if not abs(ratio - 1) <= within:
        raise Mismatch(
            Finding(
                "range", label, expected=f"1 ± {within:.2g}", actual=f"{ratio:.4g}",
                en=f"The entries are spread too {'widely' if ratio > 1 else 'narrowly'}",
                zh=f"各元素分布得太{'宽' if ratio > 1 else '窄'}",
            )
        )  # fmt: skip


def independent(draw: Callable[[], Sequence[Tensor]], name: str, *, times: int = 320) -> None:
    """Every entry of the small tensors that a call draws is drawn by itself, all from one distribution.

    Over many calls no two entries go together, in one tensor or in two, and neither do their sizes; and the sums of a
    row, a column, a tensor vary as much as sums of independent numbers (of standardised ones they never do).
    """
    calls = [[x.detach().double().cpu() for x in draw()] for _ in range(times)]
    together = [_standard(torch.stack(tensors)) for tensors in zip(*calls, strict=True)]  # (times, *shape)
    still = sum(int((x == 0).all(0).sum()) for x in together)
    near(
        still, 0, 0.5, f"{name}: entries that are the same in every call",
        "Some entries are the same in every call: they are not drawn at random",
        "有些元素每次都一样：它们不是随机抽取的",
    )  # fmt: skip
    for what, entries in (
        ("entries", together),
        ("sizes of entries", [_standard(x.abs()) for x in together]),
    ):
        flat = torch.cat([x.flatten(1) for x in entries], dim=1)
        links = (flat.T @ flat / times).fill_diagonal_(0)
        near(
            links.abs().max(), 0.0, 6.5 / math.sqrt(times), f"{name}: largest correlation of two {what}",
            "Two entries always go together: one is made from the other, or both from the same number",
            "有两个元素总是同进同退：一个由另一个得来，或两者来自同一个数",
        )  # fmt: skip
    for what, entries, kurtosis in (
        ("sums", together, 3.0),
        ("sums of squares", [_standard(x.square()) for x in together], 5.0),
    ):
        for x in entries:
            for over, sums in _sums(x):
                size = x.numel() / sums.numel()
                found = sums.square().mean().item() / size
                near(
                    found, 1.0, 6.5 * math.sqrt((kurtosis - 1) / times), f"{name}: variance of {what} ({over})",
                    "Sums of entries vary less or more than those of numbers that are each drawn independently",
                    "若干元素之和的方差，与各自独立抽取时不符",
                )  # fmt: skip


def _standard(x: Tensor) -> Tensor:
    """Every entry by itself: mean 0 and variance 1 over the calls; 0 where it never varies."""
    x = x - x.mean(0)
    std = x.square().mean(0).sqrt()
    return torch.where(std > 1e-12, x / std.clamp(min=1e-300), 0.0)


def _sums(x: Tensor) -> Iterator[tuple[str, Tensor]]:
    """x: (calls, *shape)."""
    yield "of all", x.flatten(1).sum(1)
    if x.dim() > 2:
        yield "of a row", x.flatten(2).sum(2)
        yield "of a column", x.sum(1)
