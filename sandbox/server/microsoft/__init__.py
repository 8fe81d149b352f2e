"""Stands for Microsoft: the identity platform and Graph v1.0."""
