# mistake: Dropout takes whole vectors, and the shape is unpacked as (B, T): two mistakes.
# bug: dropout_of_whole_tokens + batches_only
import torch
from torch import Tensor, nn


def segment_ids(tokens: Tensor, sep_id: int, pad_id: int = 0) -> Tensor:
    sep = (tokens == sep_id).long()
    before = sep.cumsum(-1) - sep
    return ((before > 0) & (tokens != pad_id)).long()


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
        self.token = nn.Embedding(vocab_size, hidden_size, padding_idx=pad_id)
        self.position = nn.Embedding(max_length, hidden_size)
        self.segment = nn.Embedding(n_segments, hidden_size)
        self.norm = nn.LayerNorm(hidden_size, eps=eps)
        self.dropout = nn.Dropout(p)
        self.max_length = max_length
        for table in (self.token, self.position, self.segment):
            nn.init.normal_(table.weight, std=0.02)
        with torch.no_grad():
            self.token.weight[pad_id] = 0

    def forward(self, tokens: Tensor, segments: Tensor | None = None) -> Tensor:
        B, T = tokens.shape
        if T > self.max_length:
            raise ValueError(f"{T} tokens, but only {self.max_length} positions")
        if segments is None:
            segments = torch.zeros_like(tokens)
        positions = torch.arange(T, device=tokens.device)
        x = self.token(tokens) + self.position(positions) + self.segment(segments)
        return self.dropout(x.new_ones(B, T, 1)) * self.norm(x)
