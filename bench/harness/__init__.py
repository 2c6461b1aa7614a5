"""What bench/peers is made of: see bench/README.md."""
