"""The pure core: what a refund is, the rules it obeys, and the events that tell its story."""
