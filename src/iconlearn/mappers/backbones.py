"""Backbones: networks of Hugging Face transformers as mappers of images, trained from random weights."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from iconlearn._checks import check_choice, check_number
from iconlearn._describe import Described
from iconlearn._errors import InputError, OptionError
from iconlearn.conditional import Conditional
from iconlearn.mappers._build import Initializable, seeded
from iconlearn.mappers.images import as_images, check_image_shape
from iconlearn.mappers.networks import MLP
from iconlearn.points import Points
from iconlearn.pretrained import import_transformers, pooled
from iconlearn.processes import own_randomness

STEMS = ("auto", "image", "small")
SMALL = 64  # pixels: images of this side or less keep their size in the first layers


class Encoder(Initializable, Described, nn.Module, ABC):
    """A network of transformers, and a projector behind it whose output the loss sees.

    Parameters
    ----------
    embedding_dim : int
        Numbers of an embedding.
    image_shape : (channels, height, width)
    projector : sequence of int
        Widths of the hidden layers, with ReLU, between features and embedding.
    seed : int
    input_scale : float
        Pixels are divided by it.
    """

    pool = "pooler"
    any_size = False
    starts_children = True

    def __init__(
        self,
        embedding_dim: int,
        image_shape: Sequence[int],
        projector: Sequence[int],
        seed: int,
        input_scale: float,
    ) -> None:
        super().__init__()
        owner = type(self).__name__
        self.embedding_dim = check_number(owner, "embedding_dim", embedding_dim, low=1, integer=True)
        self.image_shape = check_image_shape(owner, image_shape)
        self.projector = tuple(check_number(owner, "projector", w, low=1, integer=True) for w in projector)
        self.seed = check_number(owner, "seed", seed, low=0, high=2**63 - 1, integer=True)
        self.input_scale = check_number(owner, "input_scale", input_scale, low=0, open_low=True, high=1e30)

    def _build(self) -> None:
        """The layers, once the arguments are known."""
        generator = seeded(self.seed)
        self.net = self.drawn(generator)
        self.head = MLP(self.features_dim, self.embedding_dim, self.projector, seed=self.seed)

    @property
    @abstractmethod
    def features_dim(self) -> int:
        """Numbers of the features, before the projector."""

    @abstractmethod
    def network(self) -> nn.Module:
        """The network with random weights, drawn from torch's global state."""

    def drawn(self, generator: torch.Generator) -> nn.Module:
        """The network with weights from a generator; torch's global state is left as it was."""
        seed = int(torch.randint(2**62, (), generator=generator))
        with own_randomness(seed, torch.device("cpu")):
            return self.network()

    @torch.no_grad()
    def initialize(self, data: Points, target: Conditional | None, generator: torch.Generator) -> None:
        """Fresh weights."""
        self.net.load_state_dict(self.drawn(generator).state_dict())
        self.head.initialize(data, target, generator)

    def features(self, x: Tensor) -> Tensor:
        """What a probe is trained on: features of images, (n, features_dim)."""
        like = next(self.net.parameters())
        images = as_images(x, self, self.image_shape, like, any_size=self.any_size)
        self.check_images(images)
        return pooled(self.net, self.net(pixel_values=images / self.input_scale), self.pool)

    def check_images(self, images: Tensor) -> None:
        """Refuse images that the layers were not made for."""

    def forward(self, x: Tensor) -> Tensor:
        """Embeddings of images, (n, channels, height, width) or flat rows, to (n, embedding_dim)."""
        return self.head(self.features(x))


class ResNet(Encoder):
    """A residual network; :class:`ResNet18`, :class:`ResNet34` and :class:`ResNet50` say how deep."""

    any_size = True
    layer_type = "basic"
    stem_width = 64
    depths: tuple[int, ...] = ()
    widths: tuple[int, ...] = (64, 128, 256, 512)

    def __init__(
        self,
        embedding_dim: int = 128,
        image_shape: Sequence[int] = (3, 224, 224),
        projector: Sequence[int] = (),
        stem: str = "auto",
        seed: int = 0,
        input_scale: float = 1.0,
    ) -> None:
        super().__init__(embedding_dim, image_shape, projector, seed, input_scale)
        self.stem = check_choice(type(self).__name__, "stem", stem, STEMS)
        self._build()

    @property
    def features_dim(self) -> int:
        return self.widths[-1]

    @property
    def small(self) -> bool:
        """Do the first layers keep the size of the images?"""
        return self.stem == "small" or (self.stem == "auto" and max(self.image_shape[1:]) <= SMALL)

    def check_images(self, images: Tensor) -> None:
        """Refuse small images where ``stem="auto"`` has built the first layers for large ones, and the reverse."""
        if self.stem == "auto" and self.small != (max(images.shape[2:]) <= SMALL):
            made = "small" if self.small else "large"
            raise InputError(
                f"{self} has first layers for {made} images, but these have {images.shape[2]} x {images.shape[3]} "
                "pixels; set image_shape= to that of the data, or stem='small' or 'image'"
            )

    def network(self) -> nn.Module:
        transformers = import_transformers()
        channels = self.image_shape[0]
        config = transformers.ResNetConfig(
            num_channels=channels,
            embedding_size=self.stem_width,
            hidden_sizes=list(self.widths),
            depths=list(self.depths),
            layer_type=self.layer_type,
        )
        net = transformers.ResNetModel(config)
        if self.small:
            first: Any = net.embedder
            convolution = nn.Conv2d(channels, self.stem_width, 3, padding=1, bias=False)
            nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
            first.embedder.convolution, first.pooler = convolution, nn.Identity()
        return net.to(memory_format=torch.channels_last)  # which convolutions are faster in, on CPUs and GPUs


