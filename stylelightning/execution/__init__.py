"""What makes a step fast or small."""
