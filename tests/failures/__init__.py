"""What happens when a provider does not do its part: each call of each flow, each way to fail."""
