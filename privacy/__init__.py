"""What is hidden, who has seen it, and why: the ground that everything stands on."""
