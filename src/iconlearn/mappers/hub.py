"""Models of Hugging Face transformers as mappers of images or texts: trained whole, in part, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from iconlearn._checks import check_choice, check_number
from iconlearn._describe import Described, arguments
from iconlearn._errors import FileFormatError, OptionError
from iconlearn.conditional import Conditional
from iconlearn.mappers._build import Initializable, seeded
from iconlearn.mappers.images import check_image_shape
from iconlearn.mappers.networks import MLP
from iconlearn.mappers.samples import Found, Images, Texts
from iconlearn.points import Points
from iconlearn.pretrained import Held, Source, brief, digest_of, first_calls, freeze, reason, settings_of
from iconlearn.processes import own_randomness

MODALITIES = ("auto", "image", "text")
POOLS = ("auto", "cls", "last", "mean", "pooler", "projection")


class Pretrained(Initializable, Described, nn.Module):
    """A model of transformers, and a projector behind it whose output the loss sees.

    Parameters
    ----------
    model : str, Path, PretrainedConfig or mapping
        A folder with ``config.json`` and safetensors weights, for which the network is never asked; a name on the
        Hugging Face hub, such as "facebook/dinov2-base"; or a configuration, for random weights.
    embedding_dim : int, optional
        Numbers of an embedding; left out, it is the features, and there is no projector.
    modality : {"auto", "image", "text"}, default "auto"
        Which half of a model of images and texts, such as CLIP; one of each in ``PerView`` is a dual encoder.
    pool : {"auto", "cls", "last", "mean", "pooler", "projection"}, default "auto"
        Which output is the feature: the state of the first or last token, the mean over tokens (patches of an image,
        words of a text, without padding), that of the model's own trained pooler, or, of CLIP, the projection into the
        space of images and texts. "auto" is the projection where there is one, the mean of a text, and of an image the
        pooler, else "cls", else "mean".
    trainable : {"all", "none"} or int, default "all"
        How many of the last blocks are trained, with what comes after them; the projector always is. The rest keeps its
        weights and running moments, and nothing in it is dropped.
    projector : sequence of int, default ()
        Widths of hidden layers, with ReLU, between features and embedding.
    image_shape : (channels, height, width), optional
        Of images that come as flat rows; by default that which the model was trained on. Grey images become RGB by
        three equal channels.
    padding_id : int, optional
        What stands behind the end of shorter texts; by default the model's own padding, or -1 where it has none.
    seed : int, default 0
        Of the projector, and of random weights.
    input_scale : float, default 1
        Pixels are divided by it: 255 for bytes. Then they are normalised as the model's image processor does it.

    Raises
    ------
    OptionError
        If an argument is out of range, the model is of no known architecture, or does not have such an output.
    FileFormatError
        If the model cannot be loaded, is not in safetensors, lacks weights, or asks for code or files from elsewhere.
    InputError
        If transformers is not installed.

    References
    ----------
    Wolf et al., Transformers: State-of-the-Art Natural Language Processing, EMNLP 2020.

    Examples
    --------
    >>> import torch
    >>> from transformers import ViTConfig
    >>> from iconlearn import Pretrained
    >>> small = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}
    >>> encoder = Pretrained(ViTConfig(**small, image_size=32, patch_size=8), embedding_dim=16, trainable=1)
    >>> encoder(torch.rand(2, 3, 32, 32)).shape
    torch.Size([2, 16])
    """

    starts_children = True
    threads_within = True

    def __init__(
        self,
        model: str | Path | Mapping[str, Any] | Any,
        embedding_dim: int | None = None,
        modality: str = "auto",
        pool: str = "auto",
        trainable: str | int = "all",
        projector: Sequence[int] = (),
        image_shape: Sequence[int] | None = None,
        padding_id: int | None = None,
        seed: int = 0,
        input_scale: float = 1.0,
    ) -> None:
        super().__init__()
        owner = "Pretrained"
        if embedding_dim is not None:
            embedding_dim = check_number(owner, "embedding_dim", embedding_dim, low=1, integer=True)
        self.embedding_dim = embedding_dim
        self.modality = check_choice(owner, "modality", modality, MODALITIES)
        self.pool = check_choice(owner, "pool", pool, POOLS)
        if trainable not in ("all", "none"):
            hint = "the number of last blocks that are trained, 'all' or 'none'"
            trainable = check_number(owner, "trainable", trainable, low=1, integer=True, hint=hint)
        self.trainable = trainable
        self.projector = tuple(check_number(owner, "projector", w, low=1, integer=True) for w in projector)
        if self.projector and embedding_dim is None:
            raise OptionError(
                f"Pretrained: projector={self.projector} ends in no embedding; give embedding_dim="
            )
        self.image_shape = None if image_shape is None else check_image_shape(owner, image_shape)
        if padding_id is not None:
            padding_id = check_number(owner, "padding_id", padding_id, low=-(2**31), high=2**31, integer=True)
        self.padding_id = padding_id
        self.seed = check_number(owner, "seed", seed, low=0, high=2**63 - 1, integer=True)
        self.input_scale = check_number(owner, "input_scale", input_scale, low=0, open_low=True, high=1e30)
        self._build(Source.of(model, self.modality), model)

    def _build(self, source: Source, model: Any) -> None:
        """Network, reader of samples and projector, once the arguments are known."""
        given = source.settings if isinstance(model, Source) else model
        self.model = brief(settings_of(given)) if source.origin is None else source.origin
        self.net, lacking, self.source = self._network(source, seeded(self.seed))
        self.samples: Images | Texts
        if source.architecture.modality == "image":
            self.samples = Images(self.net, source, self.image_shape, self.input_scale)
        else:
            self.samples = Texts(self.net, source, self.padding_id)
        found, order = self._tried_out()
        trained_pooler = not any("pooler" in name for name in lacking)
        used = self.samples.choose(self.net, found, self.source.pool or self.pool, trained_pooler)
        self.source = self.source.with_pool(used)
        self.features_dim = int(self.samples.read(self.net, *found, used).shape[1])
        self.frozen = freeze(self.net, self.trainable, source.architecture.blocks, order)
        self.head = self._projector()
        self.train()

    def _tried_out(self) -> tuple[Found, dict[str, int]]:
        """What the network makes of one sample, and when its modules are first called."""
        self.net.eval()
        try:
            with torch.no_grad():
                return first_calls(self.net, lambda: self.samples.try_out(self.net))
        except Exception as error:  # settings that go together in each layer, but not from one to the next
            kind = OptionError if self.source.origin is None else FileFormatError
            raise kind(
                f"Pretrained: {type(self.net).__name__} cannot read a sample ({reason(error)}), so its configuration "
                "does not fit together; give another"
            ) from error

    def _projector(self) -> nn.Module:
        if self.embedding_dim is None:
            return nn.Identity()
        widths = (self.features_dim, *self.projector, self.embedding_dim)
        held = self.source.held
        if held is not None and sum(a * b for a, b in pairwise(widths)) > held.numbers:
            raise FileFormatError(
                f"Pretrained is described with a projector of {widths} but the file holds {held.numbers} numbers; save "
                "it again"
            )
        return MLP(self.features_dim, self.embedding_dim, self.projector, seed=self.seed)

    def _network(self, source: Source, generator: torch.Generator) -> tuple[nn.Module, Sequence[str], Source]:
        """The network, names of weights that nothing was found for, and the source with their digest."""
        with own_randomness(int(torch.randint(2**62, (), generator=generator)), torch.device("cpu")):
            if source.origin is None or source.held is not None:
                return source.drawn(), (), source
            return source.loaded()

    @property
    def weights_digest(self) -> str:
        """What tells the weights that a fit starts from; "" where they are random."""
        return self.source.digest

    def features(self, x: Tensor) -> Tensor:
        """What a probe is trained on, (n, features_dim)."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.trainable != "none"):
            found, batch = self.samples(self.net, x)
            return self.samples.read(self.net, found, batch, self.source.pool)

    def forward(self, x: Tensor) -> Tensor:
        """Embeddings of images (n, channels, height, width), or texts (n, length), to (n, embedding_dim)."""
        return self.head(self.features(x))

    def train(self, mode: bool = True) -> Pretrained:
        """Training mode, but for what is frozen."""
        super().train(mode)
        for name in self.frozen:
            self.net.get_submodule(name).training = False
        return self

    @torch.no_grad()
    def initialize(self, data: Points, target: Conditional | None, generator: torch.Generator) -> None:
        """The pretrained weights again, or fresh ones where they are random; a fresh projector."""
        if self.source.origin is None:
            self.net.load_state_dict(self._network(self.source, generator)[0].state_dict())
        elif digest_of(self.net) != self.source.digest:
            with own_randomness(0, torch.device("cpu")):
                self.net.load_state_dict(self.source.loaded()[0].state_dict())
        if isinstance(self.head, Initializable):
            self.head.initialize(data, target, generator)

    def describe(self) -> dict[str, Any]:
        """As JSON, for a file that needs no other: the arguments, and the network without its weights."""
        return {**arguments(self), "model": self.source.describe()}

    @classmethod
    def restored(cls, described: Mapping[str, Any], held: Held) -> Pretrained:
        """From a document of `describe`, for weights that a file holds."""
        return cls(**{**described, "model": Source.saved(described["model"], held)})
