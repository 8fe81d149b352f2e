"""Resend: its sending and receiving API, and the signed webhooks that tell of both."""
