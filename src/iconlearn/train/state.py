"""The state of a run as tensors and numbers by name, and a run put back into it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from iconlearn._errors import OptionError
from iconlearn.mappers import Queue
from iconlearn.points import Points
from iconlearn.train.batches import Batches
from iconlearn.train.best import Best
from iconlearn.train.optimizers import Stepper
from iconlearn.train.run import Run

OF_RUN = ("step", "empty_rows", "left", "kept_baseline", "failed", "finished")
COLUMNS = ("value", "id", "view", "label", "scale")  # of points


@dataclass
class State:
    """Tensors and JSON values, by name."""

    tensors: dict[str, Tensor] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def put(self, prefix: str, tensors: dict[str, Tensor]) -> None:
        """Copies of some tensors, which the run may then change."""
        self.tensors |= {
            f"{prefix}{k}": v.detach().to("cpu", copy=True).contiguous() for k, v in tensors.items()
        }

    def get(self, prefix: str) -> dict[str, Tensor]:
        """The tensors with this prefix, by the rest of their names."""
        return {k.removeprefix(prefix): v for k, v in self.tensors.items() if k.startswith(prefix)}

    def nest(self, prefix: str, other: State) -> None:
        """Hold another state under a prefix."""
        self.tensors |= {f"{prefix}{k}": v for k, v in other.tensors.items()}
        self.values[prefix] = other.values

    def nested(self, prefix: str) -> State:
        """The state that is held under a prefix."""
        return State(self.get(prefix), self.values[prefix])


def capture(run: Run, best: Best) -> State:
    """Everything that the next step of a run depends on, and what the run will leave behind."""
    state = State(values={"stage": "run"})
    take_run(run, state)
    state.put("random.", common_randomness(run.data.id.device))
    state.put("best.", {"losses": torch.tensor([best.loss, best.last], dtype=torch.float64)})
    for name in ("state", "waiting"):
        state.values[f"best_{name}"] = getattr(best, name) is not None
        state.put(f"best.{name}.", tensors_only(getattr(best, name) or {}))
    return state


def put_back(run: Run, best: Best, state: State) -> None:
    """Bring a run that has not begun to where another was captured."""
    give_run(run, state)
    best.loss, best.last = state.tensors["best.losses"].tolist()
    for name in ("state", "waiting"):
        held = state.get(f"best.{name}.") if state.values[f"best_{name}"] else None
        setattr(best, name, held)
    restore_common(state.get("random."), run.data.id.device)


def take_run(run: Run, state: State) -> None:
    """What a run holds of its own: weights, optimiser, step, losses, batches, queues."""
    state.values |= {name: getattr(run, name) for name in OF_RUN}
    state.put("model.", tensors_only(run.model.state_dict()))
    state.put("run.", {"losses": torch.tensor(run.losses, dtype=torch.float64)})
    take_batches(run.batches, state)
    take_optimizer(run.optimizer, state)
    state.values["scaler"] = run.precision.scaler.state_dict()
    for name, queue in queues(run):
        take_queue(name, queue, state)


def give_run(run: Run, state: State) -> None:
    """The reverse of :func:`take_run`."""
    run.model.load_state_dict(state.get("model."))
    for name, queue in queues(run):
        fill_queue(name, queue, state, run.model.device)
    give_optimizer(run.optimizer, state)
    if state.values["scaler"]:
        run.precision.scaler.load_state_dict(state.values["scaler"])
    run.losses[:] = state.tensors["run.losses"].tolist()
    for name in OF_RUN:
        setattr(run, name, state.values[name])
    give_batches(run.batches, state)


def take_batches(batches: Batches, state: State) -> None:
    """The order of the samples, how far it is used up, and the generator of the next one."""
    state.values["position"] = batches.position
    state.put("batches.", {"generator": batches.generator.get_state()})
    if batches.order is not None:
        state.put("batches.", {"order": batches.order})


def give_batches(batches: Batches, state: State) -> None:
    """The reverse of :func:`take_batches`; a run draws from the same generator."""
    batches.position, batches.order = int(state.values["position"]), state.tensors.get("batches.order")
    batches.generator.set_state(state.tensors["batches.generator"])


def tensors_only(held: dict[str, Any]) -> dict[str, Tensor]:
    """A state dict, refused if a module keeps something else than tensors in it."""
    for name, value in held.items():
        if not isinstance(value, Tensor):
            raise OptionError(
                f"fit: checkpoint= keeps tensors, but {name!r} of the model's state is a {type(value).__name__}; "
                "keep it as a buffer, or leave checkpoint out"
            )
    return held


def common_randomness(device: torch.device) -> dict[str, Tensor]:
    """The states of torch's own generators, which dropout draws from."""
    states = {"torch": torch.default_generator.get_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def restore_common(states: dict[str, Tensor], device: torch.device) -> None:
    """The reverse of :func:`common_randomness`."""
    torch.default_generator.set_state(states["torch"])
    if "cuda" in states and device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)


