"""Where a suite runs, and how closely it looks."""

from dataclasses import dataclass

import torch

# rtol, atol: what right implementations in another style stay well inside.
TOLERANCES = {
    torch.float64: (1e-8, 1e-9),
    torch.float32: (1e-4, 1e-5),
    torch.float16: (1e-2, 2e-3),
    torch.bfloat16: (4e-2, 2e-2),
}
EXACT = (0.0, 0.0)


@dataclass
@dataclass
class Setting:
    """Where a suite runs. The worker fills it from --device; mps has no float64."""

    device: str = "cpu"

    @property
    def dtype(self) -> torch.dtype:
        return torch.float32 if self.device.startswith("mps") else torch.float64


setting = Setting()
