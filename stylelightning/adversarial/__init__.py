"""What a critic is made of: its network, what it is trained by, and what keeps it smooth."""