class ResNet18(ResNet):
    """A residual network of 18 layers, with 512 features, for images.

    Parameters
    ----------
    embedding_dim : int, default 128
        Numbers of an embedding.
    image_shape : (channels, height, width), default (3, 224, 224)
        Of the images; flat rows of as many numbers are folded. Images of any height and width pass.
    projector : sequence of int, default ()
        Widths of hidden layers between features and embedding; none is one linear layer, as in a classifier.
    stem : {"auto", "image", "small"}, default "auto"
        First layers: "image" is the published 7 x 7 convolution and pooling, which divide the sides by four; "small"
        is a 3 x 3 convolution that keeps them; "auto" is small for an ``image_shape`` of up to 64 pixels.
    seed : int, default 0
    input_scale : float, default 1
        Pixels are divided by it: 255 for bytes.

    References
    ----------
    He et al., Deep Residual Learning for Image Recognition, CVPR 2016; the small stem is that of Chen et al., SimCLR,
    ICML 2020, appendix B.9.

    Examples
    --------
    >>> import torch
    >>> from iconlearn import ResNet18
    >>> encoder = ResNet18(embedding_dim=64, image_shape=(1, 32, 32))
    >>> encoder(torch.rand(2, 1, 32, 32)).shape
    torch.Size([2, 64])
    """

    depths = (2, 2, 2, 2)


class ResNet34(ResNet):
    """A residual network of 34 layers, with 512 features, for images; arguments as of :class:`ResNet18`.

    Examples
    --------
    >>> from iconlearn import ResNet34
    >>> ResNet34(64, projector=(512,))
    ResNet34(embedding_dim=64, projector=(512,))
    """

    depths = (3, 4, 6, 3)


class ResNet50(ResNet):
    """A residual network of 50 layers, with 2048 features, for images; arguments as of :class:`ResNet18`.

    Examples
    --------
    >>> from iconlearn import Augmentation, Gaussian, ICon, ResNet50
    >>> q = Gaussian(sigma=0.7, metric="cos")
    >>> model = ICon(target_dist=Augmentation(num_views=2), learned_dist=q, mapper=ResNet50(embedding_dim=128))
    """

    layer_type = "bottleneck"
    depths = (3, 4, 6, 3)
    widths = (256, 512, 1024, 2048)


class ViT(Encoder):
    """A vision transformer with random weights; its feature is the state of the CLS token.

    Parameters
    ----------
    embedding_dim : int, default 128
        Numbers of an embedding.
    image_shape : (channels, height, width), default (3, 224, 224)
        Of the images; flat rows of as many numbers are folded.
    patch_size : int, default 16
        Side of a patch in pixels, of which height and width are multiples.
    width, depth, heads : int, default 384, 12 and 6
        Numbers of a state, blocks, and heads of attention; those of ViT-S.
    projector : sequence of int, default ()
        Widths of hidden layers between features and embedding.
    seed : int, default 0
    input_scale : float, default 1
        Pixels are divided by it: 255 for bytes.

    References
    ----------
    Dosovitskiy et al., An Image is Worth 16x16 Words, ICLR 2021.

    Examples
    --------
    >>> import torch
    >>> from iconlearn import ViT
    >>> encoder = ViT(64, image_shape=(3, 32, 32), patch_size=8, width=48, depth=2, heads=3)
    >>> encoder(torch.rand(2, 3, 32, 32)).shape
    torch.Size([2, 64])
    """

    pool = "cls"

    def __init__(
        self,
        embedding_dim: int = 128,
        image_shape: Sequence[int] = (3, 224, 224),
        patch_size: int = 16,
        width: int = 384,
        depth: int = 12,
        heads: int = 6,
        projector: Sequence[int] = (),
        seed: int = 0,
        input_scale: float = 1.0,
    ) -> None:
        super().__init__(embedding_dim, image_shape, projector, seed, input_scale)
        self.patch_size = check_number("ViT", "patch_size", patch_size, low=1, integer=True)
        self.width = check_number("ViT", "width", width, low=1, integer=True)
        self.depth = check_number("ViT", "depth", depth, low=1, integer=True)
        self.heads = check_number("ViT", "heads", heads, low=1, integer=True)
        if any(side % self.patch_size for side in self.image_shape[1:]):
            raise OptionError(
                f"ViT: image_shape={self.image_shape} does not divide into patches of patch_size={patch_size}; "
                "give sides that are multiples of it"
            )
        if self.width % self.heads:
            raise OptionError(f"ViT: width={width} must be a multiple of heads={heads}")
        self._build()

    @property
    def features_dim(self) -> int:
        return self.width

    def network(self) -> nn.Module:
        transformers = import_transformers()
        channels, *sides = self.image_shape
        config = transformers.ViTConfig(
            hidden_size=self.width,
            num_hidden_layers=self.depth,
            num_attention_heads=self.heads,
            intermediate_size=4 * self.width,
            image_size=sides,
            patch_size=self.patch_size,
            num_channels=channels,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
        return transformers.ViTModel(config, add_pooling_layer=False)
