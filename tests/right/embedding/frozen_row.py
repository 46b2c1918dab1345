import torch
from torch import Tensor, nn
import torch.nn.functional as F


class Embedding(nn.Module):
    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None, scale: bool = False
    ):
        super().__init__()
        self.V, self.d, self.scale = num_embeddings, embedding_dim, scale
        self.pad = None if padding_idx is None else padding_idx % num_embeddings
        self.weight = nn.Parameter(torch.empty(num_embeddings, embedding_dim))
        nn.init.normal_(self.weight, std=embedding_dim**-0.5)
        if self.pad is not None:
            with torch.no_grad():
                self.weight[self.pad].zero_()

    def forward(self, tokens: Tensor) -> Tensor:
        table = self.weight
        if self.pad is not None:
            frozen = torch.arange(self.V, device=table.device) == self.pad
            table = torch.where(frozen[:, None], table.detach(), table)
        if self.scale:
            table = table * self.d**0.5
        return F.one_hot(tokens, self.V).to(table.dtype) @ table

    def logits(self, h: Tensor) -> Tensor:
        return torch.einsum("...d,vd->...v", h, self.weight)
