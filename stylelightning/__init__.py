"""Neural style transfer by optimisation, as composable PyTorch Lightning components."""

__version__ = "0.1.0"
