"""Several processes that train one model together, as torchrun starts them."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from datetime import timedelta
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch import distributed as dist

from iconlearn._errors import OptionError, ProcessError
from iconlearn.processes import ALONE, Processes, Result, own_randomness
from iconlearn.train.pulse import PATIENCE, Pulse

_alone: ContextVar[bool] = ContextVar("iconlearn_alone", default=False)


class Several(Processes):
    """This process and the others of a job, which share the work of every batch.

    Parameters
    ----------
    store : torch.distributed.Store
        Where the processes met.
    """

    def __init__(self, store: Any) -> None:
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        self.on_machine = int(os.environ.get("LOCAL_WORLD_SIZE", self.size))
        self.store = store
        self.pulse = Pulse(store, self.rank, self.size)
        nccl = dist.get_backend() == "nccl"
        self.device = torch.device("cuda", torch.cuda.current_device()) if nccl else torch.device("cpu")

    def join(self, own: Tensor, n: int) -> Tensor:
        return _Join.apply(own, n, self)  # type: ignore[no-any-return]

    def gather(self, own: Tensor, n: int) -> Tensor:
        """All pieces of ``n`` samples, (views, n, ...), without gradient."""
        pieces = [self.piece_of(rank, n) for rank in range(self.size)]
        lengths = [piece.stop - piece.start for piece in pieces]
        if own.shape[1] != lengths[self.rank]:
            raise ProcessError(f"a piece of {lengths[self.rank]} samples has {own.shape[1]} rows")
        held = own.new_zeros(own.shape[0], max(lengths), *own.shape[2:])
        held[:, : own.shape[1]] = own
        parts = [torch.empty_like(held) for _ in pieces]
        self.pulse.explained(lambda: dist.all_gather(parts, held))
        return torch.cat([part[:, :length] for part, length in zip(parts, lengths, strict=True)], 1)

    @torch.no_grad()
    def average(self, parameters: Iterable[Tensor]) -> None:
        by_type: dict[tuple[torch.dtype, torch.device], list[Tensor]] = {}
        for parameter in parameters:
            key = torch.promote_types(parameter.dtype, torch.float32), parameter.device
            by_type.setdefault(key, []).append(parameter)
        for (dtype, _), held in by_type.items():
            there = torch.stack([p.new_tensor(float(p.grad is not None), dtype=dtype) for p in held])
            parts = [torch.zeros_like(p) if p.grad is None else p.grad.to_dense() for p in held]
            flat = torch.cat([there, *(part.to(dtype).flatten() for part in parts)])
            self._sum(flat)
            there, mean = flat[: len(held)].bool().tolist(), flat[len(held) :] / self.size
            means = mean.split([p.numel() for p in held])
            for parameter, part, anywhere in zip(held, means, there, strict=True):
                parameter.grad = part.view_as(parameter).to(parameter.dtype) if anywhere else None

    def all(self, flag: bool) -> bool:
        noes = torch.tensor([0.0 if flag else 1.0], device=self.device)
        self._sum(noes)
        return not bool(noes)

    def _sum(self, tensor: Tensor) -> None:
        self.pulse.explained(lambda: dist.all_reduce(tensor))

    def lead(self, work: Callable[[], Result]) -> Result:
        box: list[Any] = [None]
        with self.pulse.round() as turn:
            key = f"iconlearn/turn/{turn}"
            if self.first:
                try:
                    box[0] = work()
                except BaseException as error:
                    self.pulse.tell(error)
                    raise
                self.pulse.explained(lambda: self.store.set(key, ""))
            else:
                self.pulse.wait(key, 0)  # however long it takes, where an exchange would run out of time
            self.pulse.explained(lambda: dist.broadcast_object_list(box, src=0, device=self.device))
        return box[0]

    def place(self, model: nn.Module) -> None:
        if self.device.type == "cuda":  # each process has a GPU of its own, which Fabric has chosen
            model.to(self.device)

    @torch.no_grad()
    def level(self, model: nn.Module) -> None:
        for tensor in model.state_dict().values():
            if isinstance(tensor, Tensor):
                held = tensor.contiguous()
                self.pulse.explained(lambda held=held: dist.broadcast(held, src=0))
                tensor.copy_(held)

    def same(self, facts: Mapping[str, str]) -> None:
        digests = [hashlib.sha256(text.encode()).digest() for text in facts.values()]
        own = torch.frombuffer(bytearray(b"".join(digests)), dtype=torch.uint8).reshape(1, 1, -1)
        found = self.gather(own.to(self.device), self.size)[0].cpu()
        for rank, theirs in enumerate(found.view(self.size, len(facts), -1)):
            differ = (theirs != found[0].view(len(facts), -1)).any(-1)
            for name, differs in zip(facts, differ.tolist(), strict=True):
                if differs:
                    raise ProcessError(
                        f"fit: {name} of process {rank} is not that of process 0; give every process the same data, "
                        "model and options, in the same order"
                    )

    @contextmanager
    def telling(self) -> Iterator[None]:
        with self.pulse.round():
            try:
                yield
            except ProcessError:
                raise  # heard from another
            except BaseException as error:
                self.pulse.tell(error)
                raise

    def own_draws(self, device: torch.device) -> AbstractContextManager[object]:
        common = int(torch.randint(1 << 62, (), generator=torch.default_generator))
        return own_randomness(common + self.rank, device)


class _Join(torch.autograd.Function):
    """All pieces from the own one; the own piece gets ``size`` times its gradient (see ``Processes.average``)."""

    @staticmethod
    def forward(ctx: Any, own: Tensor, n: int, processes: Several) -> Tensor:
        ctx.piece, ctx.size = processes.piece(n), processes.size
        return processes.gather(own, n)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return gradients[0][:, ctx.piece] * ctx.size, None, None


def join(given: Any, device: torch.device) -> Processes:
    """The processes that a fit takes part in.

    Parameters
    ----------
    given : None, 1, Fabric or Processes
        None joins the other processes of the job, if there are any: a process group that is there already, or else
        that of torchrun (``WORLD_SIZE`` above 1), through Lightning Fabric. 1 stays alone. A Fabric is launched.
    device : torch.device
        Where the model is.

    Raises
    ------
    OptionError
        If Lightning Fabric is needed and not installed.
    ProcessError
        If the other processes do not come.
    """
    if isinstance(given, Processes):
        return given
    if _alone.get() or given == 1:
        return ALONE
    if not dist.is_available():
        return ALONE
    if not dist.is_initialized():
        if given is None and int(os.environ.get("WORLD_SIZE", "1")) == 1:
            return ALONE
        launch(fabric_of_job(device) if given is None else given)
    if not dist.is_initialized() or dist.get_world_size() == 1:
        return ALONE
    return _several(dist.distributed_c10d._get_default_store())


@lru_cache(maxsize=1)
def _several(store: Any) -> Several:
    return Several(store)


@contextmanager
def alone() -> Iterator[None]:
    """Fits in this context are of this process by itself."""
    token = _alone.set(True)
    try:
        yield
    finally:
        _alone.reset(token)


def first_of_job() -> bool:
    """Is this the process of the job that writes and prints?"""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank() == 0
    return int(os.environ.get("RANK", "0")) == 0 or int(os.environ.get("WORLD_SIZE", "1")) == 1


def fabric_of_job(device: torch.device) -> Any:
    """Lightning Fabric with the processes that torchrun has started."""
    try:
        from lightning_fabric import Fabric
        from lightning_fabric.strategies.ddp import DDPStrategy
    except ImportError as cause:
        raise OptionError(
            f"fit: WORLD_SIZE={os.environ['WORLD_SIZE']} asks for several processes, which takes Lightning Fabric: pip "
            "install 'iconlearn[distributed]', or fit(processes=1)"
        ) from cause
    size = int(os.environ["WORLD_SIZE"])
    local = int(os.environ.get("LOCAL_WORLD_SIZE", size))
    strategy = DDPStrategy(timeout=timedelta(seconds=PATIENCE))
    kind = "cuda" if device.type == "cuda" else "cpu"
    return Fabric(accelerator=kind, devices=local, num_nodes=max(1, size // local), strategy=strategy)


def launch(fabric: Any) -> None:
    """Join the process group of a Fabric."""
    said = logging.getLogger("lightning_fabric")
    before = said.level
    said.setLevel(logging.WARNING)
    try:
        fabric.launch()
    except RuntimeError as cause:
        raise ProcessError(
            f"fit: the {os.environ.get('WORLD_SIZE')} processes of this job did not come together ({cause}); "
            "call fit in every process, or with processes=1 in one"
        ) from cause
    finally:
        said.setLevel(before)
