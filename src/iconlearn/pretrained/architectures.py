"""Which models of transformers give features of images or texts, and what has to be known of each to use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from iconlearn._checks import nearest_name
from iconlearn._errors import OptionError


@dataclass(frozen=True)
class Architecture:
    """A kind of network, as its ``model_type`` names it.

    Attributes
    ----------
    modality : {"image", "text"}
    model : str
        Its class in transformers.
    blocks : tuple of str
        Classes of the blocks that follow one another; empty where one block runs several times.
    auto : str
        What ``pool="auto"`` reads; "" where that depends on the network.
    causal : bool
        Does a token see only those before it?
    masked : bool
        Was it trained with a mask that hides padding?
    read_as : str
        The ``model_type`` by which its weights are read, if not its own.
    """

    modality: str
    model: str
    blocks: tuple[str, ...] = ()
    auto: str = ""
    causal: bool = False
    masked: bool = True
    read_as: str = ""


def images(**kinds: str) -> dict[str, Architecture]:
    """Architectures of images, from the names of the model and of its blocks."""
    return {
        name.replace("__", "-"): Architecture("image", model, tuple(blocks))
        for name, (model, *blocks) in ((name, words.split()) for name, words in kinds.items())
    }


def texts(causal: bool = False, **kinds: str) -> dict[str, Architecture]:
    """Architectures of texts, from the names of the model and of its blocks."""
    return {
        name.replace("__", "-"): Architecture("text", model, tuple(blocks), auto="mean", causal=causal)
        for name, (model, *blocks) in ((name, words.split()) for name, words in kinds.items())
    }


ARCHITECTURES: dict[str, Architecture] = {
    **images(
        beit="BeitModel BeitLayer",
        bit="BitModel BitPreActivationBottleneckLayer BitBottleneckLayer",
        convnext="ConvNextModel ConvNextLayer",
        convnextv2="ConvNextV2Model ConvNextV2Layer",
        data2vec__vision="Data2VecVisionModel Data2VecVisionLayer",
        deit="DeiTModel DeiTLayer",
        dinov2="Dinov2Model Dinov2Layer",
        dinov2_with_registers="Dinov2WithRegistersModel Dinov2WithRegistersLayer",
        dinov3_vit="DINOv3ViTModel DINOv3ViTLayer",
        efficientnet="EfficientNetModel EfficientNetBlock",
        focalnet="FocalNetModel FocalNetLayer",
        ijepa="IJepaModel IJepaLayer",
        mobilenet_v2="MobileNetV2Model MobileNetV2InvertedResidual",
        poolformer="PoolFormerModel PoolFormerLayer",
        pvt_v2="PvtV2Model PvtV2BlockLayer",
        regnet="RegNetModel RegNetXLayer RegNetYLayer",
        resnet="ResNetModel ResNetBasicLayer ResNetBottleNeckLayer",
        siglip_vision_model="SiglipVisionModel SiglipEncoderLayer",
        swin="SwinModel SwinLayer",
        swinv2="Swinv2Model Swinv2Layer",
        vit="ViTModel ViTLayer",
        vit_msn="ViTMSNModel ViTMSNLayer",
    ),
    # As a plain vision transformer, whose weights have the same names, it hides no patches.
    "vit_mae": Architecture("image", "ViTModel", ("ViTLayer",), read_as="vit"),
    **texts(
        albert="AlbertModel",
        bert="BertModel BertLayer",
        camembert="CamembertModel CamembertLayer",
        deberta="DebertaModel DebertaLayer",
        deberta__v2="DebertaV2Model DebertaV2Layer",
        distilbert="DistilBertModel TransformerBlock",
        electra="ElectraModel ElectraLayer",
        ernie="ErnieModel ErnieLayer",
        modernbert="ModernBertModel ModernBertEncoderLayer",
        mpnet="MPNetModel MPNetLayer",
        nomic_bert="NomicBertModel NomicBertLayer",
        roberta="RobertaModel RobertaLayer",
        xlm__roberta="XLMRobertaModel XLMRobertaLayer",
    ),
    **texts(
        causal=True,
        gemma="GemmaModel GemmaDecoderLayer",
        gemma2="Gemma2Model Gemma2DecoderLayer",
        gpt2="GPT2Model GPT2Block",
        gpt_neox="GPTNeoXModel GPTNeoXLayer",
        llama="LlamaModel LlamaDecoderLayer",
        mistral="MistralModel MistralDecoderLayer",
        opt="OPTModel OPTDecoderLayer",
        phi3="Phi3Model Phi3DecoderLayer",
        qwen2="Qwen2Model Qwen2DecoderLayer",
        qwen3="Qwen3Model Qwen3DecoderLayer",
    ),
    "siglip_text_model": Architecture(
        "text", "SiglipTextModel", ("SiglipEncoderLayer",), auto="pooler", masked=False
    ),
    **{
        f"{name}_{half}_model": Architecture(
            modality,
            f"{title}{half.title()}ModelWithProjection",
            (f"{title}EncoderLayer",),
            auto="projection",
            causal=half == "text",
            masked=False,
        )
        for name, title in (("clip", "CLIP"), ("metaclip_2", "MetaClip2"))
        for half, modality in (("vision", "image"), ("text", "text"))
    },
}
DUAL = ("clip", "metaclip_2", "siglip")  # models of images and texts
HALVES = {"image": "vision", "text": "text"}


def architecture_of(settings: Mapping[str, Any], modality: str) -> Architecture:
    """What is known of the network that a configuration describes; of a dual one, of its half.

    Raises
    ------
    OptionError
        It is of no known architecture, gives no features of single samples, or is of the other modality.
    """
    kind = settings.get("model_type")
    if kind in DUAL:
        if modality == "auto":
            raise OptionError(
                f"Pretrained: a {kind} model is of images and texts; say modality='image' or modality='text', and "
                "give both to PerView to train the two together"
            )
        return ARCHITECTURES[f"{kind}_{HALVES[modality]}_model"]
    if settings.get("is_encoder_decoder"):
        raise OptionError(
            f"Pretrained: a {kind} model is an encoder with a decoder, whose outputs are of two texts; give an "
            "encoder, such as 'google-bert/bert-base-uncased'"
        )
    if not isinstance(kind, str) or kind not in ARCHITECTURES:
        raise OptionError(
            f"Pretrained: model_type={kind!r} is none of those whose features are known"
            f"{nearest_name(str(kind), known())}; known: {', '.join(known())}; of others write an nn.Module around "
            "the model, which is a mapper as it is"
        )
    found = ARCHITECTURES[kind]
    if modality not in ("auto", found.modality):
        raise OptionError(
            f"Pretrained: a {kind} model reads {found.modality}s, so modality={modality!r} does not fit; leave it out"
        )
    return found


def known() -> list[str]:
    """The names of all architectures."""
    return sorted((*ARCHITECTURES, *DUAL))


def with_blocks() -> list[str]:
    """The names of those whose last blocks can be trained by themselves."""
    return sorted((*DUAL, *(name for name, kind in ARCHITECTURES.items() if kind.blocks)))
