"""Evidence for attention_cues.md."""


def beyond_pooling_evidence():
    import torch
    from torch.nn.functional import scaled_dot_product_attention as attend

    g = torch.Generator().manual_seed(0)
    k, v = (torch.randn(6, 4, generator=g, dtype=torch.float64) for _ in range(2))
    queries = torch.randn(3, 4, generator=g, dtype=torch.float64)
    weights = attend(queries, k, torch.eye(6, dtype=torch.float64))  # the mean of unit vectors
    average = attend(0 * queries, k, torch.eye(6, dtype=torch.float64))  # no wish: equal weights

    sums = not torch.allclose(average.sum(-1), weights.sum(-1))
    fixed = torch.allclose(weights[0], weights[1])
    outputs = attend(queries, k, v)
    varied = torch.pdist(outputs).min().item() > 0.1 and torch.allclose(average[0] @ v, v.mean(0))
    larger = v.clone()
    larger[2] *= 100
    drawn_to_it = not torch.allclose(attend(queries, k, larger), weights @ larger)
    return [sums, fixed, drawn_to_it, varied]
