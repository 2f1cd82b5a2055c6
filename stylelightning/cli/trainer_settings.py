"""Arguments of Lightning's trainer that every run of one picture has."""

FIXED = {
    "max_epochs": -1,  # Lightning's null is 1000
    "val_check_interval": None,  # without effect, but Lightning compares it with an epoch
    "use_distributed_sampler": False,  # every process has every step
}
"""Those that no config changes."""
SILENT = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
"""Those of a run that keeps and shows nothing by itself."""
