"""A page on this machine that shows a run as it goes: ``callbacks.LiveView`` opens it."""
