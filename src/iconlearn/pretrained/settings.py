"""Configurations of models: as JSON has them, as transformers has them, whole or in short."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from iconlearn._errors import FileFormatError, OptionError
from iconlearn.pretrained.architectures import DUAL, HALVES, architecture_of
from iconlearn.pretrained.loading import import_transformers, reason
from iconlearn.pretrained.safety import needed

CONFIGURATION = "the configuration"  # in messages, of one that comes from no file


def settings_of(model: Any) -> dict[str, Any]:
    """The settings of a configuration, as JSON has them."""
    if not isinstance(model, Mapping):
        if not hasattr(model, "to_json_string"):
            raise OptionError(
                f"Pretrained: model={model!r} must be the folder of a model, a name on the Hugging Face hub, or a "
                "configuration such as transformers.ViTConfig()"
            )
        held = json.loads(model.to_json_string(use_diff=True))
        return needed({"model_type": getattr(model, "model_type", None), **held})
    try:
        return json.loads(json.dumps(dict(model)))
    except (TypeError, ValueError) as cause:
        raise OptionError(
            f"Pretrained: model={model!r} has settings that JSON does not know ({cause})"
        ) from cause


def one_tower(settings: dict[str, Any], modality: str, where: str) -> dict[str, Any]:
    """The settings of a network; of a dual one, those of its half, with the projection into the common space."""
    architecture_of(settings, modality)
    kind = settings["model_type"]
    whole = configured(kind, settings, where)
    if kind not in DUAL:
        return settings_of(whole)
    half = getattr(whole, f"{HALVES[modality]}_config")
    if hasattr(whole, "projection_dim"):
        half.projection_dim = whole.projection_dim
    return {**settings_of(half), "model_type": f"{kind}_{HALVES[modality]}_model"}


def brief(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that differ from the usual ones of such a model."""
    kind = settings["model_type"]
    usual = settings_of(configured(kind, {}, CONFIGURATION))
    chosen = {name: value for name, value in settings.items() if name not in usual or value != usual[name]}
    return {"model_type": kind, **chosen}


def configured(kind: str, settings: Mapping[str, Any], where: str) -> Any:
    """A configuration as transformers has it."""
    given = {name: value for name, value in settings.items() if name != "model_type"}
    try:
        return import_transformers().AutoConfig.for_model(kind, **given)
    except Exception as error:  # settings of a wrong type or name, each in its own way
        own = where == CONFIGURATION
        told = f"no {kind} model has these settings ({reason(error)})"
        raise (OptionError(f"Pretrained: {told}") if own else FileFormatError(f"{where}: {told}")) from error
