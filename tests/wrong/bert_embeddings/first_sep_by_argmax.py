# mistake: The first [SEP] is found by argmax, which gives 0 where there is none: all that follows is the second sentence.
# bug: segments_without_a_sep
import torch
from torch import Tensor, nn


def segment_ids(tokens: Tensor, sep_id: int, pad_id: int = 0) -> Tensor:
    first = (tokens == sep_id).long().argmax(-1, keepdim=True)
    before = torch.arange(tokens.shape[-1], device=tokens.device) > first
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
        T = tokens.shape[-1]
        if T > self.max_length:
            raise ValueError(f"{T} tokens, but only {self.max_length} positions")
        if segments is None:
            segments = torch.zeros_like(tokens)
        positions = torch.arange(T, device=tokens.device)
        x = self.token(tokens) + self.position(positions) + self.segment(segments)
        return self.dropout(self.norm(x))
