"""In which types a step is computed: networks in half precision where that is asked for, sums always in full."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

from iconlearn.train.optimizers import Stepper

log = logging.getLogger("iconlearn")

# Names of Lightning: parameters are float32 in all of them.
PRECISIONS = {"32-true": None, "bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}


def has_bfloat16() -> bool:
    """Can the processor multiply bfloat16 by itself? Where torch does not tell, it is taken to be able to."""
    return bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)())


class Precision:
    """Autocast of networks and, for the narrow range of float16, a scaled gradient.

    Parameters
    ----------
    name : {"32-true", "bf16-mixed", "16-mixed"}
    device : torch.device
        Where the network is.

    Examples
    --------
    >>> import torch
    >>> precision, network = Precision("bf16-mixed", torch.device("cpu")), torch.nn.Linear(4, 2)
    >>> with precision.networks():
    ...     print(network(torch.ones(1, 4)).dtype)
    torch.bfloat16
    """

    def __init__(self, name: str, device: torch.device) -> None:
        self.half, self.device = PRECISIONS[name], device
        if self.half is torch.bfloat16 and device.type == "cpu" and not has_bfloat16():
            log.warning(
                "fit: precision='bf16-mixed', but this processor has no instructions for bfloat16, and convolutions "
                "may take many times as long; leave precision out here"
            )
        self.scaler = torch.amp.GradScaler(device.type, enabled=self.half is torch.float16)

    def networks(self) -> AbstractContextManager[Any]:
        """What a network is run in."""
        return nullcontext() if self.half is None else torch.autocast(self.device.type, dtype=self.half)

    def backward(self, loss: Tensor) -> None:
        """Gradients of the loss, times the scale."""
        self.scaler.scale(loss).backward()

    def unscale(self, optimizer: Stepper) -> None:
        """Take the scale off the gradients."""
        self.scaler.unscale_(optimizer)  # type: ignore[arg-type]

    def step(self, optimizer: Stepper) -> None:
        """An update; none where a scaled gradient was too large for its type, and the scale is halved."""
        self.scaler.step(optimizer)  # type: ignore[arg-type]
        self.scaler.update()
