"""What several parts need, and nobody else should import."""
