"""Measurements of speed and memory. See README.md beside this file."""
