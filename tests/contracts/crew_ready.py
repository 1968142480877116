"""What the server of ``crew`` does once: imports, and a fit that loads what is compiled."""

import torch

torch.set_num_threads(1)

import toys  # noqa: E402, F401

import iconlearn  # noqa: E402

X = torch.randn(40, 4, generator=torch.Generator().manual_seed(0))
model = iconlearn.ICon(iconlearn.KNN(4), iconlearn.UniformCluster(), iconlearn.SoftmaxHead(4, 3))
model.fit(X, max_iter=2, batch_size=20, lr=0.01)
