"""What several kinds of tests share: the whole system, a browser."""
