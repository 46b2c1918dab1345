# mistake: The LayerNorm keeps its own ε.
# bug: eps_ignored
import torch
from torch import nn


def segment_ids(tokens, sep_id, pad_id=0):
    is_sep = tokens == sep_id
    seen = torch.cat([torch.zeros_like(is_sep[..., :1]), is_sep[..., :-1]], dim=-1).cummax(dim=-1).values
    return (seen & (tokens != pad_id)).long()


class BertEmbeddings(nn.Module):
    def __init__(self, vocab_size, hidden_size, max_length=512, n_segments=2, pad_id=0, p=0.1, eps=1e-12):
        super().__init__()
        self.token = nn.Embedding(vocab_size, hidden_size, padding_idx=pad_id)
        self.position = nn.Embedding(max_length, hidden_size)
        self.segment = nn.Embedding(n_segments, hidden_size)
        self.norm = nn.LayerNorm([hidden_size])
        self.dropout = nn.Dropout(p)
        self.pad_id, self.max_length = pad_id, max_length
        for table in (self.token, self.position, self.segment):
            table.weight.data.normal_(0.0, 0.02)
        self.token.weight.data[pad_id] = 0.0

    def forward(self, tokens, segments=None):
        if tokens.shape[-1] > self.max_length:
            raise ValueError("too long")
        if segments is None:
            segments = torch.zeros_like(tokens)
        x = self.token(tokens) + self.position.weight[: tokens.shape[-1]] + self.segment(segments)
        return self.dropout(self.norm(x))
