"""Adapters to other packages, each imported on its own and importing its package."""
