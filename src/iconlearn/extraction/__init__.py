"""Images in memory and features of images: sources of images, views, frozen models, and the run that writes shards."""

from iconlearn.extraction.augmentation import Augmentation
from iconlearn.extraction.backbone import Backbone, load_backbone
from iconlearn.extraction.captions import CaptionedImages, load_captioned_images
from iconlearn.extraction.extract import extract_features
from iconlearn.extraction.images import ImageError, read_image
from iconlearn.extraction.loading import load_images
from iconlearn.extraction.source import ImageSource
from iconlearn.extraction.sources import open_images
from iconlearn.extraction.streaming import StreamedImages, stream_images

__all__ = [
    "Augmentation",
    "Backbone",
    "CaptionedImages",
    "ImageError",
    "ImageSource",
    "StreamedImages",
    "extract_features",
    "load_backbone",
    "load_captioned_images",
    "load_images",
    "open_images",
    "read_image",
    "stream_images",
]
