import torch
from torch import nn


def segment_ids(tokens, sep_id, pad_id=0):
    shifted = torch.roll(tokens == sep_id, 1, dims=-1)
    shifted[..., 0] = False
    return ((shifted.cumsum(-1) >= 1) * (tokens != pad_id)).to(torch.int64)


class BertEmbeddings(nn.Module):
    """Straight from the paper's figure, with torch's layers."""

    def __init__(self, vocab_size, hidden_size, max_length=512, n_segments=2, pad_id=0, p=0.1, eps=1e-12):
        super().__init__()
        self.token = nn.Embedding(vocab_size, hidden_size, padding_idx=pad_id)
        self.position = nn.Embedding(max_length, hidden_size)
        self.segment = nn.Embedding(n_segments, hidden_size)
        self.norm = nn.LayerNorm(hidden_size, eps)
        self.dropout = nn.Dropout(p)
        self.register_buffer("positions", torch.arange(max_length), persistent=False)
        self.apply(self.start)

    @staticmethod
    def start(module):
        if isinstance(module, nn.Embedding):
            module.weight.data.normal_(0.0, 0.02)
            if module.padding_idx is not None:
                module.weight.data[module.padding_idx].zero_()

    def forward(self, tokens, segments=None):
        T = tokens.size(-1)
        if T > self.positions.numel():
            raise ValueError("too long")
        x = self.token(tokens) + self.position(self.positions[:T])
        x = x + (self.segment.weight[0] if segments is None else self.segment(segments))
        return self.dropout(self.norm(x))