def take_optimizer(optimizer: Stepper, state: State) -> None:
    """Its numbers go to ``values``, its tensors to ``tensors`` as optimizer.PARAMETER.NAME."""
    numbers: dict[str, dict[str, Any]] = {}
    away: list[str] = []  # tensors that are not where their parameter is
    for k, parameter in enumerate(parameters(optimizer)):
        for name, value in optimizer.state.get(parameter, {}).items():
            if isinstance(value, Tensor):
                state.put("optimizer.", {f"{k}.{name}": value})
                away += [f"{k}.{name}"] if value.device != parameter.device else []
            else:
                numbers.setdefault(str(k), {})[name] = json_value(optimizer, name, value)
    groups = [
        {name: value for name, value in group.items() if isinstance(value, (bool, int, float))}
        for group in optimizer.param_groups
    ]
    state.values["optimizer"] = {"numbers": numbers, "away": away, "groups": groups}


def give_optimizer(optimizer: Stepper, state: State) -> None:
    """The reverse of :func:`take_optimizer`.

    Not by the optimiser's own ``load_state_dict``, which would turn its tensors into the parameters' type.
    """
    held = state.values["optimizer"]
    for group, values in zip(optimizer.param_groups, held["groups"], strict=True):
        group.update(values)
    for k, parameter in enumerate(parameters(optimizer)):
        own = {
            name: tensor if f"{k}.{name}" in held["away"] else tensor.to(parameter.device)
            for name, tensor in state.get(f"optimizer.{k}.").items()
        }
        if own | held["numbers"].get(str(k), {}):
            optimizer.state[parameter] = own | held["numbers"].get(str(k), {})


def parameters(optimizer: Stepper) -> Iterator[Tensor]:
    """All parameters, group after group."""
    for group in optimizer.param_groups:
        yield from group["params"]


def json_value(optimizer: Stepper, name: str, value: Any) -> Any:
    """A number or name that JSON keeps exactly."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise OptionError(
        f"fit: checkpoint= keeps tensors and numbers, but {name!r} of {type(optimizer).__name__} is a "
        f"{type(value).__name__}; leave checkpoint out"
    )


def queues(run: Run) -> Iterator[tuple[str, Queue]]:
    """Queues by name: what they hold is state of the run, and no buffer."""
    return ((name, part) for name, part in run.model.named_modules() if isinstance(part, Queue))


def take_queue(name: str, queue: Queue, state: State) -> None:
    """The points that a queue holds."""
    state.values[f"queue.{name}"] = {"strangers": queue.strangers, "unit": None}
    if (held := queue.held) is not None:
        state.values[f"queue.{name}"]["unit"] = held.unit
        columns = {k: getattr(held, k) for k in COLUMNS}
        state.put(f"queue.{name}.", {k: v for k, v in columns.items() if v is not None})
        state.put(f"queue.{name}.fields.", dict(held.fields))


def fill_queue(name: str, queue: Queue, state: State, device: torch.device) -> None:
    """The reverse of :func:`take_queue`."""
    values, prefix = state.values[f"queue.{name}"], f"queue.{name}."
    queue.strangers, queue.held = int(values["strangers"]), None
    if values["unit"] is not None:
        held = {k: v.to(device) for k, v in state.get(prefix).items()}
        fields = {k.removeprefix("fields."): held.pop(k) for k in list(held) if k.startswith("fields.")}
        columns = {k: held.get(k) for k in COLUMNS}
        queue.held = Points(**columns, fields=fields, unit=float(values["unit"]))  # type: ignore[arg-type]
