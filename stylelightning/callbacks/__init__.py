"""What happens around the steps, one file each. A new callback is one file and one line below."""

from stylelightning.callbacks.advice import Advice
from stylelightning.callbacks.background import BackgroundWriter, PictureCallback
from stylelightning.callbacks.divergence import StopOnDivergence
from stylelightning.callbacks.final_metrics import FinalMetrics
from stylelightning.callbacks.gradient_balance import GradientBalance
from stylelightning.callbacks.gram_matrix import GramMatrixVisualizer
from stylelightning.callbacks.image_snapshot import ImageSnapshot
from stylelightning.callbacks.interrupt import StepEndInterrupt, StepEndStop
from stylelightning.callbacks.last_checkpoint import LastCheckpoint
from stylelightning.callbacks.live_view import LiveView
from stylelightning.callbacks.loss_log import LossLog
from stylelightning.callbacks.notebook_picture import NotebookPicture
from stylelightning.callbacks.periodic import PeriodicCallback
from stylelightning.callbacks.progress import StepProgressBar
from stylelightning.callbacks.result import ResultWriter
from stylelightning.callbacks.run_recorder import RunRecorder
from stylelightning.callbacks.terminal_preview import TerminalPreview
from stylelightning.callbacks.timelapse import Timelapse

__all__ = [
    "Advice",
    "BackgroundWriter",
    "FinalMetrics",
    "GradientBalance",
    "GramMatrixVisualizer",
    "ImageSnapshot",
    "LastCheckpoint",
    "LiveView",
    "LossLog",
    "NotebookPicture",
    "PeriodicCallback",
    "PictureCallback",
    "ResultWriter",
    "RunRecorder",
    "StepEndInterrupt",
    "StepEndStop",
    "StepProgressBar",
    "StopOnDivergence",
    "TerminalPreview",
    "Timelapse",
]
