"""The input of BERT (Devlin et al., 2019): what a token is, where it stands, which sentence it belongs to.

xₜ = Dropout(LayerNorm(E[tokenₜ] + P[t] + S[segmentₜ]))
"""

import torch
from torch import Tensor, nn


def segment_ids(tokens: Tensor, sep_id: int, pad_id: int = 0) -> Tensor:
    ends = (tokens == sep_id).long()  # (..., T)
    before = ends.cumsum(-1) - ends  # how many [SEP] stand in front
    second = (before > 0) & (tokens != pad_id)
    return second.long()


class BertEmbeddings(nn.Module):
    def __init__(
        self,
        vocab_size: int,
        hidden_size: int,
        max_length: int = 512,
        n_segments: int = 2,
        pad_id: int = 0,
        p: float = 0.1,
        eps: float = 1e-12,
    ):
        super().__init__()
        self.token = nn.Embedding(vocab_size, hidden_size, padding_idx=pad_id)  # E
        self.position = nn.Embedding(max_length, hidden_size)  # P
        self.segment = nn.Embedding(n_segments, hidden_size)  # S
        self.norm = nn.LayerNorm(hidden_size, eps=eps)
        self.dropout = nn.Dropout(p)
        for table in (self.token, self.position, self.segment):
            nn.init.normal_(table.weight, std=0.02)
        nn.init.zeros_(self.token.weight[pad_id])  # drawn over just now

    def forward(self, tokens: Tensor, segments: Tensor | None = None) -> Tensor:
        length = tokens.shape[-1]  # T
        longest = self.position.num_embeddings
        if length > longest:
            raise ValueError(f"{length} tokens, but there are only {longest} positions")
        if segments is None:
            segments = torch.zeros_like(tokens)
        places = torch.arange(length, device=tokens.device)
        words = self.token(tokens)  # (..., T, d)
        where = self.position(places)  # (T, d)
        which = self.segment(segments)  # (..., T, d)
        summed = words + where + which
        normed = self.norm(summed)
        return self.dropout(normed)
