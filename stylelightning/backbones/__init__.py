"""Frozen networks that turn a picture into feature maps."""

from stylelightning.backbones.base import Backbone, Features, Layer
from stylelightning.backbones.pixels import Pixels
from stylelightning.backbones.random_multiscale import RandomMultiscale
from stylelightning.backbones.slim_vgg import SlimVGG
from stylelightning.backbones.torchvision_model import TorchvisionModel
from stylelightning.backbones.vgg import VGG16, VGG19

__all__ = [
    "VGG16",
    "VGG19",
    "Backbone",
    "Features",
    "Layer",
    "Pixels",
    "RandomMultiscale",
    "SlimVGG",
    "TorchvisionModel",
]
