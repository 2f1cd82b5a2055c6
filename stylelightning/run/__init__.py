"""What stands around the steps of a run."""
