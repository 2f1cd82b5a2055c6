"""A clip, frame by frame: how its frames move, are painted in order, and are measured."""
