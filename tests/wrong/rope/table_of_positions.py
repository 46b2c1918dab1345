# mistake: The cosines and sines are looked up in a table with one row for each position from 0 on, in which negative positions wrap around to the end or fall out of it.
# line: 20
# bug: table_from_zero
import torch
from torch import Tensor


def _table(rows: int, dim: int, base: float, dtype: torch.dtype, device) -> tuple[Tensor, Tensor]:
    exponents = torch.linspace(0, dim - 2, dim // 2, dtype=dtype, device=device) / dim
    grid = torch.outer(torch.arange(rows, dtype=dtype, device=device), base**-exponents)
    return grid.cos(), grid.sin()


def rope(x: Tensor, positions: Tensor | None = None, base: float = 10000.0) -> Tensor:
    work = x.to(torch.promote_types(x.dtype, torch.float32))
    if positions is None:
        positions = torch.arange(x.shape[-2], device=x.device)
    rows = int(positions.max()) + 1
    cos_table, sin_table = _table(rows, x.shape[-1], base, work.dtype, x.device)
    cos, sin = cos_table[positions], sin_table[positions]
    a, b = work[..., ::2], work[..., 1::2]
    turned = torch.empty_like(work)
    turned[..., ::2] = a * cos - b * sin
    turned[..., 1::2] = a * sin + b * cos
    return turned.to(x.dtype)
