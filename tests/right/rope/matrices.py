import math

import torch


def rope(x, positions=None, base=10000.0):
    """One block-diagonal rotation matrix for each position, made entry by entry in Python floats."""
    T, D = x.shape[-2], x.shape[-1]
    index = torch.arange(T) if positions is None else positions
    at = torch.broadcast_to(index, torch.broadcast_shapes(index.shape, (T,)))
    matrices = []
    for m in at.flatten().tolist():
        R = [[0.0] * D for _ in range(D)]
        for j in range(0, D, 2):
            angle = m * base ** (-j / D)
            R[j][j] = R[j + 1][j + 1] = math.cos(angle)
            R[j][j + 1], R[j + 1][j] = -math.sin(angle), math.sin(angle)
        matrices.append(R)
    turns = torch.tensor(matrices, dtype=x.dtype, device=x.device).reshape(*at.shape, D, D)
    return (turns @ x.unsqueeze(-1)).squeeze(-1)
