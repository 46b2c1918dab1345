"""Numbers drawn at random: what a start, or a mask, must show whatever stream it was drawn from.

Bounds allow a false alarm in less than one of 10⁴ right attempts.
"""

from collections.abc import Callable, Mapping
from math import log, sqrt

import torch
from torch import Tensor

from dlkata.suite.judging import holds, near

ALARMS = 1e-6  # for each bound


def drawn_apart(tensors: Mapping[str, Tensor]) -> None:
    """No row or column of any tensor goes with another of its length, in the same tensor or in another.

    A vector is a row of its own. Give it tensors of a hundred entries to a side: among few, chance goes with chance.
    """
    by_length: dict[int, list[Tensor]] = {}
    for tensor in tensors.values():
        values = tensor.detach().cpu().double()
        rows = values.flatten(1) if values.dim() > 1 else values[None]
        for lines in (rows, rows.mT) if values.dim() > 1 else (rows,):
            by_length.setdefault(lines.shape[1], []).append(lines)
    for length, blocks in sorted(by_length.items()):
        both = torch.cat(blocks)
        centred = both - both.mean(1, keepdim=True)
        unit = centred / centred.norm(dim=1, keepdim=True).clamp(min=1e-30)
        alike = (unit @ unit.mT).fill_diagonal_(0).abs().max().item()
        pairs = max(len(both) * (len(both) - 1) / 2, 1)
        bound = sqrt(2 * log(2 * pairs / ALARMS) / length)
        if bound < 0.95:
            holds(
                alike <= bound,
                "Parts of the initial values go together: each must be drawn for itself.",
                "初始值里有些部分是相关的：每个值都应当独立采样。",
                value="apart" if alike <= bound else "alike",
                name=f"lines of {length} initial values",
            )


def varies(build: Callable[[], Tensor], sd: float, name: str, times: int = 30) -> None:
    """The means of `times` new tensors scatter as those of independent draws with this deviation do.

    Draws that are forced to a mean of exactly 0 scatter not at all, draws made in bulk and used again too much.
    """
    drawn = [build().detach().cpu().double() for _ in range(times)]
    z = torch.stack([tensor.mean() * tensor.numel() ** 0.5 / sd for tensor in drawn])
    # A sum of `times` squares: χ², whose square root is nearly normal with deviation 1/√2.
    near(
        z.square().mean().sqrt(), 1.0, 4.4 / sqrt(2 * times), f"{name}: spread of the means, relative",
        "The mean of the initial values must be left to chance, as it is for independent draws.",
        "初始值的均值应当由独立采样自然决定。",
    )  # fmt: skip
