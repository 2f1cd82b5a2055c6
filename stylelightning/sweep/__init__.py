"""Many runs: what they are, who makes them, and what is shown of them."""
